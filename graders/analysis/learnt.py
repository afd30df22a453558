"""Is there reason to doubt that a run learnt the task it was set, from the rows it was given?

A loss says what the notebook made of it. Here the network is computed again with its weights
before and after, on the teacher's rows, against the teacher's labels.
"""

from __future__ import annotations

from collections.abc import Sequence

from graders.analysis.course import Course, course_of
from graders.analysis.places import MIN_RANKED
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.targets import made_from_inputs, others_labels
from graders.language import _

CHANCE = 0.03  # around an AUC of 0.5
STILL, ADAPTED_STILL = 0.02, 1e-3  # answers that moved less, of their spread, did not learn
FEW = 0.3  # of the file's rows, seen in all steps together
FOREIGN, RESEMBLING = 0.1, 0.3  # shares of rows that are, or look like, the test file's
WORSE = 0.03  # AUC


def against_training(reading: Reading, parts: Sequence[TrainedRun]) -> str:
    """What speaks against a run on the training file having learnt from it; "" when nothing."""
    foreign = test_rows_in(reading, parts)
    if foreign:
        return _("{share:.0%} of the rows it was trained on are of the test file").format(
            share=foreign
        )
    words = _others_labels(reading, parts)
    if words:
        return words
    seen, there = _rows_seen(parts), _rows_of_file(reading, "train")
    if seen is not None and seen < FEW * there:
        return _(
            "it was shown {seen} rows in all its steps, and the training file has {there}"
        ).format(seen=seen, there=there)
    course = course_of(reading, parts, "train")
    if course.moved is not None and course.moved < STILL:
        return _("its answers are nearly the same before and after")
    if course.told and course.after is not None and abs(course.after - 0.5) < CHANCE:
        return _("after training it ranks the rows no better than chance (AUC {after:.3f})").format(
            after=course.after
        )
    return ""


def against_adaptation(reading: Reading, parts: Sequence[TrainedRun]) -> str:
    """What speaks against a run on the extra file having adapted to it; "" when nothing."""
    words = _not_extra(reading, parts[-1]) or _others_labels(reading, parts)
    if words:
        return words
    course = course_of(reading, parts, "extra")
    if course.moved is not None and course.moved < ADAPTED_STILL:
        return _("its answers are nearly the same before and after")
    if _worse(course):
        return _(
            "it ranks the rows of the extra file worse after than before (AUC {before:.3f} → "
            "{after:.3f})"
        ).format(before=course.before, after=course.after)
    return ""


def test_rows_in(reading: Reading, parts: Sequence[TrainedRun]) -> float:
    """Share of the test file's rows among those a run was seen to train on; 0 when few."""
    largest = 0.0
    for part in parts:
        found = reading.places(part)
        if found is not None:
            share = found[0].share("test")
            if share >= (FOREIGN if found[0].exact else RESEMBLING):
                largest = max(largest, share)
    return largest


def _others_labels(reading: Reading, parts: Sequence[TrainedRun]) -> str:
    if any(made_from_inputs(reading, part) for part in parts):
        return _("what its loss takes for labels is computed from the inputs")
    if any(others_labels(reading, part) for part in parts):
        return _("the labels given to its loss are not the file's")
    return ""


def _rows_seen(parts: Sequence[TrainedRun]) -> int | None:
    """Rows in all steps together; None when their number was not seen."""
    total = 0
    for part in parts:
        batch = part.run.batch_rows
        if part.network is not None and part.network.inputs and not batch:
            batch = part.network.shape(part.network.inputs[0])[0]
        if not batch and not part.run.input_rows:
            return None
        total += part.run.input_rows or batch * part.run.backwards
    return total


def _rows_of_file(reading: Reading, role: str) -> int:
    table = reading.tables.get(role)
    return table.rows if table is not None else 0


def _not_extra(reading: Reading, run: TrainedRun) -> str:
    found = reading.places(run)
    if found is None or "extra" not in found[0].looked:
        return ""
    places, which = found
    if places.share("extra") >= 0.5 or len(which) < MIN_RANKED:
        return ""
    for role in ("train", "test"):
        if places.share(role) >= 0.5:
            return _("the rows look like those of the file '{file}', scaled anew").format(file=role)
    return _("the rows it was trained on were not recognised as those of the extra file")


def _worse(course: Course) -> bool:
    if not course.told or course.before is None or course.after is None:
        return False
    sign = 1 if course.before >= 0.5 else -1  # a network may answer with class 0
    return sign * (course.after - course.before) < -WORSE
