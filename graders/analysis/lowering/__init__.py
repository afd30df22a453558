"""What does a Keras network say in torch's words?

A tape of Keras has whole layers (`K.Conv2D`) and operations of TensorFlow (`tf.AddV2`). Everything
that looks at networks knows torch's words: here the first are said in the second. Values keep their
numbers. What cannot be said stays as it was: it has no kind, and is not computed again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graders.analysis.lowering import (
    activations,
    convolutions,
    dense,
    joins,
    normalisation,
    pooling,
    tensorflow,
    torch_words,
)
from graders.analysis.lowering.call import LayerCall, layer_call
from graders.analysis.lowering.plain import NotSaid
from graders.analysis.lowering.writing import Array, Constants, First, Writer, ref
from graders.evidence.model import Graph, Leaf, Node

_Say = Callable[[Writer, LayerCall], int | First]
_LAYERS: dict[str, Any] = {
    **activations.LAYERS, **convolutions.LAYERS, **dense.LAYERS, **joins.LAYERS,
    **normalisation.LAYERS, **pooling.LAYERS,
}  # fmt: skip


def _nothing(_leaf: Leaf) -> Array | None:
    return None


def lower(graph: Graph, constants: Constants = _nothing) -> Graph:
    """The graph without `K.` and `tf.` nodes, as far as they are known here.

    `constants` reads a small leaf that is neither learnt nor fed (axes, forms); None when it
    cannot. A graph of torch's words alone is returned as it is.
    """
    if not any(_foreign(node) for node in graph.nodes):
        return graph
    writer = Writer(graph, constants)
    for node in graph.nodes:
        writer.scope = node.scope
        mark = writer.mark()
        try:
            _say(writer, node)
        except Exception:
            # Nothing to say, a form that is not known here, or a tape that was tampered with.
            writer.back_to(mark)
            writer.keep(node)
    return writer.finished(graph)


def _foreign(node: Node) -> bool:
    return node.op.startswith(("K.", "tf."))


def _say(writer: Writer, node: Node) -> None:
    if node.op.startswith("K."):
        call = layer_call(node)
        say: _Say = _LAYERS[call.name]
        writer.deliver(say(writer, call), call.out)
        if call.logits is not None:
            _say_logits(writer, call.out, call.logits)
    elif node.op.startswith("tf."):
        tensorflow.say(writer, node)
    else:
        writer.deliver(torch_words.pointwise(writer, node), node.outs[0])


def _say_logits(writer: Writer, out: int, logits: int) -> None:
    """What the layer's last operation was applied to goes by a number of its own."""
    last = writer.maker(out)
    if last is None or last.op not in ("F.softmax", "F.sigmoid"):
        raise NotSaid("logits of another function")
    before = int(last.args[0]["t"])
    if writer.shape(before) != writer.shape(logits):
        raise NotSaid("logits in another order of axes")
    writer.deliver(writer.emit("T.identity", [ref(before)], writer.shape(before)), logits)


__all__ = ["lower"]
