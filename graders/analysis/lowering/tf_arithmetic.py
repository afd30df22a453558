"""Operations of TensorFlow that go element by element, and sums over axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from graders.analysis.lowering.call import OpCall
from graders.analysis.lowering.joins import same, turned_axis
from graders.analysis.lowering.plain import NotSaid, tuple_of, value_of
from graders.analysis.lowering.writing import First, Writer, ref

Result = int | First

_UNARY = {
    "Neg": "torch.neg", "Exp": "torch.exp", "Log": "torch.log", "Log1p": "torch.log1p",
    "Expm1": "torch.expm1", "Sqrt": "torch.sqrt", "Rsqrt": "torch.rsqrt",
    "Abs": "torch.abs", "Relu": "F.relu", "Relu6": "F.relu6",
    "Elu": "F.elu", "Selu": "F.selu", "Sigmoid": "torch.sigmoid", "Tanh": "torch.tanh",
    "Softplus": "F.softplus", "Softsign": "F.softsign", "Erf": "torch.erf", "Erfc": "torch.erfc",
    "Sin": "torch.sin", "Cos": "torch.cos",
    "Reciprocal": "torch.reciprocal", "Inv": "torch.reciprocal",
    "LogicalNot": "torch.logical_not",
}  # fmt: skip
_BINARY = {
    "Add": "torch.add", "AddV2": "torch.add", "Sub": "torch.sub", "Mul": "torch.mul",
    "RealDiv": "torch.div", "Div": "torch.div", "DivNoNan": "torch.div", "Pow": "torch.pow",
    "Maximum": "torch.maximum", "Minimum": "torch.minimum", "Greater": "torch.gt",
    "GreaterEqual": "torch.ge", "Less": "torch.lt", "LessEqual": "torch.le",
    "Equal": "torch.eq", "NotEqual": "torch.ne", "LogicalAnd": "torch.logical_and",
    "LogicalOr": "torch.logical_or",
}  # fmt: skip
_EITHER_WAY = ("torch.add", "torch.mul", "torch.maximum", "torch.minimum", "torch.eq", "torch.ne")
_WITH_A_NUMBER = {"torch.maximum": "T.clamp_min", "torch.minimum": "T.clamp_max"}
_TENSORS_ONLY = ("torch.logical_and", "torch.logical_or")


def pointwise(w: Writer, op: str, operands: Sequence[Any], out: int, dtype: str = "") -> Result:
    """An operation element by element; on channels-first forms where those are known."""
    values = [value_of(x) for x in operands]
    rank = w.rank(out)
    turned = rank > 2 and any(v is not None and w.has_twin(v) for v in values)
    if turned:
        turned = all(v is None or _turns(w, v, rank) for v in values)
    shape = w.first_shape(out) if turned else w.shape(out)
    arguments = [
        _argument(w, x) if v is None or not turned else ref(_turned(w, v, rank))
        for x, v in zip(operands, values, strict=True)
    ]
    kind = dtype or w.values[out].dtype
    made = w.emit(op, arguments, shape, dtype=kind)
    return First(made) if turned else made


def _argument(w: Writer, entry: Any) -> Any:
    return {"list": entry} if isinstance(entry, list) else entry


def _turns(w: Writer, value: int, rank: int) -> bool:
    """True when the value has a channels-first form for a result of so many axes."""
    shape = w.shape(value)
    alone = value not in w.fed and len(shape) == 1
    return w.has_twin(value) or len(shape) == rank or alone or int(np.prod(shape)) == 1


def _turned(w: Writer, value: int, rank: int) -> int:
    shape = w.shape(value)
    if w.rank(value) == rank and int(np.prod(shape)) != 1:
        return w.first(value)
    if int(np.prod(shape)) == 1:
        return value if not shape else w.emit("T.view", [ref(value), tuple_of([])], ())
    wide = (shape[0], *[1] * (rank - 2))
    return w.emit("T.view", [ref(value), tuple_of(wide)], wide)


def number(w: Writer, entry: Any) -> int | float | None:
    """A constant number, when the operand is one."""
    value = value_of(entry)
    if value is not None and w.shape(value):
        return None
    try:
        content = w.constant(entry)
    except NotSaid:
        return None
    if content.ndim or content.dtype.kind not in "iuf":
        return None
    return float(content) if content.dtype.kind == "f" else int(content)


def square(w: Writer, call: OpCall) -> Result:
    """The square of how far an answer is from what was asked is the loss that it looks like."""
    data = call.value(0)
    made = w.maker(data)
    if w.judged and made is not None and made.op == "torch.sub":
        pair = [value_of(x) for x in made.args]
        sizes = {w.shape(v) for v in pair if v is not None}
        if None not in pair and len(sizes) == 1 and sum(v in w.fed for v in pair) == 1:
            named = {"reduction": "none"}
            return w.emit("F.mse_loss", made.args, w.shape(call.out), named)
    return unary(w, call, "torch.square")


def unary(w: Writer, call: OpCall, op: str) -> Result:
    return pointwise(w, op, [ref(call.value(0))], call.out)


def binary(w: Writer, call: OpCall, op: str) -> Result:
    """Numbers are written as such, on the right; elsewhere they are values."""
    left, right = call.operand(0), call.operand(1)
    if number(w, left) is not None and op in _EITHER_WAY:
        left, right = right, left
    if op == "torch.mul" and (gated := _gated(w, left, right)) is not None:
        return pointwise(w, "F.silu", [ref(gated)], call.out)
    fixed = number(w, right) if value_of(left) is not None and op not in _TENSORS_ONLY else None
    kept = value_of(left)
    if fixed == 1 and kept is not None and op in ("torch.mul", "torch.div"):
        return same(w, kept)
    if fixed is not None:
        return pointwise(w, _WITH_A_NUMBER.get(op, op), [left, fixed], call.out)
    return pointwise(w, op, [_as_value(w, left), _as_value(w, right)], call.out)


def add(w: Writer, call: OpCall) -> Result:
    """A sum; the one as which TensorFlow computes binary cross-entropy goes by that name."""
    pair = _cross_entropy(w, call) if w.judged and call.name == "AddV2" else None
    if pair is None:
        return binary(w, call, "torch.add")
    logits, labels = pair
    named = {"reduction": "none"}
    arguments = [ref(logits), _as_value(w, labels)]
    return w.emit("F.binary_cross_entropy_with_logits", arguments, w.shape(call.out), named)


def _cross_entropy(w: Writer, call: OpCall) -> tuple[int, Any] | None:
    """z and y, for max(z, 0) - z y + log(1 + exp(-|z|)) as TensorFlow writes it."""
    rest, bent = (w.maker(call.value(i)) for i in (0, 1))
    if rest is None or bent is None or (rest.op, bent.op) != ("torch.sub", "torch.log1p"):
        return None
    power, upper, product = (w.maker(x["t"]) for x in (bent.args[0], rest.args[0], rest.args[1]))
    ops = [n.op if n is not None else "" for n in (power, upper, product)]
    if ops != ["torch.exp", "torch.where", "torch.mul"]:
        return None
    assert power is not None
    assert upper is not None
    assert product is not None
    logits = upper.args[1]["t"]
    choice, folded = w.maker(upper.args[0]["t"]), w.maker(power.args[0]["t"])
    if choice is None or folded is None or choice.op != "torch.ge" or folded.op != "torch.where":
        return None
    negative = w.maker(folded.args[1]["t"])
    same_choice = folded.args[0] == upper.args[0] and choice.args[0] == upper.args[1]
    if negative is None or negative.op != "torch.neg" or not same_choice:
        return None
    if negative.args[0] != upper.args[1] or folded.args[2] != upper.args[1]:
        return None
    for one, other in (product.args, product.args[::-1]):
        if value_of(one) == logits:
            return logits, other
    return None


def _gated(w: Writer, left: Any, right: Any) -> int | None:
    """x, for x * sigmoid(x): as which TensorFlow computes SiLU."""
    for plain, gate in ((value_of(left), value_of(right)), (value_of(right), value_of(left))):
        if plain is None or gate is None:
            continue
        made = w.maker(gate)
        if made is not None and made.op == "torch.sigmoid" and w.same_as(made.args[0]["t"], plain):
            return plain
    return None


def _as_value(w: Writer, entry: Any) -> dict[str, int]:
    value = value_of(entry)
    return ref(w.tensor(w.constant(entry)) if value is None else value)


def squared_difference(w: Writer, call: OpCall) -> Result:
    made = pointwise(w, "torch.sub", list(map(partial(_as_value, w), call.operands)), call.out)
    if isinstance(made, First):
        return First(w.emit("torch.square", [ref(made.value)], w.shape(made.value)))
    return w.emit("torch.square", [ref(made)], w.shape(made))


def leaky_relu(w: Writer, call: OpCall) -> Result:
    slope = float(call.attrs.get("alpha", 0.2))
    return pointwise(w, "F.leaky_relu", [ref(call.value(0)), slope], call.out)


def select(w: Writer, call: OpCall) -> Result:
    """Where the first holds, the second, else the third."""
    values = [_as_value(w, x) for x in call.operands]
    return pointwise(w, "torch.where", values, call.out)


def sum_of_all(w: Writer, call: OpCall) -> Result:
    made = call.value(0)
    for place in range(1, len(call.operands)):
        made = w.emit("torch.add", [ref(made), ref(call.value(place))], w.shape(call.out))
    return made


def softmax(w: Writer, call: OpCall, op: str) -> Result:
    return w.emit(op, [ref(call.value(0)), -1], w.shape(call.out))


def cast(w: Writer, call: OpCall) -> Result:
    dtype = w.values[call.out].dtype
    return pointwise(w, "T.to", [ref(call.value(0)), {"dtype": dtype}], call.out, dtype)


# -- over axes ------------------------------------------------------------------------------
_REDUCTIONS = {
    "Mean": "T.mean", "Sum": "T.sum", "Max": "T.amax", "Min": "T.amin", "EuclideanNorm": "T.norm",
}  # fmt: skip


def reduction(w: Writer, call: OpCall, op: str) -> Result:
    """Over the axes that are given, or all; over places, on the channels-first form."""
    data, kept = call.value(0), call.flag("keep_dims")
    rank = w.rank(data)
    axes = [a % rank for a in _axes(w, call, data, rank, kept)]
    if not axes:
        return w.emit("T.identity", [ref(data)], w.shape(call.out))
    if len(axes) == rank and not kept and op != "T.norm":
        return w.emit(op, [ref(data)], ())
    twin = w.has_twin(data) and axes == list(range(1, rank - 1))
    if twin:
        data, axes = w.first(data), [turned_axis(a, rank) for a in axes]
    shape = w.first_shape(call.out) if twin and kept else w.shape(call.out)
    more: list[Any] = [2] if op == "T.norm" else []
    made = w.emit(op, [ref(data), *more, tuple_of(axes), kept], shape)
    return First(made) if twin and kept else made


def _axes(w: Writer, call: OpCall, data: int, rank: int, kept: bool) -> list[int]:
    """The axes as said; else those that are gone from the form, when only one choice fits."""
    try:
        return sorted(a % rank for a in w.ints(call.operand(1)))
    except NotSaid:
        before, after = w.shape(data), w.shape(call.out)
    if not after:
        return list(range(rank))
    if kept:
        gone = [a for a in range(rank) if before[a] != after[a]]
        if all(before[a] > 1 for a in range(rank)):
            return gone
    elif len(set(before)) == rank:
        return [a for a in range(rank) if before[a] not in after]
    raise NotSaid("axes that are not known")


def argmax(w: Writer, call: OpCall) -> Result:
    (axis,) = w.ints(call.operand(1))
    return w.emit("torch.argmax", [ref(call.value(0)), axis], w.shape(call.out))


def bias_add(w: Writer, call: OpCall) -> Result:
    """Added to each channel; a part of the convolution that it follows alone."""
    data, bias = call.value(0), call.value(1)
    if call.attrs.get("data_format") == "NCHW":
        wide = (w.shape(bias)[0], *[1] * (w.rank(data) - 2))
        bias = w.emit("T.view", [ref(bias), tuple_of(wide)], wide)
        return w.emit("torch.add", [ref(data), ref(bias)], w.shape(data))
    if w.has_twin(data) and w.uses[data] == 1 and w.rank(bias) == 1:
        made = w.with_bias(w.first(data), bias)
        if made is not None:
            return First(made)
    return pointwise(w, "torch.add", [ref(data), ref(bias)], call.out)


OPERATIONS: dict[str, Callable[[Writer, OpCall], Any]] = {
    **{name: partial(unary, op=op) for name, op in _UNARY.items()},
    **{name: partial(binary, op=op) for name, op in _BINARY.items()},
    **{name: partial(reduction, op=op) for name, op in _REDUCTIONS.items()},
    "Square": square,
    "Add": add,
    "AddV2": add,
    "SquaredDifference": squared_difference, "LeakyRelu": leaky_relu, "Select": select,
    "SelectV2": select, "AddN": sum_of_all, "Cast": cast, "ArgMax": argmax, "BiasAdd": bias_add,
    "Softmax": partial(softmax, op="F.softmax"),
    "LogSoftmax": partial(softmax, op="F.log_softmax"),
}  # fmt: skip
