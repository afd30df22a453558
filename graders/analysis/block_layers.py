"""Which biases and activations are in the network?"""

from __future__ import annotations

from collections.abc import Iterator

from graders.analysis.conv_nets import ConvNet
from graders.analysis.judged_blocks import SHOWN, cells_of, judged_nets, no_blocks, nothing_seen
from graders.analysis.operations import kind
from graders.analysis.picture_words import conv_in_words
from graders.analysis.pointwise import OTHER, UNKNOWN
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.stations import Edge
from graders.language import _, ngettext


def biases(reading: Reading) -> Answer:
    """Whether no convolution adds a vector, its own or one by hand."""
    nets = judged_nets(reading)
    if not nets:
        return nothing_seen(reading) or no_blocks(reading)
    faults = [fault for net in nets for fault in _biased(net)]
    count = sum(len(net.stations.convs) for net in nets)
    if faults:
        words = ngettext(
            "{n} of {all} convolutions has a bias: {shown}",
            "{n} of {all} convolutions have a bias: {shown}",
            len(faults),
        ).format(n=len(faults), all=count, shown=", ".join(faults[:SHOWN]))
        return Answer(False, words, cells_of(reading))
    return Answer(True, _("none of {n} convolutions has a bias").format(n=count), cells_of(reading))


def _biased(net: ConvNet) -> Iterator[str]:
    stations = net.stations
    left = [e for s in stations.in_order for e in s.edges]
    if stations.end is not None:
        left.append(stations.end)
    for out, conv in stations.convs.items():
        by_hand = any(_adds_a_vector(net, edge) for edge in left if edge.root == out)
        if conv.bias is not None or by_hand:
            yield conv_in_words(conv)


def _adds_a_vector(net: ConvNet, edge: Edge) -> bool:
    network = net.network
    if edge.root == edge.value:
        return False
    for node in net.stations.between(edge):
        index = network.producer[node.outs[0]]
        if kind(node) != "add":
            continue
        for source in network.sources[index]:
            leaves = network.weight_leaves(source) if source not in network.fed else []
            if any(net.is_weight(leaf) for leaf in leaves):
                return True
    return False


def activations(reading: Reading, name: str) -> Answer:
    """Whether every function between two layers that is not linear is the named one."""
    nets = judged_nets(reading)
    if not nets:
        return nothing_seen(reading) or no_blocks(reading)
    names: dict[str, int] = {}
    for net in nets:
        for edge in _inner_edges(net):
            if net.functions.is_activation(edge) is not False:
                called = net.functions.name(edge)
                names[called] = names.get(called, 0) + 1
        unknown = len(net.unknown_layers)
        if unknown:
            names[UNKNOWN] = names.get(UNKNOWN, 0) + unknown
    cells = cells_of(reading)
    if not names:
        return Answer(False, _("there is no activation in the network"), cells)
    shown = ", ".join(f"{n} x {_named(called)}" for called, n in sorted(names.items()))
    others = set(names) - {name}
    return Answer(None if others == {UNKNOWN} else not others, shown, cells)


def _named(function: str) -> str:
    if function == UNKNOWN:
        return _("a function that could not be computed again")
    return _("another function") if function == OTHER else function


def _inner_edges(net: ConvNet) -> list[Edge]:
    """Edges behind the first convolution, the ones after a dense layer that gives the answer
    aside."""
    stations = net.stations
    first = next((s.index for s in stations.in_order if s.sort == "conv"), 0)
    begin = next((b.start for b in net.blocks), None) if len(net.blocks) == 1 else None
    found = [
        edge
        for s in stations.in_order
        for edge in s.edges
        if stations.by_value[edge.root].index >= first or edge.root == begin
    ]
    end = stations.end
    if end is not None and stations.by_value[end.root].sort != "linear":
        found.append(end)
    return list(dict.fromkeys(found))
