"""How is a graph written anew? Nodes in torch's words, with new values for what lies between.

Images are channels last in Keras and channels first in torch. A value whose channels-first form is
known has it as its *twin*; what is computed from twins alone is computed on twins, so that the
network comes out as a port of it to torch would: one change of axes at the input, none between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graders.analysis.lowering.plain import NotSaid, value_of
from graders.evidence.model import Graph, Leaf, Node, Value

Array = NDArray[Any]
Constants = Callable[[Leaf], "Array | None"]
MOST_FOLDED = 64  # entries of a constant that is read or computed here


class First(NamedTuple):
    """A result that is the channels-first twin of what was asked for."""

    value: int


class Writer:
    """The new graph, as far as it is written."""

    def __init__(self, graph: Graph, constants: Constants) -> None:
        self.values = dict(graph.values)
        self.nodes: list[Node] = []
        self.scope = ""
        self.judged = graph.loss is not None  # a tape of training
        self.leaves = {leaf.value: leaf for leaf in graph.leaves}
        self.fed = set(graph.inputs)
        self.uses: Counter[int] = Counter(graph.outputs)
        for node in graph.nodes:
            self.uses.update(_sources([node.args, node.named]))
        self._constants = constants
        self._fresh = max([0, *graph.values, *(v for n in graph.nodes for v in n.outs)]) + 1
        self._twin: dict[int, int] = {}
        self._known: dict[int, Array | None] = {}
        self._made: set[int] = set()  # values that did not exist before
        self._by: dict[int, Node] = {}
        self._spare: set[int] = set()  # values that only this writer needed, if anybody

    # -- what is known of values -----------------------------------------------------------
    def shape(self, value: int) -> tuple[int, ...]:
        return self.values[value].shape

    def rank(self, value: int) -> int:
        return len(self.shape(value))

    def is_float(self, value: int) -> bool:
        return "float" in self.values[value].dtype

    def constant(self, entry: Any) -> Array:
        """The content of a small constant, written in the argument itself, computed here, or kept
        with the evidence. Raises NotSaid."""
        value = value_of(entry)
        if value is None:
            array = np.asarray(entry)
            if array.dtype.kind not in "biuf":
                raise NotSaid("no constant")
            return array
        if value not in self._known:
            leaf = self.leaves.get(value)
            small = leaf is not None and int(np.prod(self.shape(value))) <= MOST_FOLDED
            plain = leaf is not None and leaf.role == "constant" and value not in self.fed
            self._known[value] = self._constants(leaf) if leaf and small and plain else None
        known = self._known[value]
        if known is None or tuple(known.shape) != self.shape(value):
            raise NotSaid("no constant")
        return known

    def ints(self, entry: Any) -> list[int]:
        """A small constant as whole numbers. Raises NotSaid."""
        return [int(x) for x in self.constant(entry).reshape(-1)]

    def know(self, value: int, content: Array) -> None:
        """This value is a constant that was computed here."""
        self._known[value] = content

    # -- writing ---------------------------------------------------------------------------
    def new(self, shape: Sequence[int], like: Iterable[int], dtype: str = "") -> int:
        """A value for what lies between two old ones; floats and gradients as in `like`."""
        seen = [self.values[v] for v in like]
        kinds = [s.dtype for s in seen if "float" in s.dtype] or [s.dtype for s in seen]
        value, self._fresh = self._fresh, self._fresh + 1
        self._made.add(value)
        self.values[value] = Value(
            shape=tuple(shape),
            dtype=dtype or (kinds[0] if kinds else "float32"),
            requires_grad=any(s.requires_grad for s in seen),
        )
        return value

    def emit(
        self,
        op: str,
        args: Sequence[Any],
        shape: Sequence[int],
        named: dict[str, Any] | None = None,
        dtype: str = "",
    ) -> int:
        """One operation, and the value that it makes. Values among the arguments come as `ref`s."""
        sources = _sources([list(args), named or {}])
        out = self.new(shape, sources, dtype)
        self._add(op, args, named or {}, (out,))
        return out

    def emit_many(self, op: str, args: Sequence[Any], outs: Sequence[int]) -> None:
        """An operation with several results, under the numbers that they had."""
        self._add(op, args, {}, tuple(outs))

    def keep(self, node: Node) -> None:
        """A node as it was."""
        self._append(node)
        if any(s in self.fed for s in _sources([node.args, node.named])):
            self.fed.update(node.outs)

    def _append(self, node: Node) -> None:
        self.nodes.append(node)
        self._by.update(dict.fromkeys(node.outs, node))

    def _add(self, op: str, args: Sequence[Any], named: dict[str, Any], outs: Any) -> None:
        self._append(Node(op=op, args=list(args), named=named, outs=tuple(outs), scope=self.scope))
        if any(s in self.fed for s in _sources([list(args), named])):
            self.fed.update(outs)

    def computed(self, value: int) -> bool:
        """True for a constant that was computed here."""
        return value not in self.leaves and self._known.get(value) is not None

    def spare(self, made: int, out: int) -> None:
        """The value just made goes by the number `out`, and is left out when nothing reads it."""
        self.deliver(made, out)
        self._spare.add(out)

    def with_bias(self, image: int, bias: int) -> int | None:
        """The convolution that has just made this image, with a bias; None when it was another
        operation, or has one."""
        node = self._by.get(image)
        if node is None or not node.op.startswith("F.conv") or node.args[2] is not None:
            return None
        self._spare.update(node.outs)
        arguments = [*node.args[:2], ref(bias), *node.args[3:]]
        return self.emit(node.op, arguments, self.shape(image))

    def same_as(self, value: int, other: int) -> bool:
        """True for the same value, as it is or channels first, handed on or not."""
        return self._bare(value) == self._bare(self._twin.get(other, other))

    def _bare(self, value: int) -> int:
        node = self._by.get(value)
        while node is not None and node.op == "T.identity":
            value = node.args[0]["t"]
            node = self._by.get(value)
        return value

    def maker(self, value: int) -> Node | None:
        """The operation that made a value, on its channels-first form where it was made there;
        what only hands it on aside."""
        return self._by.get(self._bare(self._twin.get(value, value)))

    def deliver(self, result: int | First, out: int) -> None:
        """The result is what goes by the number `out`."""
        if isinstance(result, First):
            self._add("T.permute", [ref(result.value), *_last_order(self.rank(out))], {}, (out,))
            self._spare.add(out)
            self._twin[out] = result.value
            return
        last = self.nodes[-1] if self.nodes else None
        own = result in self._made and result not in self._twin.values()
        if own and last is not None and last.outs == (result,):
            self.nodes.pop()
            self._append(last.model_copy(update={"outs": (out,)}))
            self.fed.update({out} if result in self.fed else ())
        else:
            self._add("T.identity", [ref(result)], {}, (out,))
        if result in self._twin and out not in self._twin:
            self._twin[out] = self._twin[result]

    # -- axes ------------------------------------------------------------------------------
    def knows_twin(self, value: int) -> bool:
        return value in self._twin

    def has_twin(self, value: int) -> bool:
        """True for a value whose channels-first form is known, or is worth knowing: an image."""
        return value in self._twin or (value in self.fed and self.rank(value) > 3)

    def first(self, value: int) -> int:
        """The channels-first twin of a channels-last value."""
        if value not in self._twin:
            rank = self.rank(value)
            twin = self.emit("T.permute", [ref(value), *first_order(rank)], self.first_shape(value))
            self._spare.add(twin)
            self._twin[value] = twin
        return self._twin[value]

    def first_shape(self, value: int) -> tuple[int, ...]:
        """The shape of a value's twin."""
        return tuple(self.shape(value)[a] for a in first_order(self.rank(value)))

    def is_twin(self, value: int, twin: int) -> None:
        """Two values that the graph itself turns into each other."""
        self._twin[value] = twin

    def permuted(self, value: int, axes: Sequence[int]) -> int:
        """The value with its axes in another order."""
        if list(axes) == list(range(len(axes))):
            return value
        own = self.shape(value)
        return self.emit("T.permute", [ref(value), *axes], [own[a] for a in axes])

    def floating(self, value: int) -> int:
        """The value as floats: layers take whole numbers as such."""
        if self.is_float(value):
            return value
        return self.emit(
            "T.to", [ref(value), {"dtype": "float32"}], self.shape(value), dtype="float32"
        )

    def tensor(self, content: Array, dtype: str = "float32") -> int:
        """A constant as a value."""
        listed = _listed(content.tolist())
        return self.emit(
            "torch.tensor", [listed], content.shape, {"dtype": {"dtype": dtype}}, dtype
        )

    # -- trying ----------------------------------------------------------------------------
    def mark(self) -> tuple[int, dict[int, int]]:
        return len(self.nodes), dict(self._twin)

    def back_to(self, mark: tuple[int, dict[int, int]]) -> None:
        """Forget what was written since."""
        del self.nodes[mark[0] :]
        self._twin = mark[1]

    def finished(self, graph: Graph) -> Graph:
        """The graph with these nodes, less the changes of axes that nothing reads."""
        needed = {*graph.outputs, *graph.inputs, *(v for c in graph.calls for v in c.outputs)}
        needed.update(v for c in graph.calls for v in c.inputs)
        needed.update(s for n in graph.dead for s in _sources([n.args, n.named]))
        if graph.loss is not None:
            needed.add(graph.loss)
        kept: list[Node] = []
        for node in reversed(self.nodes):
            if self._spare.issuperset(node.outs) and needed.isdisjoint(node.outs):
                continue
            needed.update(_sources([node.args, node.named]))
            kept.append(node)
        return graph.model_copy(update={"nodes": tuple(reversed(kept)), "values": self.values})


def ref(value: int) -> dict[str, int]:
    """An argument that is this value."""
    return {"t": value}


def first_order(rank: int) -> tuple[int, ...]:
    """The axes of a channels-last value, channels first."""
    return (0, rank - 1, *range(1, rank - 1))


def _last_order(rank: int) -> tuple[int, ...]:
    return (0, *range(2, rank), 1)


def _listed(content: Any) -> Any:
    return {"list": [_listed(x) for x in content]} if isinstance(content, list) else content


def _sources(thing: Any) -> list[int]:
    value = value_of(thing)
    if value is not None:
        return [value]
    inside = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ()
    return [s for item in inside for s in _sources(item)]
