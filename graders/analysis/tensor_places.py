"""Which tensor stands where in a network: kernels, biases, gains, shifts and moving statistics?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graders.analysis.conv_nets import ConvNet
from graders.analysis.network import references
from graders.analysis.operations import kind
from graders.analysis.picture_words import operation_in_words
from graders.analysis.pretrained import Part
from graders.analysis.stations import Edge, Station
from graders.evidence.model import Leaf
from graders.language import _

_FUNCTIONAL: tuple[Part, ...] = ("mean", "variance", "gamma", "beta")  # F.batch_norm(x, ...)
_PLAIN: tuple[Part, ...] = ("gamma", "beta", "mean", "variance")  # torch.batch_norm(x, ...)
_NAMES: dict[str, Part] = {
    "running_mean": "mean",
    "running_var": "variance",
    "weight": "gamma",
    "bias": "beta",
}


@dataclass(frozen=True)
class TensorPlace:
    """`part` of a station that a tensor is; `block` counts from 1, 0 outside of blocks."""

    part: Part
    leaf: Leaf
    shape: tuple[int, ...]
    station: Station
    block: int
    layer: str

    @property
    def words(self) -> str:
        """ "kernel of Conv 3x3 16→64 in block 1" """
        if self.block:
            return _("{part} of {layer} in block {n}").format(
                part=self.part, layer=self.layer, n=self.block
            )
        return _("{part} of {layer}").format(part=self.part, layer=self.layer)


def tensor_places(net: ConvNet) -> tuple[TensorPlace, ...]:
    """Every tensor of the network's layers, in order of computation; a tensor that is made of
    several others has no place."""
    blocks = {
        step.station.out: number
        for number, block in enumerate(net.blocks, 1)
        for step in (*block.main, *block.skip)
    }
    found: dict[int, TensorPlace] = {}
    for station in net.stations.in_order:
        if station.sort not in ("conv", "norm", "linear"):
            continue
        layer = operation_in_words(net, station)
        for part, value in _parts(net, station):
            leaves = net.network.weight_leaves(value)
            if len(leaves) == 1:
                place = TensorPlace(
                    part=part,
                    leaf=leaves[0],
                    shape=net.network.shape(leaves[0].value),
                    station=station,
                    block=blocks.get(station.out, 0),
                    layer=layer,
                )
                found.setdefault(leaves[0].uid, place)
    return tuple(found.values())


def _parts(net: ConvNet, station: Station) -> Iterator[tuple[Part, int]]:
    network = net.network
    node = network.nodes[station.index]
    if station.sort == "norm":
        order = _PLAIN if node.op.startswith("torch.") else _FUNCTIONAL
        for part, given in zip(order, node.args[1:5], strict=False):
            yield from ((part, v) for v in references(given))
        for name, given in node.named.items():
            if name in _NAMES:
                yield _NAMES[name], next(iter(references(given)), -1)
        return
    for value in network.sources[station.index]:
        if value not in network.fed:
            yield ("kernel" if len(network.shape(value)) > 1 else "bias"), value
    for edge in _left(net, station):
        for inner in net.stations.between(edge):
            if kind(inner) == "add":
                sources = network.sources[network.producer[inner.outs[0]]]
                yield from (("bias", v) for v in sources if v not in network.fed)


def _left(net: ConvNet, station: Station) -> list[Edge]:
    """Edges on which a station's output goes on."""
    stations = net.stations
    edges = [e for s in stations.in_order for e in s.edges if e.root == station.out]
    if stations.end is not None and stations.end.root == station.out:
        edges.append(stations.end)
    return [e for e in dict.fromkeys(edges) if e.root != e.value]
