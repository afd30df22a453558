"""Notebooks 10.2 and 10.5: is the convolutional network the one asked for, and did it learn?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from graders.analysis.network import Network
from graders.analysis.operations import bare, kind
from graders.analysis.reading import Reading
from graders.analysis.runs import trend
from graders.analysis.textbook.todo import Judgement
from graders.language import _

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Wanted:
    """A network as a notebook asks for it: the shapes of each layer's weights and output (without
    the batch), how often the rest stands in it, and all of it in words."""

    words: str
    layers: tuple[tuple[Shape, Shape], ...]
    pools: int = 0
    dropouts: int = 0
    softmax: bool = False


def wanted(name: str) -> Wanted:
    """What notebook "nb10_2" or "nb10_5" asks for. Raises LookupError for another."""
    if name == "nb10_2":
        return Wanted(
            words=_(
                "three convolutions of size 3, stride 2 and 15 channels, a ReLU after each, and a "
                "linear layer from 60 to 10"
            ),
            layers=(
                ((15, 1, 3), (15, 19)),
                ((15, 15, 3), (15, 9)),
                ((15, 15, 3), (15, 4)),
                ((10, 60), (10,)),
            ),
        )
    if name == "nb10_5":
        return Wanted(
            words=_(
                "two convolutions of size 5 (10 and 20 channels), each pooled and rectified, "
                "dropout behind the second, linear layers from 320 to 50 and to 10, a softmax"
            ),
            layers=(
                ((10, 1, 5, 5), (10, 24, 24)),
                ((20, 10, 5, 5), (20, 8, 8)),
                ((50, 320), (50,)),
                ((10, 50), (10,)),
            ),
            pools=2,
            dropouts=1,
            softmax=True,
        )
    raise LookupError(f"there is no network of {name}")


def built(reading: Reading, asked: Wanted) -> Judgement:
    """Is one of the networks that could be called the one asked for? Says what the last lacks."""
    said = _("no network was seen in the notebook")
    for seen in reversed(reading.drawn):
        lacks = _lacks(seen.network, asked)
        if not lacks:
            return Judgement(True, _("all layers are as asked for"))
        if said == _("no network was seen in the notebook"):
            said = lacks
    return Judgement(False, said)


def trained(reading: Reading, asked: Wanted) -> Judgement:
    """Did the loss of the network asked for fall in a training run?"""
    runs = [
        run
        for run in reading.runs
        if (run.after is not None and not _lacks(run.after, asked))
        or (run.network is not None and not _lacks(run.network, asked))
    ]
    if not runs:
        trained_other = any(run.moved > 0 for run in reading.runs)
        return Judgement(
            False,
            _("another network was trained")
            if trained_other
            else _("no training of a network was seen"),
        )
    curves = [trend(run.losses) for run in runs if run.moved > 0]
    if not curves:
        return Judgement(False, _("the network's weights do not move"))
    best = min(curves, key=lambda curve: curve.last)
    words = _("the loss goes from {first:.3g} to {last:.3g}")
    return Judgement(best.fell, words.format(first=best.first, last=best.last))


def _lacks(network: Network, asked: Wanted) -> str:
    """What the network has otherwise than asked for; "" when nothing."""
    layers = network.layers
    if len(layers) != len(asked.layers):
        return _("{n} layers with weights, where {wanted} are asked for").format(
            n=len(layers), wanted=len(asked.layers)
        )
    for number, (layer, (weight, out)) in enumerate(zip(layers, asked.layers, strict=True), 1):
        found = network.shape(layer.weight)
        if layer.transposed:
            found = found[::-1]
        given = network.shape(layer.out)[1:]
        if found != weight or given != out:
            return _(
                "layer {number}: weights {found} and output {given}, where {weight} and {out} are "
                "asked for"
            ).format(
                number=number,
                found=_words(found),
                given=_words(given),
                weight=_words(weight),
                out=_words(out),
            )
    kinds = [
        (kind(node), bare(node.op))
        for node in network.nodes
        if node.outs and node.outs[0] in network.alive
    ]
    places = [layer.node for layer in layers]
    rectified = [
        any(
            kind(node) == "activation" and bare(node.op).startswith(("relu", "clamp", "maximum"))
            for node in network.nodes[first:last]
        )
        for first, last in pairwise(places)
    ]
    if not all(rectified):
        return _("no ReLU between layers {a} and {b}").format(
            a=rectified.index(False) + 1, b=rectified.index(False) + 2
        )
    pools = sum(what == "pool" for what, _name in kinds)
    dropouts = sum(what == "dropout" for what, _name in kinds)
    if pools != asked.pools:
        return _("{n} poolings, where {wanted} are asked for").format(n=pools, wanted=asked.pools)
    if dropouts != asked.dropouts:
        return _("{n} dropouts, where {wanted} are asked for").format(
            n=dropouts, wanted=asked.dropouts
        )
    if asked.softmax and not any("softmax" in name for _what, name in kinds):
        return _("no softmax at the end")
    return ""


def _words(shape: Shape) -> str:
    return " x ".join(map(str, shape)) or "1"
