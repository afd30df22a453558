"""Which stations does a picture pass? A network with all that is done value by value taken out.

Convolutions, batch normalisations, dense layers, sums of two ways, poolings are stations; between
them lie functions of single values (activations, scalings, casts, turned axes), whatever they are
made of. So one graph is left for a module, a layer, a lambda or a formula.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from graders.analysis.network import Network, references
from graders.analysis.operations import bare, kind
from graders.evidence.model import Node

Sort = Literal["input", "conv", "norm", "linear", "add", "pool", "other"]

_BY_VALUE = frozenset("activation multiply add shape transpose dropout".split())
_ALONG_AXES = frozenset("softmax log_softmax glu".split())  # called activations, but of many values
_ELEMENTWISE = frozenset(
    "exp exp_ expm1 log log1p log2 sqrt rsqrt abs abs_ pow pow_ __pow__ __rpow__ square reciprocal "
    "reciprocal_ erf sin cos sign __rtruediv__ rdiv maximum minimum max min addcmul lerp gt ge lt "
    "le eq ne __gt__ __ge__ __lt__ __le__ __eq__ __ne__ logical_not logical_and logical_or "
    "nan_to_num sigmoid_ silu_ hardswish_ mish_ fill_".split()
)
_EMPTY = frozenset("zeros_like ones_like full_like".split())  # take a form, and no values
_POOLS = frozenset("mean avg_pool2d max_pool2d max_pool2d_with_indices lp_pool2d".split())


@dataclass(frozen=True)
class Edge:
    """What a station takes: `value` is made of `root`, another station's output, value by value."""

    root: int
    value: int


@dataclass(frozen=True)
class Station:
    """`out` is the value it makes; `index` its node, -1 for an input. `edges` has one entry for
    each way that the picture comes in."""

    out: int
    sort: Sort
    index: int
    edges: tuple[Edge, ...]

    @property
    def way(self) -> Edge | None:
        """How the picture comes in, when all of it comes from one station."""
        return self.edges[0] if len({edge.root for edge in self.edges}) == 1 else None


@dataclass(frozen=True)
class Conv:
    """A convolution's form; `kernel` and `stride` are (height, width)."""

    into: int
    out: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    plain: bool  # neither grouped, dilated nor transposed
    bias: int | None  # value of its bias vector
    weight: int


class Stations:
    """The stations between a network's input and its output."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.root: dict[int, int] = {}
        self.by_value: dict[int, Station] = {}
        for value in network.inputs:
            self.root[value] = value
            self.by_value[value] = Station(value, "input", -1, ())
        for index, node in enumerate(network.nodes):
            if node.outs and not network.alive.isdisjoint(node.outs):
                self._pass(index, node)

    @property
    def end(self) -> Edge | None:
        """The network's answer."""
        out = self.network.output
        return Edge(self.root[out], out) if out is not None and out in self.root else None

    @cached_property
    def in_order(self) -> tuple[Station, ...]:
        """All stations, as they are computed."""
        return tuple(sorted(self.by_value.values(), key=lambda s: s.index))

    def of_sort(self, sort: Sort) -> tuple[Station, ...]:
        return tuple(s for s in self.in_order if s.sort == sort)

    def way_back(self, value: int) -> Iterator[tuple[Station, Edge | None]]:
        """Stations from a value towards the input, with the edge by which each is entered, as long
        as there is one way."""
        station: Station | None = self.by_value.get(value)
        while station is not None:
            yield station, station.way
            station = self.by_value.get(station.way.root) if station.way is not None else None

    def between(self, edge: Edge) -> tuple[Node, ...]:
        """Operations from an edge's root to its value."""
        network = self.network
        above = network.ancestors(edge.value) | {edge.value}
        reached = network.reach({edge.root})
        return tuple(
            node
            for node in network.nodes
            if node.outs
            and any(v in above and v in reached and v != edge.root for v in node.outs)
            and edge.root not in node.outs
        )

    def loose_joins(self, ends: Collection[int]) -> tuple[Station, ...]:
        """Where several ways meet, behind the first convolution, that are no end of a block."""
        first = next((s.index for s in self.in_order if s.sort == "conv"), 0)
        return tuple(
            s
            for s in self.in_order
            if s.edges and s.way is None and s.index > first and s.out not in ends
        )

    def shrinks(self, station: Station) -> bool:
        """True for a pooling, and when less comes out than goes in though nothing is weighted."""
        if station.sort != "other" or len(station.edges) != 1:
            return station.sort == "pool"  # of several values joined, less may come out
        into = self.network.shape(station.edges[0].value)
        return math.prod(self.network.shape(station.out)) < math.prod(into)

    def name(self, station: Station) -> str:
        """The operation, bare."""
        return bare(self.network.nodes[station.index].op) if station.index >= 0 else "input"

    @cached_property
    def convs(self) -> dict[int, Conv]:
        """Form of each convolution by its output value."""
        return {s.out: self._conv(s) for s in self.of_sort("conv")}

    # -- making ----------------------------------------------------------------------------
    def _pass(self, index: int, node: Node) -> None:
        edges = self._edges(index, node)
        if not edges or bare(node.op) in _EMPTY:
            return
        sort = self._sort(node)
        if sort is None and len({e.root for e in edges}) == 1:
            for value in node.outs:
                self.root[value] = edges[0].root
            return
        if sort is None:
            sort = "add" if kind(node) == "add" and len(edges) == 2 else "other"
        elif sort in ("conv", "linear", "norm"):
            edges = edges[:1]
        for value in node.outs:
            self.root[value] = value
            self.by_value[value] = Station(value, sort, index, edges)

    def _edges(self, index: int, node: Node) -> tuple[Edge, ...]:
        network = self.network
        layer = network.layer_by_out.get(node.outs[0])
        taken = [layer.data] if layer is not None else network.sources[index]
        if layer is not None and kind(node) == "conv":
            taken = [self._unpadded(layer.data)]
        return tuple(Edge(self.root[v], v) for v in taken if v in self.root)

    def _sort(self, node: Node) -> Sort | None:
        """None for what is done value by value, or joins values one by one."""
        what, name = kind(node), bare(node.op)
        layer = self.network.layer_by_out.get(node.outs[0])
        if layer is not None:
            return "conv" if what == "conv" else "linear"
        if name == "batch_norm":
            return "norm"
        if what == "pool" or name in _POOLS:
            return "pool"
        several = name not in ("max", "min") or len(list(references(node.args))) > 1
        if name in _ELEMENTWISE and several:
            return None
        return None if what in _BY_VALUE and name not in _ALONG_AXES else "other"

    def _unpadded(self, value: int) -> int:
        """What a convolution is given, before zeros are laid around the picture (padding that a
        framework does apart); channels added are no such padding."""
        network = self.network
        root = self.root.get(value, value)
        station = self.by_value.get(root)
        if station is None or station.index < 0 or len(station.edges) != 1:
            return value
        node = network.nodes[station.index]
        if kind(node) != "pad" or _pad_value(node) not in (None, 0, 0.0):
            return value
        before, after = network.shape(station.edges[0].value), network.shape(root)
        grown = [a != b for a, b in zip(before, after, strict=False)]
        around = len(before) == len(after) == 4 and sum(grown) <= 2
        if around and (not grown[1] or not grown[3]):
            # (n, c, h, w), or (n, h, w, c) that is turned afterwards
            del self.by_value[root]
            self.root[root] = station.edges[0].root
            return station.edges[0].value
        return value

    def _conv(self, station: Station) -> Conv:
        network = self.network
        node = network.nodes[station.index]
        layer = network.layer_by_out[station.out]
        weight = network.shape(layer.weight)
        operands = {"bias": 2, "stride": 3, "dilation": 5, "groups": 6}
        given = {
            name: node.named.get(name, node.args[place] if len(node.args) > place else None)
            for name, place in operands.items()
        }
        turned = "transpose" in bare(node.op)
        groups = 1 if given["groups"] is None else given["groups"]
        kernel = weight[2:4] if len(weight) == 4 else (0, 0)
        bias = next(iter(references(given["bias"])), None)
        return Conv(
            into=(weight[0] if turned else weight[1] * groups) if len(weight) > 1 else 0,
            out=(weight[1] if turned else weight[0]) if len(weight) > 1 else 0,
            kernel=(kernel[0], kernel[1]),
            stride=_pair(given["stride"]),
            plain=groups == 1 and _pair(given["dilation"]) == (1, 1) and not turned,
            bias=bias,
            weight=layer.weight,
        )


def _pair(given: Any) -> tuple[int, int]:
    """A stride or dilation as (height, width); (1, 1) when it is not given."""
    if isinstance(given, dict):
        given = next(iter(given.values()), None)
    if isinstance(given, list):
        numbers = [n for n in given if isinstance(n, int)]
        if numbers:
            return numbers[0], numbers[-1]
    return (given, given) if isinstance(given, int) else (1, 1)


def _pad_value(node: Node) -> Any:
    """What is laid around: a number, or the name of a way that is not constant."""
    mode = node.named.get("mode", node.args[2] if len(node.args) > 2 else "constant")
    if mode != "constant":
        return mode
    return node.named.get("value", node.args[3] if len(node.args) > 3 else None)
