"""Layers that bring several values together, or hand one on."""

from __future__ import annotations

from functools import partial

from graders.analysis.lowering.call import LayerCall
from graders.analysis.lowering.plain import NotSaid, tuple_of
from graders.analysis.lowering.writing import First, Writer, ref


def together(w: Writer, values: list[int]) -> tuple[list[int], bool]:
    """The values' channels-first forms, and True, when any of them is known in that form."""
    if any(w.has_twin(v) for v in values) and len({w.rank(v) for v in values}) == 1:
        return [w.first(v) for v in values], True
    return values, False


def merge(w: Writer, call: LayerCall, op: str) -> int | First:
    """One after the other, element by element; values of fewer axes are not spread here."""
    values = [w.floating(v) for v in call.inputs]
    if len(values) < 2 or len({w.rank(v) for v in values}) != 1:
        raise NotSaid("values of different forms")
    values, turned = together(w, values)
    made = values[0]
    for value in values[1:]:
        shape = [max(a, b) for a, b in zip(w.shape(made), w.shape(value), strict=True)]
        made = w.emit(op, [ref(made), ref(value)], shape)
    if call.name == "Average":
        made = w.emit("torch.div", [ref(made), len(values)], w.shape(made))
    return First(made) if turned else made


def concatenate(w: Writer, call: LayerCall) -> int | First:
    values = [w.floating(v) for v in call.inputs]
    return concatenated(w, values, call.out, int(call.config.get("axis", -1)))


def concatenated(w: Writer, values: list[int], out: int, axis: int) -> int | First:
    """Values in a row along an axis of theirs."""
    rank = w.rank(out)
    axis %= rank
    values, turned = together(w, values)
    shape = w.first_shape(out) if turned else w.shape(out)
    if turned:
        axis = turned_axis(axis, rank)
    made = w.emit("torch.cat", [{"list": [ref(v) for v in values]}, axis], shape)
    return First(made) if turned else made


def turned_axis(axis: int, rank: int) -> int:
    """Where an axis of a channels-last value stands in the channels-first one."""
    return 0 if axis == 0 else 1 if axis == rank - 1 else axis + 1


def permute(w: Writer, call: LayerCall) -> int | First:
    dims = call.config.get("dims")
    if not isinstance(dims, list):
        raise NotSaid("no order of axes")
    return permuted(w, call.data, [0, *(int(d) for d in dims)])


def permuted(w: Writer, data: int, axes: list[int]) -> int | First:
    """The value in another order of axes; the channels-first form when that is what it is."""
    rank = w.rank(data)
    if rank > 2 and axes == [0, rank - 1, *range(1, rank - 1)]:
        twin = w.first(data)
        return w.emit("T.identity", [ref(twin)], w.shape(twin))
    if rank > 2 and axes == [0, *range(2, rank), 1]:
        return First(data)
    return w.permuted(data, axes)


def repeat(w: Writer, call: LayerCall) -> int | First:
    times, (rows, width) = int(call.config["n"]), w.shape(call.data)
    alone = w.emit("T.unsqueeze", [ref(call.data), 1], (rows, 1, width))
    return w.emit("T.expand", [ref(alone), tuple_of([-1, times, -1])], (rows, times, width))


def identity(w: Writer, call: LayerCall) -> int | First:
    return same(w, call.data)


def same(w: Writer, data: int) -> int | First:
    """The value itself, in both forms when both are known."""
    if w.has_twin(data):
        twin = w.first(data)
        return First(w.emit("T.identity", [ref(twin)], w.shape(twin)))
    return w.emit("T.identity", [ref(data)], w.shape(data))


# -- what is drawn by lot -------------------------------------------------------------------
_DROPOUTS = {
    "Dropout": "F.dropout", "SpatialDropout1D": "F.dropout1d", "SpatialDropout2D": "F.dropout2d",
    "SpatialDropout3D": "F.dropout3d", "AlphaDropout": "F.alpha_dropout",
    "GaussianDropout": "F.gaussian_dropout", "GaussianNoise": "F.gaussian_noise",
}  # fmt: skip


def dropout(w: Writer, call: LayerCall) -> int | First:
    rate = float(call.config.get("rate", call.config.get("stddev", 0.5)))
    data = w.floating(call.data)
    (data,), turned = together(w, [data])
    made = w.emit(_DROPOUTS[call.name], [ref(data), rate, call.training], w.shape(data))
    return First(made) if turned else made


def augmentation(w: Writer, call: LayerCall) -> int | First:
    """Nothing outside training; in it, another image of the same thing."""
    data = call.data
    if w.shape(data) != w.shape(call.out):
        raise NotSaid("an image of another size")
    data = w.floating(data)
    if not call.training:
        return same(w, data)
    (data,), turned = together(w, [data])
    made = w.emit("F.random_augmentation", [ref(data), call.name, True], w.shape(data))
    return First(made) if turned else made


_RANDOM = (
    "AugMix AutoContrast Equalization RandAugment RandomBrightness RandomColorDegeneration "
    "RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip "
    "RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective "
    "RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear "
    "RandomTranslation RandomZoom"
)

LAYERS = {
    "Add": partial(merge, op="torch.add"),
    "Average": partial(merge, op="torch.add"),
    "Subtract": partial(merge, op="torch.sub"),
    "Multiply": partial(merge, op="torch.mul"),
    "Maximum": partial(merge, op="torch.maximum"),
    "Minimum": partial(merge, op="torch.minimum"),
    "Concatenate": concatenate,
    "Permute": permute,
    "RepeatVector": repeat,
    **dict.fromkeys(("Identity", "InputLayer", "ActivityRegularization"), identity),
    **dict.fromkeys(_DROPOUTS, dropout),
    **dict.fromkeys(_RANDOM.split(), augmentation),
}
