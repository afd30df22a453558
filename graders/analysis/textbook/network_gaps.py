"""What becomes of numbers between one layer with weights and the next, and behind the last?

A network is computed again from a layer's output on, with random numbers in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from graders.analysis.network import Layer, Network
from graders.analysis.operations import kind
from graders.analysis.replay import Replay, ReplayError
from graders.analysis.textbook.todo import Judgement
from graders.evidence.reading import Blobs
from graders.language import _

Array = NDArray[np.float64]
End = Literal["plain", "softmax", "log_softmax", "softmax_of_rows", "other", "unknown"]
SEED = 125
TOLERANCE = 1e-6  # float64 throughout


@dataclass(frozen=True)
class Gap:
    """A ReLU, and a largest number of each square of 2 x 2 before or after it."""

    pooled: bool = False


def between(network: Network, blobs: Blobs, number: int, gap: Gap) -> Judgement | None:
    """What is wrong between a layer (by its place) and the next one; None when nothing is."""
    layer, following = network.layers[number], network.layers[number + 1]
    start = _with_bias(network, layer)
    given = _drawn(network, start)
    try:
        (made,) = Replay(network, blobs).compute([following.data], {start: given})
    except ReplayError:
        words = _("what lies between layers {a} and {b} could not be computed again")
        return Judgement(None, words.format(a=number + 1, b=number + 2))
    if _same(made, _right(given, gap)):
        return None
    return Judgement(False, _said(made, given, gap).format(a=number + 1, b=number + 2))


def end_of(network: Network, blobs: Blobs) -> End:
    """What the network makes of its last layer's output."""
    start = _with_bias(network, network.layers[-1])
    given = _drawn(network, start)
    if network.output is None or given.ndim != 2:
        return "unknown"
    try:
        (made,) = Replay(network, blobs).compute([network.output], {start: given})
    except ReplayError:
        return "unknown"
    ends: dict[End, torch.Tensor] = {
        "plain": given,
        "softmax": torch.softmax(given, 1),
        "log_softmax": torch.log_softmax(given, 1),
        "softmax_of_rows": torch.softmax(given, 0),
    }
    if made.shape != given.shape:
        return "other"
    return next((end for end, right in ends.items() if _near(made, right)), "other")


def _with_bias(network: Network, layer: Layer) -> int:
    """The layer's output, once a bias that is written apart was added."""
    for index, node in enumerate(network.nodes):
        sources = network.sources[index]
        if layer.out in sources and kind(node) == "add" and node.outs:
            others = [v for v in sources if v != layer.out]
            if others and not any(v in network.fed for v in others):
                return node.outs[0]
    return layer.out


def _drawn(network: Network, value: int) -> torch.Tensor:
    numbers = np.random.default_rng(SEED).normal(0, 2, network.shape(value))
    return torch.from_numpy(numbers)


def _right(given: torch.Tensor, gap: Gap) -> torch.Tensor:
    return torch.relu(_largest(given) if gap.pooled else given)


def _largest(given: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.max_pool2d(given, 2)


def _said(made: torch.Tensor, given: torch.Tensor, gap: Gap) -> str:
    """What is there instead, for the usual faults."""
    if _same(made, _right(given, Gap(not gap.pooled))):
        if gap.pooled:
            return _("no pooling between layers {a} and {b}")
        return _("a pooling between layers {a} and {b}, where none is asked for")
    if _same(made, _largest(given) if gap.pooled else given):
        return _("no ReLU between layers {a} and {b}")
    if gap.pooled:
        mean = torch.nn.functional.avg_pool2d
        if _same(made, torch.relu(mean(given, 2))) or _same(made, mean(torch.relu(given), 2)):
            return _(
                "the mean of each square between layers {a} and {b}, where its maximum is asked for"
            )
        return _("something else than a max pooling and a ReLU between layers {a} and {b}")
    return _("something else than a ReLU between layers {a} and {b}")


def _same(made: torch.Tensor, right: torch.Tensor) -> bool:
    """The same numbers in each row, in whatever order the next layer takes them."""
    if made.numel() != right.numel() or not made.ndim or len(made) != len(right):
        return False
    ours, theirs = (t.reshape(len(t), -1).sort(dim=1).values for t in (made, right))
    return _near(ours, theirs)


def _near(made: torch.Tensor, right: torch.Tensor) -> bool:
    return bool(torch.allclose(made.double(), right, rtol=0.0, atol=TOLERANCE))
