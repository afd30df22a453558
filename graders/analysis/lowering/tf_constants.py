"""Which operations of TensorFlow only compute sizes? They are computed here and written down.

`tf.reshape(x, (tf.shape(x)[0], -1))` leaves four operations on a tape beside the one that counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graders.analysis.lowering.call import OpCall
from graders.analysis.lowering.plain import NotSaid, value_of
from graders.analysis.lowering.writing import MOST_FOLDED, Array, Writer

FEW = 8  # entries of a constant that sizes are computed with: as many as a value has axes


def fold(w: Writer, call: OpCall) -> bool:
    """Compute the operation when it rests on sizes alone; False when it does not."""
    if len(call.outs) != 1:
        return False
    if call.name in ("Shape", "Size", "Rank"):
        shape = w.shape(call.value(0))
        if 0 in shape:
            return False  # while a function is traced, the number of rows is not known yet
        sizes = {"Shape": shape, "Size": int(np.prod(shape)), "Rank": len(shape)}[call.name]
        content = np.asarray(sizes, dtype=np.int64)
    elif call.name == "Const":
        content = w.constant(call.attrs.get("value"))
    elif call.name in _SIZES and _of_sizes(w, call):
        content = np.asarray(_SIZES[call.name](w, call))
    else:
        return False
    if content.size > MOST_FOLDED or tuple(content.shape) != w.shape(call.out):
        return False
    w.know(call.out, content)
    dtype = "float32" if content.dtype.kind == "f" else "int64"
    w.spare(w.tensor(content, dtype), call.out)
    return True


def _of_sizes(w: Writer, call: OpCall) -> bool:
    """True when something that was computed here goes in, and nothing else but small numbers."""
    computed = False
    for place, entry in enumerate(call.operands):
        value = value_of(entry)
        if value is not None and w.computed(value):
            computed = True
            continue
        try:
            size = w.constant(entry).size
        except NotSaid:
            return False
        whole = value is not None and not w.shape(value) and not w.is_float(value)
        computed = computed or whole  # a rank, an axis: labels come in rows
        if whole:
            continue
        if size > FEW or (place == 0 and call.name in _OF_FIRST and value is not None):
            return False
    return computed


def index_of(w: Writer, call: OpCall) -> list[Any]:
    """The index of a strided slice, as Python writes it."""
    begin, end, strides = (w.ints(call.operand(i)) for i in (1, 2, 3))
    masks = {
        name: int(call.attrs.get(f"{name}_mask") or 0)
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    index: list[Any] = []
    for i, (a, b, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << i
        if masks["ellipsis"] & bit:
            index.append(Ellipsis)
        elif masks["new_axis"] & bit:
            index.append(None)
        elif masks["shrink_axis"] & bit:
            index.append(a)
        else:
            first = None if masks["begin"] & bit else a
            last = None if masks["end"] & bit else b
            index.append(slice(first, last, None if step == 1 else step))
    return index


def _all(w: Writer, call: OpCall) -> list[Array]:
    return [w.constant(x) for x in call.operands]


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[Writer, OpCall], Any]:
    return lambda w, call: function(*_all(w, call))


def _cast(w: Writer, call: OpCall) -> Any:
    floats = w.is_float(call.out)
    return w.constant(call.operand(0)).astype(np.float64 if floats else np.int64)


def _strided_slice(w: Writer, call: OpCall) -> Any:
    return w.constant(call.operand(0))[tuple(index_of(w, call))]


def _slice(w: Writer, call: OpCall) -> Any:
    begin, size = w.ints(call.operand(1)), w.ints(call.operand(2))
    ends = [None if n < 0 else b + n for b, n in zip(begin, size, strict=True)]
    return w.constant(call.operand(0))[tuple(map(slice, begin, ends))]


def _pack(w: Writer, call: OpCall) -> Any:
    return np.stack(_all(w, call), axis=int(call.attrs.get("axis") or 0))


def _concat(w: Writer, call: OpCall) -> Any:
    *parts, axis = _all(w, call)
    return np.concatenate(parts, axis=int(axis))


def _prod(w: Writer, call: OpCall) -> Any:
    axes = tuple(w.ints(call.operand(1)))
    return np.prod(w.constant(call.operand(0)), axis=axes, keepdims=call.flag("keep_dims"))


def _gather(w: Writer, call: OpCall) -> Any:
    return np.take(w.constant(call.operand(0)), w.constant(call.operand(1)).astype(int), axis=0)


def _reshape(w: Writer, call: OpCall) -> Any:
    return w.constant(call.operand(0)).reshape(w.shape(call.out))


def _identity(w: Writer, call: OpCall) -> Any:
    return w.constant(call.operand(0))


_OF_FIRST = (
    "Cast StridedSlice Slice Prod GatherV2 Identity Reshape ExpandDims Squeeze StopGradient".split()
)
_SIZES: dict[str, Callable[[Writer, OpCall], Any]] = {
    "Cast": _cast, "StridedSlice": _strided_slice, "Slice": _slice, "Pack": _pack,
    "ConcatV2": _concat,
    "Prod": _prod, "GatherV2": _gather, "Reshape": _reshape, "ExpandDims": _reshape,
    "Squeeze": _reshape, "Identity": _identity, "StopGradient": _identity,
    "Add": _binary(np.add), "AddV2": _binary(np.add), "Sub": _binary(np.subtract),
    "Mul": _binary(np.multiply), "FloorDiv": _binary(np.floor_divide),
    "RealDiv": _binary(np.divide), "FloorMod": _binary(np.mod),
    "Maximum": _binary(np.maximum), "Minimum": _binary(np.minimum),
}  # fmt: skip
