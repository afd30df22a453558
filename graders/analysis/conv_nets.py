"""Which convolutional networks were seen, and which is the one that the exercises are about?"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch

from graders.analysis.network import Network
from graders.analysis.operations import kind
from graders.analysis.picture_blocks import PictureBlock, picture_blocks
from graders.analysis.pointwise import Functions
from graders.analysis.pretrained import PretrainedBook
from graders.analysis.replay import Replay, ReplayError
from graders.analysis.stations import Edge, Station, Stations
from graders.evidence.model import Evidence, Graph, Leaf
from graders.evidence.reading import Blobs


@dataclass(frozen=True)
class ConvNet:
    """A network with convolutions; `model` is None for one that no module holds as a whole."""

    graph: Graph
    network: Network
    model: int | None
    blobs: Blobs = field(repr=False)

    @cached_property
    def stations(self) -> Stations:
        return Stations(self.network)

    @cached_property
    def functions(self) -> Functions:
        return Functions(self.network, self.blobs)

    @cached_property
    def blocks(self) -> tuple[PictureBlock, ...]:
        """Residual blocks, in order of computation."""
        return picture_blocks(self.stations, self.functions)

    @cached_property
    def head(self) -> frozenset[int]:
        """Outputs of the stations that make one number of each channel before the answer; empty
        when what stands there is no average over the whole picture."""
        stations = self.stations
        if stations.end is None:
            return frozenset()
        region: list[Station] = []
        taken = stations.end
        for station, edge in stations.way_back(stations.end.root):
            flat = len(self.network.shape(station.out)) == 2
            if edge is None or not (station.sort in ("linear", "pool", "other") or flat):
                break
            if station.sort in ("linear", "norm"):
                region, taken = [], edge
            else:
                region.append(station)
        maxima = any("max" in stations.name(s) for s in region)
        averages = region and not maxima and self._is_average(region[-1].edges[0], taken)
        return frozenset(s.out for s in region) if averages else frozenset()

    @cached_property
    def unknown_layers(self) -> tuple[Station, ...]:
        """What stands behind the first convolution and may be an activation: operations that are
        not known, make nothing smaller and have one way in."""
        stations = self.stations
        convs = [s.index for s in stations.in_order if s.sort == "conv"]
        return tuple(
            s
            for s in stations.of_sort("other")
            if min(convs, default=0) < s.index < max(convs, default=0)
            and s.way is not None
            and kind(self.network.nodes[s.index]) == "other"
            and not stations.shrinks(s)
        )

    def _is_average(self, before: Edge, after: Edge) -> bool:
        """True when a value is the mean over the whole picture, of each channel; also when it
        cannot be computed again and is as large as that."""
        shape = self.network.shape(before.value)
        ways: dict[int, tuple[tuple[int, ...], ...]] = {4: ((2, 3), (1, 2)), 3: ((2,), (1,))}
        numbers = torch.randn(
            shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64
        )
        means = [numbers.mean(dim=axes).reshape(-1) for axes in ways.get(len(shape), ())]
        try:
            with torch.no_grad():
                (made,) = Replay(self.network, self.blobs).compute(
                    [after.value], {before.value: numbers}
                )
        except ReplayError:
            return math.prod(self.network.shape(after.value)) in [len(mean) for mean in means]
        flat = made.reshape(-1)
        return any(len(m) == len(flat) and torch.allclose(m, flat, atol=1e-5) for m in means)

    def is_weight(self, leaf: Leaf) -> bool:
        """True for a tensor of a model, and for numbers beside one that are no single constant."""
        seen = self.network.graph.values[leaf.value]
        owned = leaf.role in ("parameter", "buffer") or seen.requires_grad
        return owned or (leaf.role == "constant" and math.prod(seen.shape) > 1)

    @property
    def outputs(self) -> int:
        """Numbers in the answer to one picture; 0 when it has no rows."""
        shape = self.network.shape(self.network.output or -1)
        return shape[-1] if len(shape) == 2 else 0

    @cached_property
    def uids(self) -> frozenset[int]:
        """Identities of the tensors that the answer rests on."""
        alive = self.network.ancestors(self.network.output or -1)
        return frozenset(
            leaf.uid
            for value, leaf in self.network.leaves.items()
            if value in alive and value not in self.network.inputs
        )


def conv_nets(evidence: Evidence, blobs: Blobs) -> tuple[ConvNet, ...]:
    """Networks with convolutions over pictures, in order; states of one network count once. Those
    of training iterations stand in for networks that were not drawn."""
    models = {run.number: run.model for run in evidence.training}
    seen: dict[object, tuple[Graph, int | None]] = {}
    for graph in evidence.graphs:
        if graph.error or not any("conv" in node.op.lower() for node in graph.nodes):
            continue
        model = graph.model if graph.model is not None else models.get(graph.run or -1)
        if graph.model is None and graph.calls:
            model = graph.calls[-1].model if model is None else model
        form = tuple(node.op for node in graph.nodes), tuple(leaf.uid for leaf in graph.leaves)
        seen[graph.why, model, hash(form)] = graph, model
    drawn = {model for graph, model in seen.values() if graph.why == "forward"}
    found = []
    for graph, model in sorted(seen.values(), key=lambda item: item[0].moment):
        if graph.why == "training" and model is not None and model in drawn:
            continue
        net = ConvNet(graph, Network(graph, blobs), model, blobs)
        if _sees_pictures(net):
            found.append(net)
    return tuple(found)


def _sees_pictures(net: ConvNet) -> bool:
    return any(
        len(net.network.shape(conv.out)) == 4
        for conv in net.network.layers
        if conv.out in net.stations.convs
    )


def the_network(
    nets: Sequence[ConvNet], book: PretrainedBook | None, contents: Mapping[int, Collection[str]]
) -> ConvNet | None:
    """The network of the exercises: the one that ever held most of the pretrained arrays, then
    the one with most convolutions, a last layer (cut-off backbones have more outputs), most
    outputs, seen last. `contents` are the digests that each tensor ever had."""

    def held(net: ConvNet) -> int:
        if book is None:
            return 0
        return len(book.held(d for uid in net.uids for d in contents.get(uid, ())))

    def rank(net: ConvNet) -> tuple[int, ...]:
        headed = any(station.sort == "linear" for station in net.stations.by_value.values())
        convs = len(net.stations.convs)
        return held(net), convs, headed, net.outputs, net.graph.moment

    return max(nets, key=rank, default=None)


def contents_of(evidence: Evidence) -> dict[int, set[str]]:
    """Digests of all that each tensor was ever seen to hold, by its identity."""
    found: dict[int, set[str]] = {}
    for state in evidence.states:
        for entry in state.entries:
            found.setdefault(entry.uid, set()).add(entry.digest)
    for graph in evidence.graphs:
        for leaf in graph.leaves:
            if leaf.role != "input":
                found.setdefault(leaf.uid, set()).add(leaf.digest)
    for run in evidence.training:
        for reached in run.reached:
            found.setdefault(reached.uid, set()).update((reached.start, reached.end))
    return found
