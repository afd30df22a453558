"""Torch's own words between layers of Keras (Keras on torch): on channels-first forms too."""

from __future__ import annotations

from typing import Any

from graders.analysis.lowering.plain import NotSaid, value_of
from graders.analysis.lowering.writing import First, Writer, ref
from graders.analysis.operations import bare, kind
from graders.evidence.model import Node

_ALONG_AXES = "softmax log_softmax glu prelu where".split()


def pointwise(w: Writer, node: Node) -> First:
    """An operation element by element of images that are known channels first. Raises NotSaid for
    any other."""
    if kind(node) not in ("add", "multiply", "activation") or bare(node.op) in _ALONG_AXES:
        raise NotSaid("not element by element")
    if len(node.outs) != 1 or w.rank(node.outs[0]) < 4:
        raise NotSaid("no image")
    values = [v for v in map(value_of, node.args) if v is not None]
    if not any(w.knows_twin(v) for v in values):
        raise NotSaid("not known channels first")
    made = w.emit(
        node.op, [_turned(w, x) for x in node.args], w.first_shape(node.outs[0]), node.named
    )
    return First(made)


def _turned(w: Writer, entry: Any) -> Any:
    value = value_of(entry)
    if value is None:
        if isinstance(entry, (int, float, str, type(None))):
            return entry
        raise NotSaid("an argument of another form")
    if not w.shape(value):
        return entry
    if not w.has_twin(value):
        raise NotSaid("a value that has another order of axes")
    return ref(w.first(value))
