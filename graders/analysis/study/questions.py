"""What does the study show? Optimisers, noise, sizes, figures, and a model that was kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.study.trainings import Trial, begun, trials
from graders.analysis.whole import Whole
from graders.language import _

OTHER_NOISE = 0.05  # of the values' spread, between trainings with more noise and with less
Judge = Callable[[Sequence[Trial]], Answer]


def _judged(reading: Reading, judge: Judge) -> Answer:
    """The judge's answer on the trainings that were seen; without any it cannot be told, or there
    is nothing."""
    found = trials(reading.whole)
    if found:
        return judge(found)
    if begun(reading.whole):
        words = _("the surface is there, but no training on its points was recognised")
        return Answer(None, words)
    if reading.whole.illegible:
        words = _("no training on the surface was seen; a document may tell of one")
        return Answer(None, words)
    return Answer(False, _("nothing was trained on points of the surface"))


def optimisers(reading: Reading) -> Answer:
    """Was plain gradient descent compared with an accelerated method on the surface?"""
    return _judged(reading, _optimisers)


def _optimisers(found: Sequence[Trial]) -> Answer:
    names = sorted({trial.optimiser for trial in found if trial.optimiser})
    words = _("trained on the surface with: {names}").format(names=", ".join(names) or "-")
    if not all(trial.optimiser for trial in found):
        words = _("steps were made without an optimizer of a library; ") + words
    kinds = {trial.plain for trial in found if trial.optimiser}
    cells = tuple(sorted({trial.cell for trial in found}))
    if kinds == {True, False}:
        return Answer(True, words, cells)
    own = any(not trial.optimiser for trial in found)
    return Answer(None if own else False, words, cells)


def noise(reading: Reading) -> Answer:
    """Were networks trained on points with noise and without, or with more and less of it?"""
    return _judged(reading, _noise)


def _noise(found: Sequence[Trial]) -> Answer:
    low, high = (way((t.sample for t in found), key=lambda s: s.noise) for way in (min, max))
    cells = tuple(sorted({trial.cell for trial in found}))
    words = _("noise in the values trained on, as a share of their spread: {low:.2f} to {high:.2f}")
    apart = high.noise - low.noise
    differs = True if apart > OTHER_NOISE + math.hypot(low.doubt, high.doubt) else None
    holds = differs if apart > OTHER_NOISE else False
    return Answer(holds, words.format(low=low.noise, high=high.noise), cells)


def sizes(reading: Reading) -> Answer:
    """Were networks of different sizes trained on the surface?"""
    return _judged(reading, _sizes)


def _sizes(found: Sequence[Trial]) -> Answer:
    counts = sorted({trial.parameters for trial in found})
    cells = tuple(sorted({trial.cell for trial in found}))
    words = _("parameters of the networks trained on the surface: {counts}")
    return Answer(len(counts) > 1, words.format(counts=", ".join(map(str, counts[:8]))), cells)


def plots(reading: Reading) -> Answer:
    """Are there figures of the study?"""
    return _judged(reading, partial(_plots, reading.whole))


def _plots(whole: Whole, found: Sequence[Trial]) -> Answer:
    first = {t.part: min(o.cell for o in found if o.part == t.part) for t in found}
    shown = [p for p in whole.passages if p.passage.kind == "shown" and p.passage.picture]
    behind = {p.cell for p in shown if p.part in first and p.cell >= first[p.part]}
    cells = tuple(sorted(behind))
    if cells:
        words = _("{n} cells show figures from the first training on").format(n=len(cells))
        return Answer(True, words, cells)
    if whole.illegible:
        return Answer(None, _("no figure behind the trainings, but documents or prose hold some"))
    return Answer(False, _("no figure is shown behind the trainings"))
