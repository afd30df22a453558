"""What was called? One call of a built-in layer, or one operation of TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graders.analysis.lowering.plain import NotSaid, numbers, plain, spread, value_of
from graders.evidence.model import Node


@dataclass(frozen=True)
class LayerCall:
    """A call of a Keras layer: values that went in, weights by name, and how it was made."""

    name: str
    inputs: tuple[int, ...]
    weights: Mapping[str, int]
    config: Mapping[str, Any]
    training: bool
    out: int
    logits: int | None = None  # what a softmax or sigmoid at the end was applied to

    @property
    def data(self) -> int:
        """The first input. Raises NotSaid."""
        if not self.inputs:
            raise NotSaid("a layer without input")
        return self.inputs[0]

    @property
    def channels_first(self) -> bool:
        return self.config.get("data_format") == "channels_first"

    def sizes(self, key: str, count: int, default: Any = 1) -> list[int]:
        """A setting with one number for each of `count` axes. Raises NotSaid."""
        given = self.config.get(key)
        return numbers(default if given is None else given, count)


def layer_call(node: Node) -> LayerCall:
    """What a `K.` node says. Raises NotSaid."""
    named = {k: plain(v) for k, v in node.named.items()}
    weights, config = named.get("weights") or {}, named.get("config") or {}
    inputs = [value_of(x) for x in spread(node.args)]
    if (
        len(node.outs) not in (1, 2)
        or not isinstance(weights, dict)
        or not isinstance(config, dict)
    ):
        raise NotSaid("a layer of another form")
    held = {str(k): value_of(v) for k, v in weights.items()}
    return LayerCall(
        name=node.op.removeprefix("K."),
        inputs=tuple(v for v in inputs if v is not None),
        weights={k: v for k, v in held.items() if v is not None},
        config=config,
        training=named.get("training") is True,
        out=node.outs[0],
        logits=node.outs[1] if len(node.outs) == 2 else None,
    )


@dataclass(frozen=True)
class OpCall:
    """An operation of TensorFlow: operands (values or constants), attributes, results."""

    name: str
    operands: tuple[Any, ...]
    attrs: Mapping[str, Any]
    outs: tuple[int, ...]

    @property
    def out(self) -> int:
        return self.outs[0]

    def value(self, place: int) -> int:
        """The operand at this place, which must be a value. Raises NotSaid."""
        value = value_of(self.operand(place))
        if value is None:
            raise NotSaid("a constant where a value is expected")
        return value

    def operand(self, place: int) -> Any:
        if not -len(self.operands) <= place < len(self.operands):
            raise NotSaid("an operand is missing")
        return self.operands[place]

    def flag(self, name: str) -> bool:
        return self.attrs.get(name) in (True, 1)


def op_call(node: Node) -> OpCall:
    """What a `tf.` node says. Raises NotSaid."""
    if not node.outs:
        raise NotSaid("an operation without result")
    attrs = {k: plain(v) for k, v in node.named.items()}
    name = node.op.removeprefix("tf.")
    return OpCall(name, tuple(spread(node.args)), attrs, node.outs)
