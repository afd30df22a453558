"""How high did the learning rate of the pretrained weights rise?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graders.analysis.fine_tunings import FineTuning
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.statement import Answer
from graders.language import _

UNSURE = 3.0  # times the highest rate that counts as low: up to there a person decides
PLAIN = ("SGD", "ASGD")  # their steps follow the gradient's size; others make steps of the rate's


@dataclass(frozen=True)
class Peak:
    """The highest rate of a run; between `low` and `high` when it is not known which of the
    optimizer's rates is the backbone's."""

    optimizer: str
    low: float
    high: float


def low_rate(reading: Reading, tuning: FineTuning, maximum: float, plain: float) -> Answer:
    """Whether the backbone's rate stayed at or below `maximum`, at its peak; `plain` is the limit
    for gradient descent without adaptive steps."""
    cells = tuple(reading.cell(c) for c in tuning.cells)
    peaks = list(_peaks(tuning))
    if not peaks:
        words = _("the weights were updated without an optimizer: no learning rate was seen")
        return Answer(None, words, cells)
    verdicts = [(_holds(p, plain if p.optimizer in PLAIN else maximum), p) for p in peaks]
    holds, peak = min(verdicts, key=lambda v: (v[0] is not False, v[0] is not None, -v[1].high))
    rate = f"{peak.high:.3g}" if peak.low == peak.high else f"{peak.low:.3g} … {peak.high:.3g}"
    limit = plain if peak.optimizer in PLAIN else maximum
    words = _("{optimizer}, learning rate of the backbone at its peak: {rate} (low: up to {limit})")
    return Answer(
        holds, words.format(optimizer=peak.optimizer, rate=rate, limit=f"{limit:g}"), cells
    )


def _holds(peak: Peak, limit: float) -> bool | None:
    if peak.high <= limit * (1 + 1e-6):
        return True
    return False if peak.low > UNSURE * limit * (1 + 1e-6) else None


def _peaks(tuning: FineTuning) -> Iterator[Peak]:
    """Of each run that moved the backbone; of all when none did."""
    stages = [s for s in tuning.stages if s.moved] or tuning.stages
    for stage in stages:
        run = stage.trained
        if not run.run.rates:
            continue
        groups = _groups(run, stage.kernels)
        if groups is None:
            continue  # the backbone is another optimizer's
        highest: dict[int, float] = {}
        for _step, rates in run.run.rates:
            for place, rate in enumerate(rates):
                highest[place] = max(highest.get(place, 0.0), rate)
        ours = [rate for place, rate in highest.items() if place in groups]
        some = ours or list(highest.values())
        yield Peak(run.run.optimizer, max(some) if ours else min(some), max(some))


def _groups(run: TrainedRun, kernels: frozenset[int]) -> frozenset[int] | None:
    """Places of the rates under which the backbone's kernels are stepped; empty when that was not
    noted, None when the optimizer was seen to step others only."""
    looks = [p for s in run.run.samples for p in s.parameters if p.in_optimizer]
    ours = [p for p in looks if p.uid in kernels]
    if looks and not ours:
        return None
    return frozenset(p.group for p in ours if p.group is not None)
