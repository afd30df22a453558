"""Whose loop trained a network: the notebook's own, or a library's `fit`?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from graders.analysis.continued import parts_of
from graders.analysis.course import Course, course_of
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.statement import Answer
from graders.language import _

MOST = 0.5  # of the steps
ONE_STEP = ".train_on_batch"  # a library's step, in a loop that may be the notebook's own
SKILLED = 0.65  # AUC that weights drawn by lot do not reach on a table of many columns
ALREADY = 0.85  # of what lies above chance at the end was there at the start


def own_loop(reading: Reading) -> Answer:
    """Whether the steps of the base network's training were made by the notebook's own loop, and
    made the network what it is."""
    base = reading.base
    if base is None:
        return Answer(False, _("no training loop was seen"))
    parts = parts_of(reading, base)
    answer = loop_of(reading, parts)
    course = course_of(reading, parts, "train") if answer.holds else None
    if course is not None and good_before(course):
        words = _(
            "the network was as good before the first step of the notebook's loop as after the "
            "last one (AUC {before:.3f} → {after:.3f}): something else trained it"
        ).format(before=course.before, after=course.after)
        return Answer(None, words, answer.cells)
    return answer


def loop_of(reading: Reading, parts: Sequence[TrainedRun]) -> Answer:
    """Whether the steps of these runs were made by the notebook's own loop."""
    cells = tuple(dict.fromkeys(reading.cell(p.run.cell) for p in parts))
    counts = _drivers(parts)
    total = sum(counts.values())
    made = {name: n for name, n in counts.items() if name}
    steps = sum(n for name, n in made.items() if not name.endswith(ONE_STEP))
    if made:
        names = ", ".join(sorted(made, key=lambda name: -made[name])[:4])
        if steps >= MOST * total:
            return Answer(False, _("the steps were made by {name}").format(name=names), cells)
        words = _("{n} of {total} steps were made by {names}")
        return Answer(None, words.format(n=sum(made.values()), total=total, names=names), cells)
    count = sum(p.run.steps or p.run.backwards for p in parts)
    if not count:
        return Answer(False, _("no training loop was seen"), cells)
    return Answer(True, _("a loop of the notebook's own made {n} steps").format(n=count), cells)


def good_before(course: Course) -> bool:
    """True when training added next to nothing to a network that was good already."""
    if not course.told or course.before is None or course.after is None:
        return False
    sign = 1 if course.after >= 0.5 else -1  # a network may answer with class 0
    before, after = sign * (course.before - 0.5), sign * (course.after - 0.5)
    return before >= SKILLED - 0.5 and before >= ALREADY * after


def _drivers(parts: Sequence[TrainedRun]) -> Counter[str]:
    """Steps of all parts by the loop that made them."""
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.run.drivers)
    return counts
