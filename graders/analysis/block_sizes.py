"""What makes the pictures smaller on their way through the network?"""

from __future__ import annotations

from graders.analysis.conv_nets import ConvNet
from graders.analysis.judged_blocks import (
    Found,
    cells_of,
    cut,
    judged_nets,
    no_blocks,
    nothing_seen,
)
from graders.analysis.picture_words import operation_in_words
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.stations import Station
from graders.language import _, ngettext


def reductions(reading: Reading) -> Answer:
    """Whether pictures shrink by the stride of one convolution of a block's main way (and of its
    projection), and by nothing else."""
    nets = judged_nets(reading)
    if not nets:
        return nothing_seen(reading) or no_blocks(reading)
    faults, strided = [], 0
    for net in nets:
        faults += [
            _("pictures are made smaller by: {name}").format(name=operation_in_words(net, s))
            for s in _resizing(net)
        ]
        for block in net.blocks:
            found = Found(net, block)
            steps = [c.stride for c in found.convs if c.stride != (1, 1)]
            strided += bool(steps)
            if len(steps) > 1:
                faults.append(
                    _("a stride in {n} convolutions of a block's main way ({block})").format(
                        n=len(steps), block=found.words
                    )
                )
    cells = cells_of(reading)
    if faults:
        return Answer(False, cut("; ".join(dict.fromkeys(faults))), cells)
    if not any(net.blocks for net in nets):
        return no_blocks(reading)
    words = ngettext(
        "{n} block makes pictures smaller, by a stride in one convolution",
        "{n} blocks make pictures smaller, each by a stride in one convolution",
        strided,
    ).format(n=strided)
    whole = len(nets) == 1 and len(nets[0].blocks) > 1
    return Answer(True if strided else False if whole else None, words, cells)


def _resizing(net: ConvNet) -> list[Station]:
    """Stations that pool, cut or shrink pictures, behind the first convolution (or the input of a
    block that was tried alone) and before the global average."""
    stations = net.stations
    convs = [s.index for s in stations.in_order if s.sort == "conv"]
    alone = len(net.blocks) == 1 and not stations.of_sort("linear")
    begin = -1 if alone else min(convs, default=0)
    return [
        s
        for s in stations.in_order
        if s.index > begin and s.out not in net.head and stations.shrinks(s)
    ]
