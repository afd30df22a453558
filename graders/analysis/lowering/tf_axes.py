"""Operations of TensorFlow that move, cut, spread or join what is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from graders.analysis.lowering.call import OpCall
from graders.analysis.lowering.convolutions import Pads
from graders.analysis.lowering.joins import concatenated, permuted, same
from graders.analysis.lowering.plain import NotSaid, tuple_of, value_of
from graders.analysis.lowering.tf_arithmetic import number
from graders.analysis.lowering.tf_constants import index_of
from graders.analysis.lowering.writing import First, Writer, ref

Result = int | First | None


def reshape(w: Writer, call: OpCall) -> Result:
    """However many rows there are, when rows are what comes first."""
    data, shape = call.value(0), w.shape(call.out)
    sizes = list(shape)
    if data in w.fed and shape:
        given = _said(w, call.operand(1))
        rows = w.shape(data)[:1] == shape[:1]
        if given is not None and -1 in given and not rows:
            sizes = given
        elif shape[0] != 1 or rows:
            sizes[0] = -1
    return w.emit("T.reshape", [ref(data), tuple_of(sizes)], shape)


def _said(w: Writer, entry: Any) -> list[int] | None:
    try:
        return w.ints(entry)
    except NotSaid:
        return None


def transpose(w: Writer, call: OpCall) -> Result:
    return permuted(w, call.value(0), w.ints(call.operand(1)))


def squeeze(w: Writer, call: OpCall) -> Result:
    data, shape = call.value(0), w.shape(call.out)
    axes = call.attrs.get("squeeze_dims") or call.attrs.get("axis") or []
    if not axes:
        axes = [a for a, n in enumerate(w.shape(data)) if n == 1]
    return w.emit("T.squeeze", [ref(data), tuple_of(int(a) for a in axes)], shape)


def expand_dims(w: Writer, call: OpCall) -> Result:
    (axis,) = w.ints(call.operand(1))
    return w.emit("T.unsqueeze", [ref(call.value(0)), axis], w.shape(call.out))


def identity(w: Writer, call: OpCall) -> Result:
    return same(w, call.value(0))


def detach(w: Writer, call: OpCall) -> Result:
    return w.emit("T.detach", [ref(call.value(0))], w.shape(call.out))


def identity_n(w: Writer, call: OpCall) -> Result:
    """Each as it was; numbers among them as values."""
    for entry, out in zip(call.operands, call.outs, strict=True):
        value = value_of(entry)
        w.deliver(w.tensor(w.constant(entry)) if value is None else same(w, value), out)
    return None


def concat(w: Writer, call: OpCall) -> Result:
    (axis,) = w.ints(call.operand(-1))
    values = [call.value(i) for i in range(len(call.operands) - 1)]
    return concatenated(w, values, call.out, axis)


def pack(w: Writer, call: OpCall) -> Result:
    values = [
        w.tensor(w.constant(x)) if value_of(x) is None else call.value(i)
        for i, x in enumerate(call.operands)
    ]
    axis = int(call.attrs.get("axis") or 0)
    return w.emit("torch.stack", [{"list": [ref(v) for v in values]}, axis], w.shape(call.out))


def unpack(w: Writer, call: OpCall) -> Result:
    axis = int(call.attrs.get("axis") or 0)
    w.emit_many("torch.unbind", [ref(call.value(0)), axis], call.outs)
    return None


def split(w: Writer, call: OpCall) -> Result:
    """Split has its axis first, SplitV last."""
    if call.name == "Split":
        (axis,), data = w.ints(call.operand(0)), call.value(1)
    else:
        (axis,), data = w.ints(call.operand(2)), call.value(0)
    sizes = [w.shape(out)[axis] for out in call.outs]
    w.emit_many("torch.split", [ref(data), {"list": sizes}, axis], call.outs)
    return None


def strided_slice(w: Writer, call: OpCall) -> Result:
    return _indexed(w, call, index_of(w, call))


def cut(w: Writer, call: OpCall) -> Result:
    begin, size = w.ints(call.operand(1)), w.ints(call.operand(2))
    index = [slice(b, None if n < 0 else b + n) for b, n in zip(begin, size, strict=True)]
    return _indexed(w, call, index)


def _indexed(w: Writer, call: OpCall, index: list[Any]) -> Result:
    if any(isinstance(i, slice) and (i.step or 1) < 0 for i in index):
        raise NotSaid("backwards")
    written: list[Any] = []
    for item in index:
        if isinstance(item, slice):
            written.append({"slice": [item.start, item.stop, item.step]})
        else:
            written.append({"ellipsis": True} if item is Ellipsis else item)
    arguments = [ref(call.value(0)), tuple_of(written)]
    return w.emit("T.__getitem__", arguments, w.shape(call.out))


def reverse(w: Writer, call: OpCall) -> Result:
    axes = tuple_of(w.ints(call.operand(1)))
    return w.emit("T.flip", [ref(call.value(0)), axes], w.shape(call.out))


def tile(w: Writer, call: OpCall) -> Result:
    times = tuple_of(w.ints(call.operand(1)))
    return w.emit("torch.tile", [ref(call.value(0)), times], w.shape(call.out))


def broadcast(w: Writer, call: OpCall) -> Result:
    shape = w.shape(call.out)
    return w.emit("T.expand", [ref(call.value(0)), tuple_of(shape)], shape)


def frame(w: Writer, call: OpCall) -> Result:
    """Pad, PadV2, MirrorPad: before and after each axis."""
    flat = w.ints(call.operand(1))
    pads: Pads = list(zip(flat[::2], flat[1::2], strict=True))
    data, rank = call.value(0), w.rank(call.value(0))
    more: list[Any] = []
    if call.name == "MirrorPad":
        if call.attrs.get("mode") != "REFLECT":
            raise NotSaid("mirrored with its edge")
        more = ["reflect"]
    elif call.name == "PadV2":
        more = ["constant", number(w, call.operand(2))]
    turned = (rank > 2 and w.has_twin(data)) or (more == ["reflect"] and rank == 4)
    if turned:
        data = w.first(data)
        pads = [pads[0], pads[-1], *pads[1:-1]]
    used = [p for i, p in enumerate(pads) if any(x != (0, 0) for x in pads[: i + 1])]
    if more == ["reflect"]:
        used = pads[2:]
    written = tuple_of(x for pair in reversed(used) for x in pair)
    shape = w.first_shape(call.out) if turned else w.shape(call.out)
    made = w.emit("F.pad", [ref(data), written, *more], shape)
    return First(made) if turned else made


def gather(w: Writer, call: OpCall) -> Result:
    """Rows of a table, as an embedding does; else entries along an axis."""
    table, places = call.value(0), call.value(1)
    axis = w.ints(call.operand(2))[0] if len(call.operands) > 2 else 0
    if int(call.attrs.get("batch_dims") or 0):
        raise NotSaid("a choice of its own in each row")
    shape = w.shape(call.out)
    whole = w.emit("T.to", [ref(places), {"dtype": "int64"}], w.shape(places), dtype="int64")
    if axis == 0 and w.rank(table) == 2 and table not in w.fed and w.is_float(table):
        return w.emit("F.embedding", [ref(whole), ref(table)], shape)
    if w.rank(places) == 1:
        return w.emit("torch.index_select", [ref(table), axis, ref(whole)], shape)
    if w.rank(places) == 0:
        index = [{"slice": [None, None, None]}] * axis + [ref(whole)]
        return w.emit("T.__getitem__", [ref(table), tuple_of(index)], shape)
    raise NotSaid("a choice of several axes")


def one_hot(w: Writer, call: OpCall) -> Result:
    (depth,) = w.ints(call.operand(1))
    on, off = number(w, call.operand(2)), number(w, call.operand(3))
    last = call.attrs.get("axis") in (None, -1, w.rank(call.out) - 1)
    if (on, off) != (1, 0) or not last:
        raise NotSaid("marked in another way")
    places, shape = call.value(0), w.shape(call.out)
    whole = w.emit("T.to", [ref(places), {"dtype": "int64"}], w.shape(places), dtype="int64")
    made = w.emit("F.one_hot", [ref(whole), depth], shape, dtype="int64")
    dtype = w.values[call.out].dtype
    return w.emit("T.to", [ref(made), {"dtype": dtype}], shape, dtype=dtype)


def shape(w: Writer, call: OpCall) -> Result:
    """Of what has an unknown number of rows; other shapes are constants."""
    if call.name == "Rank":
        raise NotSaid("a rank that is not known")
    sizes = (w.rank(call.value(0)),)
    made = w.emit("torch._shape_as_tensor", [ref(call.value(0))], sizes, dtype="int64")
    return made if call.name == "Shape" else w.emit("T.prod", [ref(made)], (), dtype="int64")


def product(w: Writer, call: OpCall) -> Result:
    """Of all entries, or along one axis."""
    data, axes = call.value(0), w.ints(call.operand(1))
    if w.rank(data) == len(axes):
        return w.emit("T.prod", [ref(data)], w.shape(call.out))
    (axis,) = axes
    return w.emit("T.prod", [ref(data), axis, call.flag("keep_dims")], w.shape(call.out))


def constant_like(w: Writer, call: OpCall, op: str) -> Result:
    return w.emit(op, [ref(call.value(0))], w.shape(call.out))


OPERATIONS: dict[str, Callable[[Writer, OpCall], Any]] = {
    "Reshape": reshape, "Transpose": transpose, "Squeeze": squeeze, "ExpandDims": expand_dims,
    **dict.fromkeys(
        "Identity ReadVariableOp EnsureShape Snapshot PreventGradient CheckNumerics".split(),
        identity,
    ),
    "StopGradient": detach, "IdentityN": identity_n, "ConcatV2": concat, "Pack": pack,
    "Unpack": unpack, "Split": split, "SplitV": split, "StridedSlice": strided_slice,
    "Slice": cut, "ReverseV2": reverse, "Tile": tile, "BroadcastTo": broadcast,
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), frame),
    **dict.fromkeys(("Shape", "Size", "Rank"), shape), "Prod": product,
    "GatherV2": gather, "ResourceGather": gather, "OneHot": one_hot,
    "ZerosLike": partial(constant_like, op="torch.zeros_like"),
    "OnesLike": partial(constant_like, op="torch.ones_like"),
}  # fmt: skip
