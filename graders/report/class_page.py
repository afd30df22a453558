"""How did the class do? One page over all submissions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median

from markupsafe import Markup

from graders.language import DEFAULT, _, speaking
from graders.report.charts import bar, histogram
from graders.report.plain import number
from graders.report.rendering import render
from graders.report.wording import doubts, lost
from graders.report.writing import write_whole
from graders.rubric.model import Rubric
from graders.scoring.result import CriterionResult, Result, Status, VerdictKind

MOST_LOST = 12
MOST_REASONS = 5
MOST_CHIPS = 8  # criteria named in a row
MARKED = (Status.GRADED, Status.NEEDS_REVIEW)


@dataclass(frozen=True)
class _Loss:
    id: str
    text: str
    count: int
    bar: Markup


@dataclass(frozen=True)
class _Case:
    """A submission that waits for a person, and why."""

    result: Result
    reasons: tuple[str, ...]
    further: int  # reasons not listed


def write_class(rubric: Rubric, results: Sequence[Result], out: Path) -> None:
    """Write `index.html` for the class into the folder, in the language of most results.

    Each row links to `<submission>/report.html`. Raises OSError when the folder cannot be written.
    """
    spoken = Counter(result.language for result in results).most_common(1)
    with speaking(spoken[0][0] if spoken else DEFAULT):
        page = class_page(rubric, results)
    write_whole(out / "index.html", page)


def class_page(rubric: Rubric, results: Sequence[Result]) -> str:
    """The page of the class in the language now spoken."""
    results = sorted(results, key=lambda result: result.submission.casefold())
    marked = [result for result in results if result.status in MARKED]
    certain = [result.mark_low for result in marked if result.mark_low == result.mark_high]
    ranges = [
        (result.mark_low, result.mark_high)
        for result in marked
        if result.mark_low != result.mark_high
    ]
    statuses = Counter(result.status for result in results)
    return render(
        "index.html.j2",
        script="sort.js",
        rubric=rubric,
        results=results,
        statuses=[(status, statuses[status]) for status in Status if statuses[status]],
        certain=certain,
        ranges=ranges,
        middle=number(Decimal(median(certain)), 2) if certain else "",
        drawing=histogram(certain, ranges, rubric.max_mark, _("Distribution of marks")),
        losses=_losses(rubric, results),
        cases=_cases(results),
        by_hand=_by_hand(results),
        books=next((result.notebooks for result in results if result.notebooks), ()),
        most_chips=MOST_CHIPS,
        lost={id(result): _beside_notebooks(result) for result in results},
        key=lambda result: id(result),
    )


def _beside_notebooks(result: Result) -> list[CriterionResult]:
    """The criteria that are not met, but for those of notebooks: they have a table of their own."""
    shown = {name for book in result.notebooks for name in book.exercises}
    of_books = {c.id for e in result.exercises if e.id in shown for c in e.criteria}
    return [criterion for criterion in lost(result) if criterion.id not in of_books]


def _losses(rubric: Rubric, results: Sequence[Result]) -> list[_Loss]:
    counted = Counter(criterion.id for result in results for criterion in lost(result))
    texts = {c.id: c.text for result in results for e in result.exercises for c in e.criteria}
    order = {c.id: n for n, c in enumerate(c for e in rubric.exercises for c in e.criteria)}
    ranked = sorted(counted.items(), key=lambda pair: (-pair[1], order.get(pair[0], 0)))
    return [
        _Loss(name, texts[name], count, bar(count / len(results), str(count)))
        for name, count in ranked[:MOST_LOST]
    ]


def _cases(results: Sequence[Result]) -> list[_Case]:
    cases = []
    for result in results:
        if result.status in (Status.GRADED, Status.NOT_RECEIVED):
            continue
        # a problem of the whole leaves every criterion open, without more to say of each
        # nor has what a person marks in every submission (`_by_hand`)
        open_ones = [
            c for c in doubts(result) if not c.manual and (c.message or not result.problem)
        ]
        reasons = [f"{c.id}: {c.message or c.text}" for c in open_ones]
        further = max(len(reasons) - MOST_REASONS, 0)
        if result.late is not None and result.late.costs and not result.late.certain:
            reasons = [*(flag.message for flag in result.flags if flag.id == "late"), *reasons]
        if result.problem:
            reasons = [result.problem, *reasons]
        if not reasons and any(c.manual for c in doubts(result)):
            continue
        cases.append(_Case(result, tuple(reasons[: len(reasons) - further]), further))
    return cases


def _by_hand(results: Sequence[Result]) -> list[str]:
    """Criteria that a person marks in every submission."""
    waiting = (VerdictKind.UNDECIDED, VerdictKind.NOT_ASSESSED)
    texts = {
        criterion.id: criterion.text
        for result in results
        for exercise in result.exercises
        for criterion in exercise.criteria
        if criterion.manual and criterion.verdict in waiting
    }
    return list(texts.values())
