"""How is a result said? Words, sums and order for the pages, from plain results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from graders.language import _, ngettext
from graders.report.plain import number
from graders.scoring.late import say_moment
from graders.scoring.notebooks import NotebookResult, NotebookState
from graders.scoring.result import (
    CriterionResult,
    ExerciseResult,
    Flag,
    Lateness,
    LineResult,
    Result,
    Source,
    Status,
    VerdictKind,
)

ROUNDING = Decimal("0.03")  # what a few figures of two decimals may be off by together


def status_word(status: Status) -> str:
    """The status as the reader sees it."""
    return {
        Status.GRADED: _("Marked"),
        Status.NEEDS_REVIEW: _("Needs a person"),
        Status.NOT_RUNNABLE: _("Could not be run"),
        Status.NOT_RECEIVED: _("Not handed in"),
    }[status]


def notebook_words(notebook: NotebookResult) -> str:
    """What became of a handed-out notebook, in a few words."""
    if notebook.state is NotebookState.ABSENT:
        return _("Not handed in")
    if notebook.blank:
        return _("TODO cells unchanged")
    if not notebook.asked:
        return _("Handed in")
    if notebook.right == notebook.asked:
        return ngettext("Right", "All {n} right", notebook.asked).format(n=notebook.asked)
    words = _("{right} of {asked} right").format(right=notebook.right, asked=notebook.asked)
    if notebook.open:
        words += ", " + _("{n} for a person").format(n=notebook.open)
    return words


def notebook_sign(notebook: NotebookResult) -> str:
    """The name of its drawn sign and colour."""
    if notebook.state is NotebookState.ABSENT:
        return "not_assessed"
    if notebook.right == notebook.asked:
        return "met"
    return "undecided" if notebook.right + notebook.open == notebook.asked else "violated"


def verdict_word(verdict: VerdictKind, manual: bool = False) -> str:
    """The verdict as the reader sees it."""
    if manual and verdict in (VerdictKind.UNDECIDED, VerdictKind.NOT_ASSESSED):
        return _("For a person")
    return {
        VerdictKind.MET: _("Met"),
        VerdictKind.VIOLATED: _("Not met"),
        VerdictKind.UNDECIDED: _("Undecided"),
        VerdictKind.NOT_ASSESSED: _("Not assessed"),
    }[verdict]


def icon_name(verdict: VerdictKind, manual: bool = False) -> str:
    """The drawn sign of a verdict: each has its own shape, not only its own colour."""
    if manual and verdict in (VerdictKind.UNDECIDED, VerdictKind.NOT_ASSESSED):
        return "manual"
    return verdict.value


def mark_text(low: Decimal, high: Decimal) -> str:
    """A mark, or a range of marks."""
    if low == high:
        return number(low)
    return _("{low} to {high}").format(low=number(low), high=number(high))


def source_words(source: Source) -> str:
    """What says when it was handed in."""
    return {
        "list": _("by the teacher's list"),
        "platform": _("by the learning platform's export"),
        "tag": _("by the git tag"),
        "commit": _("by the last git commit"),
        "archive": _("by the time of the newest notebook in the archive"),
        "file": _("by the time of the newest notebook's file"),
    }[source]


def lateness_words(late: Lateness) -> str:
    """Days and deadline, or that it is worth nothing by now."""
    if late.too_late:
        return _("handed in when it is worth nothing")
    return ngettext(
        "{n} day begun since {moment}", "{n} days begun since {moment}", late.days
    ).format(n=late.days, moment=say_moment(late.deadline))


def costs_nothing(result: Result) -> list[tuple[int, Flag]]:
    """The flags with their places, without what stands in the sum of the mark already."""
    costs = result.late is not None and result.late.costs
    flags = enumerate(result.flags)
    return [(place, flag) for place, flag in flags if not (costs and flag.id == "late")]


@dataclass(frozen=True)
class Item:
    """What is marked once: a criterion, or a line of the statement with its criteria."""

    line: LineResult | None
    criteria: tuple[CriterionResult, ...]

    @property
    def id(self) -> str:
        return self.line.id if self.line else self.criteria[0].id

    @property
    def applied(self) -> Decimal:
        return self.line.applied if self.line else self.criteria[0].applied

    @property
    def undecided(self) -> Decimal:
        """Points that it may still take."""
        marked: list[CriterionResult | LineResult] = [*self.criteria]
        if self.line:
            marked.append(self.line)
        return sum((one.cost for one in marked if one.verdict is VerdictKind.UNDECIDED), Decimal(0))


def items(exercise: ExerciseResult) -> list[Item]:
    """The criteria in the order of the rubric, those of one line together."""
    by_id = {criterion.id: criterion for criterion in exercise.criteria}
    line_of: dict[str, LineResult] = {}
    for line in exercise.lines:
        for name in line.criteria:
            line_of.setdefault(name, line)
    found: list[Item] = []
    shown: set[str] = set()
    for criterion in exercise.criteria:
        if criterion.id in shown:
            continue
        line_of_this = line_of.get(criterion.id)
        if line_of_this is None:
            found.append(Item(None, (criterion,)))
            shown.add(criterion.id)
            continue
        together = tuple(
            by_id[name]
            for name in line_of_this.criteria
            if name in by_id and line_of[name] is line_of_this
        )
        found.append(Item(line_of_this, together))
        shown.update(member.id for member in together)
    return found


@dataclass(frozen=True)
class Term:
    """A penalty in a sum: what was taken, and where it is explained."""

    amount: str
    target: str  # where in the page, before it is made an anchor


@dataclass(frozen=True)
class Sum:
    """`points - penalties = mark`, ready to be written."""

    points: str
    terms: tuple[Term, ...]
    open: str  # what may still be taken while something is undecided; "" when nothing
    remark: Literal["", "floored", "rounded", "unassessed"]  # why it does not add up to the cent
    mark: str


def arithmetic(exercise: ExerciseResult) -> Sum:
    """The sum behind the mark of an exercise."""
    taken = [
        (item.applied, f"{'line' if item.line else 'criterion'}-{item.id}")
        for item in items(exercise)
    ]
    taken += [  # a criterion inside a line may also cost something of its own
        (criterion.applied, f"criterion-{criterion.id}")
        for item in items(exercise)
        if item.line
        for criterion in item.criteria
    ]
    terms = [Term(number(amount), target) for amount, target in taken if amount]
    left = exercise.points - sum((amount for amount, _target in taken), Decimal(0))
    range_width = exercise.mark_high - exercise.mark_low
    at_stake = sum((item.undecided for item in items(exercise)), Decimal(0))
    undecided = (at_stake or range_width) if range_width else Decimal(0)
    high = max(left, Decimal(0))
    low = max(high - undecided, Decimal(0))
    difference = max(abs(high - exercise.mark_high), abs(low - exercise.mark_low))
    remark: Literal["", "floored", "rounded", "unassessed"] = ""
    if left < 0:
        remark = "floored"
    elif difference > ROUNDING:
        remark = "unassessed"
    elif difference:
        remark = "rounded"
    return Sum(
        points=number(exercise.points),
        terms=tuple(terms),
        open=number(undecided) if undecided else "",
        remark=remark,
        mark=mark_text(exercise.mark_low, exercise.mark_high),
    )


def lost(result: Result) -> list[CriterionResult]:
    """The criteria that are not met, in the order of the rubric."""
    return [c for c in _criteria(result) if c.verdict is VerdictKind.VIOLATED]


def doubts(result: Result) -> list[CriterionResult]:
    """What a person must settle before the mark is one, not what a person only comments on."""
    undecided = (c for c in _criteria(result) if c.verdict is VerdictKind.UNDECIDED)
    return [c for c in undecided if c.penalty or not c.manual]


def citations(result: Result) -> dict[int, list[CriterionResult]]:
    """For each cell the criteria that name it."""
    found: dict[int, list[CriterionResult]] = {}
    for criterion in _criteria(result):
        for cell in dict.fromkeys(criterion.cells):
            found.setdefault(cell, []).append(criterion)
    return found


def _criteria(result: Result) -> Iterator[CriterionResult]:
    for exercise in result.exercises:
        yield from exercise.criteria
