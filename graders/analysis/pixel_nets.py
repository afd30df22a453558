"""Which networks give an answer for every pixel of a picture, and which of them differ?

Two networks are the same when the same layers with the same sizes follow each other, whatever they
are called, however long they were trained and in batches of whatever size.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graders.analysis.network import Network, references
from graders.analysis.operations import bare, kind
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun

MAX_CHANNELS = 4  # of a picture
MAX_CLASSES = 64  # of a mask
COARSE = 16  # pixels to an answer: a mask of a quarter of the height may be meant as one
_CLASSES = re.compile(r"entropy|nll|log_?softmax|log1p", re.IGNORECASE)
Form = tuple[tuple[Any, ...], ...]
_LAYERS = ("linear", "matmul", "conv")
_COUNTED = ("pool", "norm", "concat", "add", "dropout")
_GROWN = ("interpolate", "upsample", "upsample_nearest", "upsample_bilinear", "pixel_shuffle")


@dataclass(frozen=True)
class PixelRun:
    """A training run of a network that answers for every pixel. `part` is where it ran; `sure` is
    False when its answer may be another picture and no mask."""

    part: str
    reading: Reading
    run: TrainedRun
    network: Network
    sure: bool

    @cached_property
    def form(self) -> Form:
        """Layers, their sizes and how they are joined."""
        return form_of(self.network)

    @cached_property
    def rectified(self) -> tuple[str, ...]:
        """Its activations."""
        return tuple(bare(n.op) for n in alive_nodes(self.network) if kind(n) == "activation")

    @property
    def cell(self) -> int:
        """Its cell, as a finding of the whole names it."""
        own = self.reading.cell(self.run.run.cell)
        return self.reading.whole.cell(self.part, own)


def pixel_runs(reading: Reading) -> tuple[PixelRun, ...]:
    """The training runs of such networks in all notebooks of a submission, in order."""
    found = []
    for part, own in reading.whole.readings():
        for run in own.runs:
            network = _network_of(own, run)
            if network is None or not run.moved:
                continue
            sure = answers_for_pixels(network)
            if sure is not False:
                made = bool(sure) or _tells_classes(run)
                found.append(PixelRun(part, own, run, network, made))
    return tuple(found)


def _network_of(reading: Reading, run: TrainedRun) -> Network | None:
    """The run's network as it can be called: a training iteration may fuse its end with the loss,
    or leave parts out. The iteration stands in for a network that was not drawn."""
    same = [d.network for d in reading.drawn if d.graph.model == run.run.model is not None]
    return run.after or next(reversed(same), None) or run.network


def _tells_classes(run: TrainedRun) -> bool:
    """Does the loss compare classes? That of a network that draws its picture again does not."""
    names = list(run.run.loss_nodes)
    if run.network is not None and run.network.graph.why == "training":
        names += [node.op for node in run.network.nodes]
    return any(_CLASSES.search(name) for name in names)


def answers_for_pixels(network: Network) -> bool | None:
    """Does a convolutional network give its picture's every pixel an answer? None when nearly: the
    answer is coarser, or has as many channels as the picture."""
    if not any(kind(network.nodes[layer.node]) == "conv" for layer in network.layers):
        return False
    if network.output is None:
        return False
    out = network.shape(network.output)
    given = max((network.shape(v) for v in network.inputs), key=math.prod, default=())
    best: bool | None = False
    for rows, pixels, channels in _pictures(given):
        each, rest = divmod(math.prod(out), max(rows, 1))
        if rest or not each:
            continue
        classes, over = divmod(each, pixels)
        if not over and 1 <= classes <= MAX_CLASSES:
            if classes != channels or channels == 1 or classes == 2:
                return True
            best = None
        elif len(out) >= 3 and each * COARSE >= pixels and each < pixels:
            best = None
    return best


def _pictures(shape: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(rows, pixels, channels) as which an input can be read, channels first or last."""
    if len(shape) == 3:
        yield shape[0], shape[1] * shape[2], 1
    if len(shape) == 4:
        if shape[1] <= MAX_CHANNELS:
            yield shape[0], shape[2] * shape[3], shape[1]
        if shape[3] <= MAX_CHANNELS:
            yield shape[0], shape[1] * shape[2], shape[3]


def alive_nodes(network: Network) -> list[Any]:
    """Operations between input and output, in order."""
    return [n for n in network.nodes if any(out in network.alive for out in n.outs)]


def form_of(network: Network) -> Form:
    """The network's layers in order: weights' shapes, steps, what is pooled, normalised, joined."""
    weights = {layer.out: network.shape(layer.weight) for layer in network.all_layers}
    form: list[tuple[Any, ...]] = []
    for node in alive_nodes(network):
        what, name = kind(node), bare(node.op)
        if node.outs[0] in weights and what in _LAYERS:
            form.append((name, weights[node.outs[0]], _settings(node) if what == "conv" else ""))
        elif "conv" in name.lower():  # a layer that is known as a whole only
            form.append((name, network.shape(node.outs[0])[1:]))
        elif what == "pool":
            form.append((name, _settings(node)))
        elif what in _COUNTED:
            form.append((what,))
        elif name.startswith(_GROWN):
            form.append((name,))
    return tuple(form)


def _settings(node: Any) -> str:
    """What is given beside values: steps, sizes, dilation."""
    args = [a for a in node.args if not list(references(a)) and a is not None]
    named = {k: v for k, v in node.named.items() if not list(references(v)) and v is not None}
    return json.dumps([args, named], sort_keys=True, default=str)[:500]


def in_words(network: Network) -> str:
    """`conv 3-16 5x5, conv 16-1 3x3`: the weighted layers, as far as they can be said shortly."""
    said = []
    for layer in network.layers:
        shape = network.shape(layer.weight)
        if len(shape) == 4:
            turned = "transpose" in network.nodes[layer.node].op
            out, into = shape[1::-1] if turned else shape[:2]
            said.append(f"conv {into}-{out} {shape[2]}x{shape[3]}")
        else:
            said.append("linear " + "-".join(map(str, shape)))
    return ", ".join(said[:8]) + (" ..." if len(said) > 8 else "")
