"""Layers that scale what passes through: by a batch, a row, a group, or a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.analysis.lowering.call import LayerCall
from graders.analysis.lowering.plain import NotSaid, tuple_of
from graders.analysis.lowering.writing import First, Writer, ref


def _or_none(call: LayerCall, name: str) -> dict[str, int] | None:
    value = call.weights.get(name)
    return None if value is None else ref(value)


def _axis(call: LayerCall, rank: int) -> int:
    """The one axis along which a layer has weights, from 0. Raises NotSaid."""
    axis = call.config.get("axis", -1)
    if isinstance(axis, list) and len(axis) == 1:
        axis = axis[0]
    if not isinstance(axis, int) or not -rank <= axis < rank:
        raise NotSaid("a normalisation over several axes")
    return axis % rank


def batch_normalization(w: Writer, call: LayerCall) -> int | First:
    """The momentum is that of what is kept in Keras, of what is new in torch."""
    data = w.floating(call.data)
    rank = w.rank(data)
    axis = _axis(call, rank)
    last = axis == rank - 1 and rank > 2
    if last:
        turned, order = w.first(data), []
    else:
        order = [0, axis, *(a for a in range(1, rank) if a != axis)]
        turned = w.permuted(data, order)
    made = w.emit(
        "F.batch_norm",
        [
            ref(turned), _or_none(call, "moving_mean"), _or_none(call, "moving_variance"),
            _or_none(call, "gamma"), _or_none(call, "beta"), call.training,
            1.0 - float(call.config.get("momentum", 0.99)), _epsilon(call),
        ],
        w.shape(turned),
    )  # fmt: skip
    if last:
        return First(made)
    return w.permuted(made, [order.index(a) for a in range(rank)])


def layer_normalization(w: Writer, call: LayerCall) -> int | First:
    data = w.floating(call.data)
    rank, axes = w.rank(data), call.config.get("axis", -1)
    axes = sorted(a % rank for a in ([axes] if isinstance(axes, int) else axes))
    if axes != list(range(rank - len(axes), rank)) or call.config.get("rms_scaling"):
        raise NotSaid("a normalisation over other than the last axes")
    return _over_last(w, call, data, len(axes), "F.layer_norm", ("gamma", "beta"))


def rms_normalization(w: Writer, call: LayerCall) -> int | First:
    data = w.floating(call.data)
    if _axis(call, w.rank(data)) != w.rank(data) - 1:
        raise NotSaid("a normalisation over other than the last axis")
    return _over_last(w, call, data, 1, "F.rms_norm", ("scale",))


def _over_last(
    w: Writer, call: LayerCall, data: int, count: int, op: str, names: tuple[str, ...]
) -> int:
    size = w.shape(data)[-count:]
    weights = []
    for name in names:
        held = call.weights.get(name)
        if held is not None and w.shape(held) != size:
            held = w.emit("T.reshape", [ref(held), tuple_of(size)], size)
        weights.append(None if held is None else ref(held))
    return w.emit(op, [ref(data), tuple_of(size), *weights, _epsilon(call)], w.shape(data))


def group_normalization(w: Writer, call: LayerCall) -> int | First:
    data = w.floating(call.data)
    rank = w.rank(data)
    axis = _axis(call, rank)
    if axis not in (1, rank - 1):
        raise NotSaid("groups along another axis")
    last = axis != 1
    turned = w.first(data) if last else data
    groups = int(call.config.get("groups", 32))
    made = w.emit(
        "F.group_norm",
        [
            ref(turned), groups if groups > 0 else w.shape(turned)[1],
            _or_none(call, "gamma"), _or_none(call, "beta"), _epsilon(call),
        ],
        w.shape(turned),
    )  # fmt: skip
    return First(made) if last else made


def unit_normalization(w: Writer, call: LayerCall) -> int | First:
    data = w.floating(call.data)
    axis = _axis(call, w.rank(data))
    return w.emit("F.normalize", [ref(data), 2.0, axis, 1e-6], w.shape(data))


def normalization(w: Writer, call: LayerCall) -> int | First:
    """Mean and variance of a data set, learnt by `adapt` or given."""
    data = w.floating(call.data)
    mean, variance = (_statistic(w, call, data, name) for name in ("mean", "variance"))
    shape = w.shape(data)
    root = w.emit("torch.sqrt", [ref(variance)], w.shape(variance))
    spread = w.emit("T.clamp_min", [ref(root), 1e-7], w.shape(variance))
    if call.config.get("invert"):
        scaled = w.emit("torch.mul", [ref(data), ref(spread)], shape)
        return w.emit("torch.add", [ref(scaled), ref(mean)], shape)
    centred = w.emit("torch.sub", [ref(data), ref(mean)], shape)
    return w.emit("torch.div", [ref(centred), ref(spread)], shape)


def _statistic(w: Writer, call: LayerCall, data: int, name: str) -> int:
    """As a value that can be put beside the data: its axes are those that `axis` keeps."""
    rank, axes = w.rank(data), call.config.get("axis", -1)
    kept = [] if axes is None else [a % rank for a in ([axes] if isinstance(axes, int) else axes)]
    value = call.weights.get(name)
    if value is None:
        given: Any = call.config.get(name)
        content = np.asarray(given, dtype=np.float64)
        if given is None:
            raise NotSaid("statistics that are not known")
        value = w.tensor(content)
    full = tuple(w.shape(data)[a] if a in kept else 1 for a in range(rank))
    sizes = w.shape(value)
    if int(np.prod(sizes)) not in (1, int(np.prod(full))):
        raise NotSaid("statistics of another size")
    beside = full if int(np.prod(sizes)) == int(np.prod(full)) else (1,) * rank
    return w.emit("T.reshape", [ref(value), tuple_of(beside)], beside)


def rescaling(w: Writer, call: LayerCall) -> int | First:
    """x * scale + offset, with numbers, or one for each channel."""
    data = w.floating(call.data)
    shape = w.shape(data)
    for op, key, nothing in (("torch.mul", "scale", 1), ("torch.add", "offset", 0)):
        given = call.config[key]
        if given == nothing:
            continue
        factor = given if isinstance(given, (int, float)) else ref(w.tensor(np.asarray(given)))
        data = w.emit(op, [ref(data), factor], shape)
    return data


def _epsilon(call: LayerCall) -> float:
    return float(call.config.get("epsilon") or 1e-3)


LAYERS = {
    "BatchNormalization": batch_normalization, "LayerNormalization": layer_normalization,
    "GroupNormalization": group_normalization, "RMSNormalization": rms_normalization,
    "UnitNormalization": unit_normalization, "Normalization": normalization,
    "Rescaling": rescaling,
}  # fmt: skip
