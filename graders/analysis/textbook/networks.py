"""Notebooks 10.2 and 10.5: is the convolutional network the one asked for?

By what it computes: the shapes of each layer's weights and output, and what becomes of numbers of
ours between one layer and the next. So it does not matter how the network is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graders.analysis.network import Network
from graders.analysis.operations import bare, kind
from graders.analysis.reading import Reading
from graders.analysis.textbook import network_gaps
from graders.analysis.textbook.network_gaps import Gap
from graders.analysis.textbook.todo import Judgement
from graders.language import _

Shape = tuple[int, ...]
MOST_TRIED = 8  # networks of the right shapes, the last ones


@dataclass(frozen=True)
class Wanted:
    """A network as a notebook asks for it.

    `layers` are the shapes of each layer's weights and output (without the batch), `gaps` what lies
    between two of them, `dropout` the number of the layer that a dropout of whole channels stands
    behind. `handed_out` are the weights of the network that stands in the notebook to begin with;
    `data` names the images or signals that it is trained on.
    """

    words: str
    layers: tuple[tuple[Shape, Shape], ...]
    gaps: tuple[Gap, ...]
    softmax: bool
    handed_out: tuple[Shape, ...]
    data: str
    dropout: int | None = None


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
            gaps=(Gap(), Gap(), Gap()),
            softmax=False,
            handed_out=((100, 40), (100, 100), (10, 100)),
            data="mnist1d",
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
            gaps=(Gap(pooled=True), Gap(pooled=True), Gap()),
            softmax=True,
            handed_out=((2, 1, 3, 3), (10, 338)),
            data="mnist",
            dropout=2,
        )
    raise LookupError(f"there is no network of {name}")


def built(reading: Reading, asked: Wanted) -> Judgement:
    """Is one of the networks that were called the one asked for? Else says what the one that comes
    nearest lacks."""
    nearest, said = -1, _("no network was seen in the notebook")
    tried = 0
    unclear: Judgement | None = None
    for network in _networks(reading):
        right, lacks = shapes_right(network, asked)
        judgement = Judgement(False, lacks)
        if not lacks:
            tried += 1
            if tried > MOST_TRIED:
                break
            judgement = _inside(reading, network, asked)
        if judgement.holds:
            return judgement
        if judgement.holds is None and unclear is None:
            unclear = judgement
        if right > nearest:
            nearest, said = right, judgement.observed
    return unclear or Judgement(False, said)


def _networks(reading: Reading) -> Iterator[Network]:
    """Networks that could be called and those that were trained, the last ones first."""
    seen = [(drawn.graph.moment, drawn.network) for drawn in reading.drawn]
    seen += [(run.run.last_moment, run.network) for run in reading.runs if run.network is not None]
    for _moment, network in sorted(seen, key=lambda pair: -pair[0]):
        yield network


def shapes_right(network: Network, asked: Wanted) -> tuple[int, str]:
    """How many layers have the weights and output asked for, and what the first other one has
    instead ("" when all are right)."""
    found = [
        (weights_of(network, n), network.shape(x.out)[1:]) for n, x in enumerate(network.layers)
    ]
    right = sum(ours == theirs for ours, theirs in zip(found, asked.layers, strict=False))
    if len(found) != len(asked.layers):
        words = _("{n} layers with weights, where {wanted} are asked for")
        return right, words.format(n=len(found), wanted=len(asked.layers))
    for number, (ours, theirs) in enumerate(zip(found, asked.layers, strict=True), 1):
        if ours != theirs:
            words = _(
                "layer {number}: weights {found} and output {given}, where {weight} and {out} are "
                "asked for"
            )
            return right, words.format(
                number=number,
                found=_words(ours[0]),
                given=_words(ours[1]),
                weight=_words(theirs[0]),
                out=_words(theirs[1]),
            )
    return right, ""


def weights_of(network: Network, number: int) -> Shape:
    """Shape of a layer's weights, outputs first."""
    layer = network.layers[number]
    shape = network.shape(layer.weight)
    return shape[::-1] if layer.transposed else shape


def _inside(reading: Reading, network: Network, asked: Wanted) -> Judgement:
    """What lies between the layers of a network of the right shapes, and behind the last one."""
    for number, gap in enumerate(asked.gaps):
        judgement = network_gaps.between(network, reading.blobs, number, gap)
        if judgement is not None:
            return judgement
    judgement = _end(reading, network, asked) or _dropped(network, asked)
    return judgement or Judgement(True, _("all layers are as asked for"))


def _end(reading: Reading, network: Network, asked: Wanted) -> Judgement | None:
    """What is wrong behind the last layer; None when nothing is."""
    end = network_gaps.end_of(network, reading.blobs)
    if end == "unknown":
        return Judgement(None, _("what comes behind the last layer could not be computed again"))
    if not asked.softmax:
        if end in ("plain", "log_softmax"):  # the loss's own, once more, changes nothing
            return None
        return Judgement(False, _("something comes behind the last layer, which is not asked for"))
    if end in ("softmax", "log_softmax"):
        return None
    if end == "softmax_of_rows":
        return Judgement(False, _("the softmax is over the rows, not over the ten classes"))
    if end == "plain" and _softmax_in_loss(reading, network):
        return None
    return Judgement(False, _("no softmax at the end"))


def _softmax_in_loss(reading: Reading, network: Network) -> bool:
    """Was it trained with a loss that applies a softmax to what it gives?"""
    model = network.graph.model
    tapes = [r.network for r in reading.runs if r.network is not None]
    mine = [t for t in tapes if t is network or (model is not None and t.graph.model == model)]
    nodes = [node for tape in mine for node in tape.nodes]
    return any(bare(n.op) in ("cross_entropy", "log_softmax", "logsumexp") for n in nodes)


def _dropped(network: Network, asked: Wanted) -> Judgement | None:
    """What is wrong with the dropouts; None when nothing is."""
    places = [
        (_layers_before(network, node.outs[0]), bare(node.op))
        for node in network.nodes
        if node.outs and node.outs[0] in network.alive and kind(node) == "dropout"
    ]
    if asked.dropout is None:
        return Judgement(None, _("it has dropout, which is not asked for")) if places else None
    mine = [name for place, name in places if place == asked.dropout]
    if not mine:
        return Judgement(False, _("no dropout behind layer {n}").format(n=asked.dropout))
    if len(mine) < len(places):
        return Judgement(None, _("it has more dropouts than are asked for"))
    if not any("2d" in name or "feature" in name for name in mine):
        words = _("its dropout is of single numbers, where one of whole channels is asked for")
        return Judgement(None, words)
    return None


def _layers_before(network: Network, value: int) -> int:
    above = network.ancestors(value)
    return sum(layer.out in above for layer in network.layers)


def _words(shape: Shape) -> str:
    return " x ".join(map(str, shape)) or "1"
