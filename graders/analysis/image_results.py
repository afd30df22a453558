"""Is the result of a trained network on the images of a test set given, and is it right?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graders.analysis.agreement import Agreement, find, near_words
from graders.analysis.image_evaluations import ImageEvaluation
from graders.analysis.predictions import CLASS_ACCURACY
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.shown import ShownNumber, crowded, shown_counts
from graders.analysis.statement import Answer
from graders.evidence.model import ForwardPass
from graders.language import _

MIN_PART = 0.1  # of the test set: less is a try-out
MIN_COUNT = 50  # rows, of which so many being right says something
RESULT_WORDS = ("test", "prueba", "evalu", "result", "final", "cifar")
LOSS_WORDS = ("loss", "pérdida", "perdida", "error")
EXACT = 1e-9
LIBRARY = 1e-6  # what single precision leaves of a figure that a library returned


def result_on_test(
    reading: Reading, parts: TrainedRun | Sequence[TrainedRun], data: str = "cifar10"
) -> Answer:
    """Whether the network that this training (in one or more parts) left was asked for the test
    images of a set, and a figure of its answers is shown.

    A figure typed in the source is none. Undecided when figures are shown that may be of it.
    """
    runs = (parts,) if isinstance(parts, TrainedRun) else tuple(parts)
    if data not in reading.images:
        return Answer(None, _("the grader has no image set '{data}'").format(data=data))
    if not runs:
        return Answer(False, _("there is no trained network"))
    asked = [e for e in evaluations_of(reading, runs) if e.data == data]
    ours = [e for e in asked if e.part >= MIN_PART]
    if not ours:
        return _in_part(reading, asked) if asked else _not_asked(reading, runs, data)
    found = shown_accuracy(reading, ours)
    best = ours[-1]
    if found is not None and found.sure:
        words = _("accuracy {value:.2%} on {rows} images of the test set of {data}").format(
            value=_as_share(found.value), rows=best.rows, data=data
        )
        return Answer(True, words, (found.cell,))
    cells = tuple(dict.fromkeys(reading.cell(e.seen.cell) for e in ours))
    return unclear(reading, ours, found, cells)


def evaluations_of(reading: Reading, runs: Sequence[TrainedRun]) -> tuple[ImageEvaluation, ...]:
    """Evaluations on test images of the network that these runs left, or of a copy of it."""
    return tuple(e for e in reading.image_evaluations if _left_by(reading, runs, e))


def _left_by(reading: Reading, runs: Sequence[TrainedRun], evaluation: ImageEvaluation) -> bool:
    """Does the evaluated state hold what these runs learnt?

    Tensors that moved, as they were at a look after the first step; copies by content.
    """
    seen = evaluation.seen
    if seen in reading.evidence.plain:
        return _plainly_left(reading, runs, seen)
    moved = {r.uid: r for run in runs for r in run.run.reached if r.start != r.end}
    if not moved:
        return any(run.run.model == seen.model and seen.moment > run.run.moment for run in runs)
    entries = next(
        (
            s.entries
            for s in reading.evidence.states
            if (s.model, s.moment) == (seen.model, seen.state)
        ),
        (),
    )
    started = {r.start for run in runs for r in run.run.reached}
    learnt = contents_of(reading, runs)
    held = sum(e.digest in learnt and e.digest not in started for e in entries)
    return 2 * held > min(len(moved), len(entries)) > 0


def _plainly_left(reading: Reading, runs: Sequence[TrainedRun], seen: ForwardPass) -> bool:
    """Of networks written as functions: was it asked after these runs began, and before any other
    training of such a network?"""
    if any(run.run.model is not None for run in runs):
        return False
    numbers = {run.run.number for run in runs}
    last = max(run.run.last_moment for run in runs)
    later = [
        r.run.moment
        for r in reading.runs
        if r.run.model is None and r.run.number not in numbers and r.run.moment > last
    ]
    return min(run.run.moment for run in runs) < seen.moment < min(later, default=seen.moment + 1)


def contents_of(reading: Reading, runs: Sequence[TrainedRun]) -> frozenset[str]:
    """Contents that the moved tensors had from the first step on, until another run moved them."""
    moved = {r.uid for run in runs for r in run.run.reached if r.start != r.end}
    first = min(run.run.moment for run in runs)
    last = max(run.run.last_moment for run in runs)
    numbers = {run.run.number for run in runs}
    until = min(
        (
            other.run.moment
            for other in reading.runs
            if other.run.number not in numbers
            and other.run.moment > last
            and moved & {r.uid for r in other.run.reached if r.start != r.end}
        ),
        default=None,
    )
    found = {r.end for run in runs for r in run.run.reached if r.uid in moved}
    for state in reading.evidence.states:
        if state.moment > first and (until is None or state.moment <= until):
            found.update(e.digest for e in state.entries if e.uid in moved)
    return frozenset(found)


def shown_accuracy(reading: Reading, evaluations: Sequence[ImageEvaluation]) -> Agreement | None:
    """The best sign that the accuracy of one of these evaluations was computed or shown."""
    first = min(e.seen.cell for e in evaluations)
    found = find(reading, CLASS_ACCURACY, [e.scored for e in evaluations], first)
    if found is not None and found.sure:
        return found
    return (
        _counted(reading, evaluations)
        or _called(reading, evaluations)
        or _to_the_last_digit(reading, evaluations)
        or found
    )


def _counted(reading: Reading, evaluations: Iterable[ImageEvaluation]) -> Agreement | None:
    """So many right of so many, as whole numbers."""
    wanted = {(e.right, e.rows): reading.cell(e.seen.cell) for e in evaluations}
    for cell in reading.evidence.run.cells:
        for right, rows in shown_counts(cell):
            if rows >= MIN_COUNT and cell.index >= wanted.get((right, rows), cell.index + 1):
                return Agreement("shown", right / rows, cell.index)
    return None


def _to_the_last_digit(
    reading: Reading, evaluations: Sequence[ImageEvaluation]
) -> Agreement | None:
    """Few images have few digits: `Test: 0.84` of 100 says all there is, where the line speaks of
    a result, or stands alone under its evaluation, and of no loss."""
    for number in reading.shown:
        if number.literal or number.typed or any(w in number.line for w in LOSS_WORDS):
            continue
        share = number.value / 100 if number.percent or number.value > 1 else number.value
        for evaluation in evaluations:
            cell = reading.cell(evaluation.seen.cell)
            bare = not any(c.isalpha() for c in number.line) and number.cell == cell
            if (
                number.cell >= cell
                and abs(share - evaluation.accuracy) < EXACT
                and evaluation.rows <= 10**number.digits
                and (bare or any(word in number.line for word in RESULT_WORDS))
                and not crowded(number, reading.shown_in(number.cell))
            ):
                return Agreement("shown", share, number.cell)
    return None


def _called(reading: Reading, evaluations: Sequence[ImageEvaluation]) -> Agreement | None:
    """A library's metric that returned it."""
    for call in reading.evidence.metrics:
        if not isinstance(call.result, (int, float)) or "acc" not in call.name.lower():
            continue
        for evaluation in evaluations:
            near = any(
                abs(call.result - v) <= LIBRARY for v in evaluation.scored.values[CLASS_ACCURACY]
            )
            if near and call.cell >= evaluation.seen.cell:
                return Agreement("called", float(call.result), reading.cell(call.cell))
    return None


def _in_part(reading: Reading, asked: Sequence[ImageEvaluation]) -> Answer:
    words = _("the trained network was asked for {rows} of the test images only")
    cells = tuple({reading.cell(e.seen.cell): 0 for e in asked})
    return Answer(None, words.format(rows=max(e.rows for e in asked)), cells)


def _not_asked(reading: Reading, runs: Sequence[TrainedRun], data: str) -> Answer:
    """Why there is no evaluation to judge: rows that cannot be told, or none."""
    models = {run.run.model for run in runs}
    begun = min(run.run.moment for run in runs)
    strange = [
        seen
        for number, seen in enumerate(reading.pass_book.passes)
        if seen.model in models
        and seen.moment > begun
        and reading.pass_book.images_of(number) is None
    ]
    rows = sum(sum(seen.rows) for seen in strange)  # a pass may be one batch of many
    if rows >= MIN_COUNT:
        words = _(
            "the trained network was asked for {rows} images that are not recognised as those of "
            "the test set of {data}"
        ).format(rows=rows, data=data)
        return Answer(None, words, tuple({reading.cell(s.cell): 0 for s in strange}))
    foreign = [
        e
        for e in reading.image_evaluations
        if e.data == data
        and e.seen.moment > begun
        and not any(_left_by(reading, (run,), e) for run in reading.runs)
    ]
    if foreign:
        words = _(
            "another network was asked for the test images of {data}, and it cannot be told where "
            "its weights come from"
        ).format(data=data)
        return Answer(None, words, tuple({reading.cell(e.seen.cell): 0 for e in foreign}))
    if models == {None}:
        words = _("the network is no module or model: what it was asked for was not seen")
        return Answer(None, words)
    words = _("the trained network was never asked for the test images of {data}")
    return Answer(False, words.format(data=data))


def unclear(
    reading: Reading,
    ours: Sequence[ImageEvaluation],
    found: Agreement | None,
    cells: tuple[int, ...],
) -> Answer:
    """A figure that agrees and is not enough, figures that may be of it, or none."""
    best = ours[-1]
    if found is not None:
        words = {
            "typed": _("a figure {value} agrees, but it is typed in the notebook's source"),
            "crowd": _("a figure {value} agrees, but so many are shown that one had to"),
        }.get(found.why, _("a figure {value} agrees, but it is too rounded to be sure"))
        return Answer(None, words.format(value=found.value), (found.cell,))
    own = f"{best.accuracy:.4f}"
    first = min(e.seen.cell for e in ours)
    near = [
        n
        for n in near_words(reading, CLASS_ACCURACY, first)
        if not n.literal and not n.typed and not _explained(reading, n)
    ]
    if near:
        words = _(
            "the accuracy on the test images is {own}; no figure shown agrees with it: {values}"
        ).format(own=own, values=", ".join(f"{n.value:g}" for n in near[:4]))
        return Answer(None, words, tuple({n.cell: 0 for n in near[:4]}))
    words = _(
        "the test images were predicted (accuracy {own}), but no result that agrees with it is "
        "shown"
    ).format(own=own)
    return Answer(False, words, cells)


def _explained(reading: Reading, number: ShownNumber) -> bool:
    """Is it the accuracy of another evaluation on test images?"""
    return any(
        number.agrees(v) for e in reading.image_evaluations for v in e.scored.values[CLASS_ACCURACY]
    )


def _as_share(value: float) -> float:
    return value / 100 if value > 1 else value
