"""What does a network compute? A tape as a directed graph of values, from input to output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from graders.analysis.lowering import lower
from graders.analysis.operations import bare, kind
from graders.evidence.arrays import EvidenceError
from graders.evidence.model import Graph, Leaf, Node
from graders.evidence.reading import Blobs


def references(thing: Any) -> Iterator[int]:
    """Values that encoded arguments refer to, in order."""
    if isinstance(thing, dict):
        if isinstance(thing.get("t"), int):
            yield thing["t"]
        else:
            for item in thing.values():
                yield from references(item)
    elif isinstance(thing, (list, tuple)):
        for item in thing:
            yield from references(item)


@dataclass(frozen=True)
class Layer:
    """A weighted layer: a linear map (or convolution) whose weight is made of parameters."""

    node: int  # index in the network's nodes
    data: int  # value that goes in
    weight: int  # value of the weight matrix
    out: int
    transposed: bool  # True when out = data @ weight, False when out = data @ weight.T


class Network:
    """A graph cut to what lies between the input and the output of the network.

    Values are numbered as on the tape; equal operations on equal values count once, so that
    `relu(x)` written twice is one value. A tape of Keras is said in torch's words first, for which
    axes and forms that it holds as arrays are read from `blobs`.
    """

    def __init__(self, graph: Graph, blobs: Blobs | None = None) -> None:
        self.graph = graph = lower(graph, _reader(blobs))
        self.nodes, self._same = _numbered(graph)
        self.leaves: dict[int, Leaf] = {leaf.value: leaf for leaf in graph.leaves}
        self.producer = {v: i for i, n in enumerate(self.nodes) for v in n.outs}
        for value in self.producer:
            self.leaves.pop(value, None)
        self.sources = [tuple(dict.fromkeys(references([n.args, n.named]))) for n in self.nodes]

    def same(self, value: int) -> int:
        """The number under which this value goes after equal ones were joined."""
        return self._same.get(value, value)

    # -- ends ------------------------------------------------------------------------------
    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """Values that the network is fed with."""
        given = tuple(
            dict.fromkeys(self.same(v) for v in self.graph.inputs if self.same(v) in self.leaves)
        )
        if given:
            return given
        found = []
        for index, node in enumerate(self.nodes):
            if kind(node) in ("linear", "matmul", "norm", "conv") and self.sources[index]:
                first = self._through_shapes(self.sources[index][0])
                leaf = self.leaves.get(first)
                if leaf is not None and leaf.role == "constant" and len(self.shape(first)) >= 2:
                    found.append(first)
        return tuple(dict.fromkeys(found))

    @cached_property
    def output(self) -> int | None:
        """The value that the network answers with; for a training tape, what the loss judges."""
        if self.graph.loss is not None:
            return self._judged()
        outs = [self.same(v) for v in self.graph.outputs]
        return next((v for v in outs if v in self.fed), outs[0] if outs else None)

    def _judged(self) -> int | None:
        """The last value that depends on the input alone, before targets join it."""
        targets = {
            v for v, leaf in self.leaves.items() if leaf.role == "constant" and v not in self.inputs
        }
        tainted = self.reach(targets & self._target_like)
        frontier: set[int] = set()
        loss = self.same(self.graph.loss) if self.graph.loss is not None else None
        for index, node in enumerate(self.nodes):
            if kind(node) == "loss" or any(s in tainted for s in self.sources[index]):
                frontier.update(
                    s for s in self.sources[index] if s in self.fed and s not in tainted
                )
        if not frontier:
            return loss
        common: set[int] | None = None
        for value in frontier:
            above = self.ancestors(value) | {value}
            common = above if common is None else common & above
        candidates = [v for v in common or () if v in self.fed and v not in self.inputs]
        return max(candidates, key=lambda v: self.producer.get(v, -1), default=None)

    @cached_property
    def _target_like(self) -> set[int]:
        """Constants with one entry for each row of the input (and scalars never)."""
        rows = {self.shape(v)[0] for v in self.inputs if self.shape(v)}
        return {
            v
            for v, leaf in self.leaves.items()
            if leaf.role == "constant" and self.shape(v) and self.shape(v)[0] in rows
        }

    # -- reach -----------------------------------------------------------------------------
    def reach(self, start: set[int]) -> set[int]:
        """These values and every one computed from them."""
        reached = set(start)
        for index, node in enumerate(self.nodes):
            if any(s in reached for s in self.sources[index]):
                reached.update(node.outs)
        return reached

    @cached_property
    def fed(self) -> set[int]:
        """Values that depend on the input."""
        return self.reach(set(self.inputs))

    def ancestors(self, value: int) -> set[int]:
        """Every value this one was computed from."""
        found: set[int] = set()
        stack = [value]
        while stack:
            index = self.producer.get(stack.pop())
            if index is None:
                continue
            for source in self.sources[index]:
                if source not in found:
                    found.add(source)
                    stack.append(source)
        return found

    @cached_property
    def alive(self) -> set[int]:
        """Values between input and output."""
        if self.output is None:
            return set()
        return (self.ancestors(self.output) | {self.output}) & self.fed

    def shape(self, value: int) -> tuple[int, ...]:
        seen = self.graph.values.get(value)
        return seen.shape if seen is not None else ()

    def _through_shapes(self, value: int) -> int:
        while (index := self.producer.get(value)) is not None:
            if kind(self.nodes[index]) != "shape" or len(self.sources[index]) != 1:
                break
            value = self.sources[index][0]
        return value

    # -- layers ----------------------------------------------------------------------------
    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Weighted layers on the way from input to output, in order."""
        return tuple(layer for layer in self.all_layers if layer.out in self.alive)

    @cached_property
    def all_layers(self) -> tuple[Layer, ...]:
        found = []
        for index, node in enumerate(self.nodes):
            layer = self._layer(index, node)
            if layer is not None:
                found.append(layer)
        return tuple(found)

    @cached_property
    def layer_by_out(self) -> dict[int, Layer]:
        return {layer.out: layer for layer in self.all_layers}

    def _layer(self, index: int, node: Node) -> Layer | None:
        what = kind(node)
        if what not in ("linear", "matmul", "conv") or not node.outs:
            return None
        operands = list(references(node.args)) + list(references(node.named))
        if bare(node.op) in ("addmm", "baddbmm"):
            operands = operands[1:]
        data = [v for v in operands if v in self.fed]
        weights = [v for v in operands if v not in self.fed and len(self.shape(v)) >= 2]
        if len(data) != 1 or not weights or not self._has_weights(weights[0]):
            return None
        return Layer(
            index,
            data[0],
            weights[0],
            node.outs[0],
            _right_of_data(node, operands, data[0], weights[0]),
        )

    def _has_weights(self, value: int) -> bool:
        leaves = [v for v in self.ancestors(value) | {value} if v in self.leaves]
        return any(len(self.shape(v)) >= 2 for v in leaves)

    def weight_leaves(self, value: int) -> list[Leaf]:
        """Leaves that a weight value is made of."""
        return [self.leaves[v] for v in sorted(self.ancestors(value) | {value}) if v in self.leaves]

    def scope(self, value: int) -> str:
        index = self.producer.get(value)
        return self.nodes[index].scope if index is not None else ""


def _reader(blobs: Blobs | None) -> Callable[[Leaf], NDArray[Any] | None]:
    """Reads the content of a leaf, as far as there is one."""

    def read(leaf: Leaf) -> NDArray[Any] | None:
        try:
            return blobs.load(leaf.digest) if blobs is not None else None
        except EvidenceError:
            return None

    return read


def _right_of_data(node: Node, operands: list[int], data: int, weight: int) -> bool:
    """True for data @ weight; False for data @ weight.T, which weight @ data.T is too."""
    if kind(node) != "matmul":
        return False
    if bare(node.op) == "einsum" and node.args and isinstance(node.args[0], str):
        terms = node.args[0].replace(" ", "").split("->")[0].split(",")
        places = dict(zip(operands, terms, strict=False))
        return bool(places.get(weight)) and places[weight][0] in places.get(data, "")
    flipped = bare(node.op) == "__rmatmul__"
    return (operands.index(data) < operands.index(weight)) != flipped


def _numbered(graph: Graph) -> tuple[list[Node], dict[int, int]]:
    """Joins equal operations on equal values. Random and in-place ones stay apart."""
    same: dict[int, int] = {}
    seen: dict[str, tuple[int, ...]] = {}
    nodes: list[Node] = []

    def renamed(thing: Any) -> Any:
        if isinstance(thing, dict):
            if isinstance(thing.get("t"), int):
                return {"t": same.get(thing["t"], thing["t"])}
            return {k: renamed(v) for k, v in thing.items()}
        if isinstance(thing, list):
            return [renamed(v) for v in thing]
        return thing

    for node in graph.nodes:
        made = node.model_copy(update={"args": renamed(node.args), "named": renamed(node.named)})
        key = f"{bare(made.op)}|{made.args}|{made.named}"
        pure = kind(made) not in ("dropout", "other") and not made.op.endswith("_")
        if pure and key in seen and len(seen[key]) == len(made.outs):
            same.update(zip(made.outs, seen[key], strict=True))
            continue
        seen[key] = made.outs
        nodes.append(made)
    return nodes, same


def uses_batch_statistics(network: Network) -> bool:
    """True when a batch normalisation on the tape used its batch's own statistics."""
    return any(
        bare(n.op) == "batch_norm" and (n.named.get("training") is True or True in n.args[5:6])
        for n in network.nodes
    )
