"""Notebooks 10.2 and 10.5: did the network that was asked for learn?

Told from the loss of each step, and from the weights that the training left: with them the network
is computed again on the test part of the teacher's own copy of the data. What the notebook prints
does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.continued import parts_of
from graders.analysis.network import Network
from graders.analysis.operations import kind
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun, trend
from graders.analysis.textbook.networks import Wanted, shapes_right, weights_of
from graders.analysis.textbook.todo import Judgement
from graders.language import _

Array = NDArray[Any]
LEARNT, CHANCE = 0.70, 0.80  # share of wrong answers; among ten classes chance gives 0.90
FAR = 0.5  # of the first loss
ROWS = 1000  # of the test part: a share is known within 0.03
SCALED = 0.1  # how far a mean or spread may be off by the choice of rows
MOST_TRIED = 4


def trained(reading: Reading, asked: Wanted) -> Judgement:
    """Was the network asked for trained until its loss fell and it classifies what it has not
    seen? Where none has the right layers, the notebook's own attempt at it counts."""
    runs = _runs_of(reading, asked)
    if not runs:
        moved = any(run.moved > 0 for run in reading.runs)
        words = (
            _("another network was trained") if moved else _("no training of a network was seen")
        )
        return Judgement(False, words)
    if not any(run.moved for run in runs):
        return Judgement(False, _("the network's weights do not move"))
    judged = [_judged(reading, run, asked) for run in _last_of_each(reading, runs)]
    for holds in (True, None):
        found = next((j for j in judged if j.holds is holds), None)
        if found is not None:
            return found
    return judged[0]


def _runs_of(reading: Reading, asked: Wanted) -> list[TrainedRun]:
    """Runs of networks of the right shapes; when no such network was built, of attempts at it."""
    right = [run for run in reading.runs if _is_right(run, asked)]
    if right or any(not shapes_right(d.network, asked)[1] for d in reading.drawn):
        return right
    return [run for run in reading.runs if _is_attempt(run, asked)]


def _is_right(run: TrainedRun, asked: Wanted) -> bool:
    networks = [n for n in (run.after, run.network) if n is not None]
    return any(not shapes_right(network, asked)[1] for network in networks)


def _is_attempt(run: TrainedRun, asked: Wanted) -> bool:
    """Has it convolutions as asked, but for their sizes, and is not what was handed out?"""
    network = run.after or run.network
    if network is None:
        return False
    shapes = tuple(weights_of(network, n) for n in range(len(network.layers)))
    convolutions = sum(kind(network.nodes[layer.node]) == "conv" for layer in network.layers)
    return shapes != asked.handed_out and convolutions >= 2


def _last_of_each(reading: Reading, runs: Sequence[TrainedRun]) -> list[TrainedRun]:
    """Of runs that go on with one another the last; the latest first."""
    found: list[TrainedRun] = []
    covered: set[int] = set()
    for run in sorted(runs, key=lambda r: -r.run.last_moment):
        if run.run.number not in covered and run.moved:
            covered |= {part.run.number for part in parts_of(reading, run)}
            found.append(run)
    return found[:MOST_TRIED]


def _judged(reading: Reading, run: TrainedRun, asked: Wanted) -> Judgement:
    course = trend(np.concatenate([part.losses for part in parts_of(reading, run)]))
    words = _("the loss goes from {first:.3g} to {last:.3g}").format(
        first=course.first, last=course.last
    )
    error = test_error(reading, run, asked.data)
    if error is None:
        return Judgement(course.fell, words)
    words += "; " + _("it is then wrong on {error:.0%} of the test part").format(error=error)
    if error >= CHANCE:
        # A loss that fell so far was learnt from something: perhaps the data is not the file's.
        fell_far = course.first - course.last > FAR * abs(course.first)
        return Judgement(None if fell_far else False, words)
    if course.fell is False:
        return Judgement(None if error <= LEARNT else False, words)
    return Judgement(True if error <= LEARNT else None, words)


def test_error(reading: Reading, run: TrainedRun, data: str) -> float | None:
    """Share of the test part that the network gets wrong with the weights that the run left; None
    when it cannot be computed again."""
    part, sample = _test_part(reading, data), reading.sample_of(run)
    network = run.after or run.network
    if part is None or sample is None or network is None:
        return None
    rows, labels = part
    given = as_given(rows, sample, pixels=data in reading.images)
    if given is None:
        return None
    weights = {} if run.after is not None else {r.uid: r.end for r in run.run.reached}
    answer = _answered(reading, network, given, weights)
    if answer is None or answer.ndim != 2 or len(answer) != len(labels):
        return None
    if not np.isfinite(answer).all():
        return 1.0
    return float((answer.argmax(axis=1) != labels).mean())


def _answered(
    reading: Reading, network: Network, rows: Array, weights: Mapping[int, str]
) -> Array | None:
    """What the network answers, in batches as large as that on its tape, which may hold the number
    of its rows."""
    shape = network.shape(network.inputs[0]) if network.inputs else ()
    size = shape[0] if shape and shape[0] else len(rows)
    whole = np.resize(rows, (-(-len(rows) // size) * size, *rows.shape[1:]))
    parts = []
    for first in range(0, len(whole), size):
        part = reading.answer(network, whole[first : first + size], weights)
        if part is None or len(part) != size:
            return None
        parts.append(part)
    answer: Array = np.concatenate(parts)[: len(rows)]
    return answer


def _test_part(reading: Reading, data: str) -> tuple[Array, NDArray[np.int64]] | None:
    held = reading.images.get(data) or reading.signals.get(data)
    if held is None:
        return None
    some = np.linspace(0, len(held.x_test) - 1, min(ROWS, len(held.x_test))).astype(np.intp)
    return held.x_test[some].astype(np.float64), held.y_test[some]


def as_given(rows: Array, sample: Array, *, pixels: bool) -> Array | None:
    """The file's rows as the network was given those in the sample: in its form and scale; None
    when they do not fit. Pixels from 0 to 255 are scaled by the sample's range, signals by its
    mean and spread, where these are not the file's own."""
    if sample.ndim < 2 or not len(sample) or sample[0].size != rows[0].size:
        return None
    if not np.isfinite(sample).all():
        return None
    if pixels:
        low, high = float(sample.min()), float(sample.max())
        rows = low + rows / 255 * (high - low)
    else:
        mean, spread = float(sample.mean()), float(sample.std())
        own, usual = float(rows.mean()), max(float(rows.std()), 1e-12)
        if abs(mean - own) > SCALED * usual or abs(spread / usual - 1) > SCALED:
            rows = mean + (rows - own) / usual * spread
    shaped: Array = rows.reshape(len(rows), *sample.shape[1:])
    return shaped
