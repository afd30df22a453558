"""Was the pretrained network's accuracy on its own test images computed, shown, and good enough?"""

from __future__ import annotations

from graders.analysis.image_evaluations import ImageEvaluation
from graders.analysis.image_results import (
    MIN_COUNT,
    MIN_PART,
    shown_accuracy,
    unclear,
)
from graders.analysis.image_scaling import scaled_between
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _

DEVIATIONS = 2.0  # of the accuracy on a part of the test images, that chance may have taken


def accuracy_above(reading: Reading, threshold: float, data: str = "cifar100") -> Answer:
    """Whether a network that was not trained here was asked for the test images of a set, its
    accuracy lies above the threshold and is shown."""
    if data not in reading.images:
        return Answer(None, _("the grader has no image set '{data}'").format(data=data))
    asked = [e for e in reading.image_evaluations if e.data == data and e.part >= MIN_PART]
    ours = [e for e in asked if not _trained_here(reading, e)]
    if not ours:
        return _not_asked(reading, data, bool(asked))
    good = [e for e in ours if e.accuracy > threshold]
    best = max(ours, key=lambda e: (e.accuracy, e.rows))
    cells = tuple({reading.cell(e.seen.cell): 0 for e in good or ours})
    words = _("accuracy {value:.2%} on {rows} test images of {data}").format(
        value=best.accuracy, rows=best.rows, data=data
    )
    if not good:
        spread = (best.accuracy * (1 - best.accuracy) / best.rows) ** 0.5 if best.part < 1 else 0
        if best.accuracy + DEVIATIONS * spread > threshold:
            return Answer(None, _("{accuracy}, of a part only").format(accuracy=words), cells)
        scaled = scaled_between(reading, data=data)
        reason = f"; {scaled.words}" if scaled.holds is False else ""
        return Answer(False, words + reason, cells)
    found = shown_accuracy(reading, good)
    if found is not None and found.sure:
        return Answer(True, words, (found.cell,))
    return unclear(reading, good, found, cells)


def _trained_here(reading: Reading, evaluation: ImageEvaluation) -> bool:
    """Does the evaluated network hold what a training of this notebook left?"""
    ends = {
        r.end
        for run in reading.runs
        if run.run.moment < evaluation.seen.moment
        for r in run.run.reached
        if r.start != r.end
    }
    seen = evaluation.seen
    return any(
        e.digest in ends
        for s in reading.evidence.states
        if (s.model, s.moment) == (seen.model, seen.state)
        for e in s.entries
    )


def _not_asked(reading: Reading, data: str, trained_only: bool) -> Answer:
    strange = [
        seen
        for number, seen in enumerate(reading.pass_book.passes)
        if seen.thumbnails is not None
        and sum(seen.rows) >= MIN_COUNT
        and reading.pass_book.images_of(number) is None
    ]
    if strange:
        words = _("a network was asked for {rows} images that are not recognised").format(
            rows=sum(strange[-1].rows)
        )
        return Answer(None, words, tuple({reading.cell(s.cell): 0 for s in strange}))
    if trained_only:
        words = _("only networks trained here were asked for the test images of {data}")
        return Answer(False, words.format(data=data))
    return Answer(False, _("no network was asked for the test images of {data}").format(data=data))
