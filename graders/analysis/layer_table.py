"""Which rows has the network's table: kind of layer, shape of its output, number of parameters?

Rows are read from what the graph does, from the answer back to the first convolution. What has no
numbers of its own before the first or after the last layer (scaling, softmax) has no row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graders.analysis.conv_nets import ConvNet
from graders.analysis.judged_blocks import cells_of, nothing_seen
from graders.analysis.picture_blocks import PictureBlock
from graders.analysis.picture_words import operation_in_words
from graders.analysis.pointwise import UNKNOWN
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.stations import Edge, Station
from graders.evidence.model import Leaf
from graders.language import _

CONV, BLOCK, NORM, ACTIVATION, AVERAGE, DENSE = (
    "conv", "residual_block", "norm", "activation", "global_average", "dense",
)  # fmt: skip
KINDS = (CONV, BLOCK, NORM, ACTIVATION, AVERAGE, DENSE)
Shapes = Mapping[int, tuple[int, ...]]
UNCLEAR = "?"  # may be an activation


@dataclass(frozen=True)
class Row:
    """`shape` is (height, width, channels), or (features,); `kind` one of KINDS, or the
    framework's word for something else."""

    kind: str
    shape: tuple[int, ...]
    params: int

    @classmethod
    def asked(cls, given: Mapping[str, Any]) -> Row:
        """A row as a rubric writes it: {kind, shape, params}. Raises ValueError."""
        if given.get("kind") not in KINDS or set(given) - {"params"} != {"kind", "shape"}:
            raise ValueError(f"a row is a kind of {KINDS}, a shape and a number of parameters")
        return cls(str(given["kind"]), tuple(given["shape"]), int(given.get("params", 0)))

    @property
    def words(self) -> str:
        """ "residual block, output 16x16x128, 230,144 parameters" """
        return _("{kind}, output {shape}, {params} parameters").format(
            kind=_named(self.kind), shape="x".join(map(str, self.shape)), params=f"{self.params:,}"
        )


def _named(kind: str) -> str:
    return {
        CONV: _("convolution"),
        BLOCK: _("residual block"),
        NORM: _("batch normalisation"),
        ACTIVATION: _("activation"),
        AVERAGE: _("global average pooling"),
        DENSE: _("dense layer"),
        UNCLEAR: _("a function that could not be computed again"),
    }.get(kind, kind)


def rows_of(net: ConvNet, shapes: Shapes = MappingProxyType({})) -> tuple[Row, ...]:
    """The table of a network, from the first convolution to the last layer. `shapes` of tensors,
    by identity, take the place of those that it was drawn with."""
    table = _Table(net, shapes)
    rows = table.rows()
    first = next((i for i, row in enumerate(rows) if row.kind in (CONV, BLOCK)), 0)
    last = max((i for i, row in enumerate(rows) if row.params), default=-1)
    return tuple(rows[first : last + 1])


def table(reading: Reading, rows: Sequence[Mapping[str, Any]]) -> Answer:
    """Whether the network's table is the asked one; the first row that differs is named."""
    net = reading.conv_net
    if net is None:
        return nothing_seen(reading) or Answer(None, "")
    loaded = reading.loaded
    namesake = loaded.copy.shapes if loaded is not None and loaded.net is net else {}
    expected, observed = [Row.asked(row) for row in rows], rows_of(net, namesake)
    cells = cells_of(reading)
    difference = first_difference(expected, observed)
    unclear = any(row.kind == UNCLEAR for row in observed)
    if difference is None:
        words = _("all {n} rows of the table agree").format(n=len(expected))
        return Answer(None if unclear else True, words, cells)
    want, seen = difference.expected, difference.observed
    words = _("row {n} differs: {seen}; expected: {want}").format(
        n=difference.number,
        seen=seen.words if seen else _("there is none"),
        want=want.words if want else _("no further row"),
    )
    if seen is not None and difference.number == len(expected) and _answered(reading, want):
        # a network with these outputs was called and not drawn; this one is a later one
        return Answer(None, words, cells)
    return Answer(None if unclear else False, words, cells)


def _answered(reading: Reading, want: Row | None) -> bool:
    """True when a network that was not drawn answered with as many numbers as the row has."""
    drawn = {net.model for net in reading.conv_nets}
    for passed in reading.evidence.passes:
        if want is None or passed.model in drawn or not reading.blobs.has(passed.outputs):
            continue
        if reading.blobs.load(passed.outputs or "").shape[1:] == want.shape:
            return True
    return False


@dataclass(frozen=True)
class Difference:
    """The first row (from 1) that differs; a row that is missing is None."""

    number: int
    expected: Row | None
    observed: Row | None


def first_difference(expected: Sequence[Row], observed: Sequence[Row]) -> Difference | None:
    """None when both tables say the same; an unclear row may be an activation."""
    for number in range(max(len(expected), len(observed))):
        want = expected[number] if number < len(expected) else None
        seen = observed[number] if number < len(observed) else None
        if want is None or seen is None or not _alike(want, seen):
            return Difference(number + 1, want, seen)
    return None


def _alike(want: Row, seen: Row) -> bool:
    kinds = (seen.kind, ACTIVATION) if seen.kind == UNCLEAR else (seen.kind,)
    return want.kind in kinds and want.shape == seen.shape and want.params == seen.params


class _Table:
    """Walks from the answer to the input."""

    def __init__(self, net: ConvNet, shapes: Shapes) -> None:
        self.net, self.shapes = net, shapes
        self.blocks = {block.end: block for block in net.blocks}

    def rows(self) -> list[Row]:
        found: list[Row] = []
        edge = self.net.stations.end
        while edge is not None:
            found += self._function(edge)
            station = self.net.stations.by_value[edge.root]
            row, edge = self._station(station, edge)
            if row is not None:
                found.append(row)
        return found[::-1]

    def _function(self, edge: Edge) -> list[Row]:
        """A row for an activation."""
        holds = self.net.functions.is_activation(edge)
        params = self._edge_params(edge)
        if holds is False and (not params or self._belongs(edge)):
            return []
        if holds is None and self.net.functions.name(edge) != UNKNOWN:
            return []
        kind = UNCLEAR if holds is None else ACTIVATION if holds else _("scaling")
        return [Row(kind, self._shape(edge.root), params)]

    def _belongs(self, edge: Edge) -> bool:
        """True when what is added behind a layer is its bias, written by hand."""
        sort = self.net.stations.by_value[edge.root].sort
        return sort in ("conv", "linear") and self.net.functions.is_activation(edge) is False

    def _station(self, station: Station, leaving: Edge) -> tuple[Row | None, Edge | None]:
        """Its row, and the edge by which it is entered."""
        if station.sort == "input":
            return None, None
        block = self.blocks.get(station.out)
        if block is not None:
            return Row(BLOCK, self._shape(station.out), self._block_params(block)), block.main[
                0
            ].edge
        edge = station.way
        shape, params = self._shape(station.out), self._params(station)
        params += self._edge_params(leaving) if self._belongs(leaving) else 0
        if station.out in self.net.head:
            while edge is not None and edge.root in self.net.head:
                station = self.net.stations.by_value[edge.root]
                edge = station.way
            return Row(AVERAGE, shape, params), edge
        kind = {"conv": CONV, "norm": NORM, "linear": DENSE}.get(station.sort)
        if kind is None and not params and station in self.net.unknown_layers:
            kind = UNCLEAR
        return Row(kind or operation_in_words(self.net, station), shape, params), edge

    def _shape(self, value: int) -> tuple[int, ...]:
        """(height, width, channels) of a station's output, or (features,)."""
        station = self.net.stations.by_value[value]
        shape = self.net.network.shape(value)[1:]
        if value in self.net.head:
            return (math.prod(shape),)
        block = self.blocks.get(value)
        if block is not None:
            return self._shape(block.main_end.root)
        if station.sort in ("conv", "norm") and len(shape) == 3:
            return (*shape[1:], shape[0])
        return self._outputs(station, shape) if station.sort == "linear" else shape

    def _outputs(self, station: Station, drawn: tuple[int, ...]) -> tuple[int, ...]:
        """What a dense layer gives, as the shape of its kernel says."""
        layer = self.net.network.layer_by_out[station.out]
        for leaf in self.net.network.weight_leaves(layer.weight):
            own, other = self.net.network.shape(leaf.value), self.shapes.get(leaf.uid, ())
            for before, after in zip(own, other, strict=False):
                if before != after and drawn[-1:] == (before,):
                    return (*drawn[:-1], after)
        return drawn

    # -- numbers that are learnt, or counted along -------------------------------------------
    def _params(self, station: Station) -> int:
        network = self.net.network
        fed = network.fed
        own = [v for v in network.sources[station.index] if v not in fed]
        return self._size([leaf for v in own for leaf in network.weight_leaves(v)])

    def _edge_params(self, edge: Edge) -> int:
        network = self.net.network
        if edge.root == edge.value:
            return 0
        leaves: list[Leaf] = []
        for node in self.net.stations.between(edge):
            for source in network.sources[network.producer[node.outs[0]]]:
                if source not in network.fed:
                    leaves += network.weight_leaves(source)
        return self._size([leaf for leaf in leaves if self.net.is_weight(leaf)])

    def _block_params(self, block: PictureBlock) -> int:
        steps = [*block.main, *block.skip]
        inner = [step.edge for step in steps if step.edge.root != block.start]
        edges = dict.fromkeys([*inner, block.main_end, block.skip_end])
        stations = {step.station.out: step.station for step in steps}
        return sum(map(self._params, stations.values())) + sum(map(self._edge_params, edges))

    def _size(self, leaves: Sequence[Leaf]) -> int:
        network = self.net.network
        own = {leaf.uid: leaf for leaf in leaves if leaf.role != "input"}
        return sum(
            math.prod(self.shapes.get(uid, network.shape(leaf.value))) for uid, leaf in own.items()
        )
