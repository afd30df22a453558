"""Whose residual blocks are judged? The network's, else those that were tried alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graders.analysis.conv_nets import ConvNet
from graders.analysis.operations import kind
from graders.analysis.picture_blocks import PictureBlock
from graders.analysis.picture_words import block_in_words, operation_in_words
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.stations import Conv
from graders.language import _

SHOWN = 4  # layers named in a message


@dataclass(frozen=True)
class Found:
    """A residual block with the network that it was seen in."""

    net: ConvNet
    block: PictureBlock

    @property
    def convs(self) -> tuple[Conv, ...]:
        return self.block.convs(self.net.stations)

    @property
    def channels(self) -> tuple[int, int]:
        """Into the block, and out of it."""
        return self.convs[0].into, self.convs[-1].out

    @property
    def words(self) -> str:
        return block_in_words(self.net, self.block)


def blocks_of(reading: Reading) -> tuple[Found, ...]:
    """The network's residual blocks; those that were tried alone when no network has any."""
    net = reading.conv_net
    if net is not None and len(net.blocks) > 1:
        return tuple(Found(net, block) for block in net.blocks)
    return tuple(Found(n, block) for n in reading.conv_nets for block in n.blocks)


def loose_ends(found: Sequence[Found]) -> str:
    """What joins ways in these blocks' networks and ends no block that is known, in words."""
    nets = {id(b.net): b.net for b in found}.values()
    names = [
        operation_in_words(net, station)
        for net in nets
        for station in net.stations.loose_joins([block.end for block in net.blocks])
    ]
    if not names:
        return ""
    shown = ", ".join(dict.fromkeys(names))
    return _("ways are joined by: {names}").format(names=shown)


def cells_of(reading: Reading) -> tuple[int, ...]:
    """The cell in which the network (or the first block) was first seen."""
    net = reading.conv_net
    if net is None:
        return ()
    seen = next((m for m in reading.evidence.models if m.uid == net.model), None)
    return (reading.cell(seen.cell if seen is not None else net.graph.cell),)


def nothing_seen(reading: Reading) -> Answer | None:
    """What is said when there is no convolutional network at all."""
    if reading.conv_net is not None:
        return None
    return Answer(None, _("no convolutional network was seen at work in the notebook"))


def judged_nets(reading: Reading) -> tuple[ConvNet, ...]:
    """The network, or all blocks that were tried alone when no network has any."""
    net = reading.conv_net
    if net is not None and (len(net.blocks) > 1 or not any(n.blocks for n in reading.conv_nets)):
        return (net,)
    return tuple({id(b.net): b.net for b in blocks_of(reading)}.values())


def no_blocks(reading: Reading) -> Answer:
    """A network of convolutions in which nothing is added to what it was made of."""
    net = reading.conv_net
    joins = [s for s in net.stations.of_sort("other") if len(s.edges) > 1] if net else []
    words = _("no residual block: no sum joins a value with convolutions of it")
    if joins and net is not None:
        # ways that are joined in a manner of its own may well be sums
        names = ", ".join(dict.fromkeys(operation_in_words(net, s) for s in joins[:SHOWN]))
        words += "; " + _("ways are joined by: {names}").format(names=names)
        known = all(kind(net.network.nodes[s.index]) in ("concat", "multiply") for s in joins)
        return Answer(False if known else None, words, cells_of(reading))
    return Answer(False, words, cells_of(reading))


def cut(words: str) -> str:
    return words if len(words) <= 600 else words[:600] + "…"
