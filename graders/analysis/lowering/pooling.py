"""Layers that make an image smaller, larger, or a row of numbers."""

from __future__ import annotations

from functools import partial

from graders.analysis.lowering.call import LayerCall
from graders.analysis.lowering.convolutions import Pads, cut, pad, padding_of
from graders.analysis.lowering.plain import NotSaid, tuple_of
from graders.analysis.lowering.writing import First, Writer, ref

_LOWEST = {"float": "-inf"}


def _entering(w: Writer, call: LayerCall) -> int:
    data = w.floating(call.data)
    return data if call.channels_first else w.first(data)


def _leaving(call: LayerCall, image: int) -> int | First:
    return image if call.channels_first else First(image)


def pool(
    w: Writer, image: int, kind: str, window: list[int], strides: list[int], pads: Pads
) -> int:
    """The mean or the largest of each window of a channels-first image; a frame counts for
    nothing."""
    count = len(window)
    even = all(a == b for a, b in pads)
    settings = [tuple_of(window), tuple_of(strides), tuple_of([0] * count if not even else [
        a for a, _ in pads])]  # fmt: skip
    op = f"F.{kind}_pool{count}d"
    shape = w.shape(image)
    places = [
        (n + a + b - k) // s + 1
        for n, (a, b), k, s in zip(shape[2:], pads, window, strides, strict=True)
    ]
    made = (*shape[:2], *places)
    if kind == "max":
        framed = image if even else pad(w, image, pads, _LOWEST)
        return w.emit(op, [ref(framed), *settings], made)
    if even:
        return w.emit(op, [ref(image), *settings, False, False], made)
    ones = w.emit("torch.ones_like", [ref(image)], shape)
    total, share = (w.emit(op, [ref(pad(w, x, pads)), *settings], made) for x in (image, ones))
    return w.emit("torch.div", [ref(total), ref(share)], made)


def pooling(w: Writer, call: LayerCall, kind: str, count: int) -> int | First:
    image = _entering(w, call)
    window = call.sizes("pool_size", count)
    strides = call.sizes("strides", count, window)
    how = str(call.config.get("padding", "valid"))
    pads = padding_of(how, w.shape(image)[2:], window, strides, [1] * count)
    return _leaving(call, pool(w, image, kind, window, strides, pads))


def whole(w: Writer, image: int, kind: str) -> int:
    """The mean or the largest of each channel of a channels-first image, with axes of length 1."""
    count = w.rank(image) - 2
    shape = (*w.shape(image)[:2], *[1] * count)
    if kind == "avg" and count <= 2:
        return w.emit(f"F.adaptive_avg_pool{count}d", [ref(image), 1], shape)
    op = "T.mean" if kind == "avg" else "T.amax"
    return w.emit(op, [ref(image), tuple_of(range(2, count + 2)), True], shape)


def global_pooling(w: Writer, call: LayerCall, kind: str) -> int | First:
    made = whole(w, _entering(w, call), kind)
    if call.config.get("keepdims"):
        return _leaving(call, made)
    return w.emit("T.flatten", [ref(made), 1], w.shape(made)[:2])


def _frame(call: LayerCall, key: str, count: int) -> Pads:
    """Before and after each axis, from any of the ways in which Keras says it."""
    given = call.config.get(key, 1)
    if isinstance(given, int):
        return [(given, given)] * count
    if count == 1 and isinstance(given, list) and all(isinstance(x, int) for x in given):
        given = [given]
    if not isinstance(given, list) or len(given) != count:
        raise NotSaid("a frame of another form")
    pairs = [[x, x] if isinstance(x, int) else x for x in given]
    return [(int(a), int(b)) for a, b in pairs]


def zero_padding(w: Writer, call: LayerCall, count: int) -> int | First:
    return _leaving(call, pad(w, _entering(w, call), _frame(call, "padding", count)))


def cropping(w: Writer, call: LayerCall, count: int) -> int | First:
    return _leaving(call, cut(w, _entering(w, call), _frame(call, "cropping", count)))


def up_sampling(w: Writer, call: LayerCall, count: int) -> int | First:
    image, how = _entering(w, call), call.config.get("interpolation", "nearest")
    if how not in ("nearest", "bilinear") or (how == "bilinear" and count != 2):
        raise NotSaid(f"interpolation {how}")
    times = call.sizes("size", count)
    shape = w.shape(image)
    larger = [n * t for n, t in zip(shape[2:], times, strict=True)]
    return _leaving(call, resized(w, image, larger, str(how)))


def resized(w: Writer, image: int, size: list[int], how: str) -> int:
    """A channels-first image of another size."""
    return w.emit("F.interpolate", [ref(image), tuple_of(size), None, how], (
        *w.shape(image)[:2], *size))  # fmt: skip


def resizing(w: Writer, call: LayerCall) -> int | First:
    """Whole images, without cropping."""
    settings = call.config
    how = {"bilinear": "bilinear", "nearest": "nearest-exact"}.get(
        str(settings.get("interpolation", "bilinear"))
    )
    odd = settings.get("crop_to_aspect_ratio") or settings.get("pad_to_aspect_ratio")
    if how is None or odd or settings.get("antialias") or w.rank(call.data) != 4:
        raise NotSaid("resized in another way")
    size = [int(settings["height"]), int(settings["width"])]
    return _leaving(call, resized(w, _entering(w, call), size, how))


LAYERS = {
    **{
        f"{name}Pooling{n}D": partial(pooling, kind=kind, count=n)
        for name, kind in (("Max", "max"), ("Average", "avg"))
        for n in (1, 2, 3)
    },
    **{
        f"Global{name}Pooling{n}D": partial(global_pooling, kind=kind)
        for name, kind in (("Max", "max"), ("Average", "avg"))
        for n in (1, 2, 3)
    },
    **{f"ZeroPadding{n}D": partial(zero_padding, count=n) for n in (1, 2, 3)},
    **{f"Cropping{n}D": partial(cropping, count=n) for n in (1, 2, 3)},
    **{f"UpSampling{n}D": partial(up_sampling, count=n) for n in (1, 2, 3)},
    "Resizing": resizing,
}
