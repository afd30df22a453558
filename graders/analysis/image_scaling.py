"""Between which values do the images lie that a network really gets?

What counts is what its first convolution is given: a layer of the network may scale them. The
images are recognised, so that a batch without black or white pixels misleads nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graders.analysis.image_evaluations import ImageEvaluation
from graders.analysis.network import Network
from graders.analysis.reading import Reading
from graders.analysis.replay import Replay, ReplayError
from graders.analysis.statement import Answer
from graders.evidence.model import ForwardPass
from graders.language import _

Array = NDArray[Any]
NEAR = 0.03  # of the ends: (p - 127.5) / 128 and p / 128 - 1 are within it
FEW = 8  # images that are computed through the layers before the first convolution
SHARE = 0.9  # of the passes' rows must be scaled so


def scaled_between(
    reading: Reading, low: float = -1.0, high: float = 1.0, data: str = "cifar100"
) -> Answer:
    """Whether black is `low` and white `high` in what the pretrained network was given when it was
    asked for a set's test images; when it never was, in whatever it was given."""
    if data not in reading.images:
        return Answer(None, _("the grader has no image set '{data}'").format(data=data))
    passes = _asked(reading, data)
    if not passes:
        return Answer(None, _("no images that the network was given were seen"))
    ends = [(seen, _ends(reading, seen)) for seen in passes]
    known = [(seen, found) for seen, found in ends if found is not None]
    cells = tuple({reading.cell(seen.cell): 0 for seen, _found in known or ends})
    if not known:
        return Answer(None, _("how the network's images were scaled cannot be told"), cells)
    room = NEAR * (high - low)
    rows = [sum(seen.rows) for seen, _found in known]
    good = [
        all(abs(black - low) <= room and abs(white - high) <= room for black, white in found)
        for _seen, found in known
    ]
    share = sum(n for n, fine in zip(rows, good, strict=True) if fine) / max(sum(rows), 1)
    shown = next((f for (_s, f), fine in zip(known, good, strict=True) if not fine), known[0][1])
    words = _("the network is given images with black at {low} and white at {high}").format(
        low=_each([b for b, _w in shown]), high=_each([w for _b, w in shown])
    )
    return Answer(share >= SHARE, words, cells)


def _each(values: Sequence[float]) -> str:
    """One number, or one for each channel where they differ."""
    words = [f"{v:.3g}" for v in values]
    return words[0] if len(set(words)) == 1 else "/".join(words)


def _asked(reading: Reading, data: str) -> list[ForwardPass]:
    """Passes in which the network was asked for the set's test images, before any training."""
    found: list[ImageEvaluation] = [e for e in reading.image_evaluations if e.data == data]
    if found:  # of several tries the best one is what was meant
        return [max(found, key=lambda e: (e.accuracy, e.rows)).seen]
    learnt = {r.uid for run in reading.runs for r in run.run.reached}
    states = {(s.model, s.moment): s for s in reading.evidence.states}
    return [
        seen
        for seen in reading.pass_book.passes
        if seen.range is not None
        and seen.thumbnails is not None
        and (state := states.get((seen.model, seen.state))) is not None
        and len(state.parameters) > len(learnt & {e.uid for e in state.entries})
    ]


def _ends(reading: Reading, seen: ForwardPass) -> tuple[tuple[float, float], ...] | None:
    """(black, white) of each channel in what the first convolution is given; None when it cannot
    be told."""
    known = reading.pass_book.recognised(seen)
    if known is None or known.scaling is None:
        return None if known is not None else _from_range(seen)
    black, white = known.scaling.offset, known.scaling.offset + 255 * known.scaling.gain
    network = next(
        (d.network for d in reading.drawn if d.graph.model == seen.model and not d.graph.guessed),
        None,
    )
    if network is None:
        return tuple(zip(map(float, black), map(float, white), strict=True))
    return _inside(reading, network, black, white)


def _inside(
    reading: Reading, network: Network, black: Array, white: Array
) -> tuple[tuple[float, float], ...] | None:
    """What black and white images have become where the first convolution takes them."""
    first = _first_convolution(network)
    if first is None or not network.inputs:
        return None
    given, taken = network.inputs[0], first
    if network.same(taken) == given:
        return tuple(zip(map(float, black), map(float, white), strict=True))
    shape = network.shape(given)
    if len(shape) != 4:
        return None
    last = shape[3] == 3
    rows = np.stack(
        [np.broadcast_to(colour, (*_size(shape, last), 3)) for colour in (black, white)]
    )
    rows = rows if last else rows.transpose(0, 3, 1, 2)
    try:
        with torch.no_grad():
            (made,) = Replay(network, reading.blobs).compute(
                [taken], {given: torch.from_numpy(np.array(rows, dtype=np.float64))}
            )
    except ReplayError:
        return None
    values = made.numpy()
    if values.ndim != 4 or 3 not in (values.shape[1], values.shape[3]):
        return None
    values = values if values.shape[3] == 3 else values.transpose(0, 2, 3, 1)
    middle = values[:, values.shape[1] // 2, values.shape[2] // 2]
    return tuple((float(b), float(w)) for b, w in zip(middle[0], middle[1], strict=True))


def _size(shape: tuple[int, ...], last: bool) -> tuple[int, int]:
    return (shape[1], shape[2]) if last else (shape[2], shape[3])


def _first_convolution(network: Network) -> int | None:
    """The value that the first convolution takes, before its own turning and padding."""
    for layer in network.layers:
        if len(network.shape(layer.weight)) == 4:
            return layer.data
    return None


def _from_range(seen: ForwardPass) -> tuple[tuple[float, float], ...] | None:
    """Of images that are not recognised: the least and largest value, when there are many."""
    if seen.range is None or sum(seen.rows) < FEW:
        return None
    return (seen.range,)
