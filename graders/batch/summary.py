"""What came of it? The class pages, and a table in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from graders import export, report
from graders.batch.job import Job
from graders.language import _
from graders.scoring.result import Result, Status, VerdictKind

_STYLE = {
    Status.GRADED: "green",
    Status.NEEDS_REVIEW: "yellow",
    Status.NOT_RUNNABLE: "red",
    Status.NOT_RECEIVED: "red",
}
_SHOWN = 4  # criteria named in a row


def conclude(job: Job, results: Sequence[Result], console: Console) -> None:
    """Write the pages and files of the class and show its marks."""
    report.write_class(job.rubric, results, job.out)
    export.write_csv(results, job.out / "marks.csv")
    export.write_junit(results, job.out / "results.junit.xml")
    console.print(table(job, results, console.width))
    for label, name in (
        (_("Reports"), "index.html"),
        (_("Marks"), "marks.csv"),
        (_("For CI"), "results.junit.xml"),
    ):
        console.print(f"{label}: {job.out / name}", soft_wrap=True, highlight=False)


def table(job: Job, results: Sequence[Result], width: int) -> Table:
    """A row for each submission: its mark, status and the criteria it lost.

    The exercises have columns of their own where the terminal is wide enough.
    """
    exercises = job.rubric.exercises if width >= 80 + 9 * len(job.rubric.exercises) else ()
    shown = Table(title=job.rubric.title.in_language(job.language))
    shown.add_column(_("Submission"), no_wrap=True, max_width=28)
    shown.add_column(f"{_('Mark')} / {number(job.rubric.max_mark)}", no_wrap=True)
    for exercise in exercises:
        shown.add_column(exercise.id, justify="right", no_wrap=True)
    if job.rubric.notebooks:
        shown.add_column(_("Notebooks"), no_wrap=True)
    shown.add_column(_("Status"), overflow="fold", max_width=12)
    shown.add_column(_("Lost"), overflow="fold")
    for result in results:
        marks = {e.id: span(e.mark_low, e.mark_high) for e in result.exercises}
        shown.add_row(
            Text(result.submission),
            span(result.mark_low, result.mark_high),
            *(marks.get(exercise.id, "") for exercise in exercises),
            *((handed_in(result, job),) if job.rubric.notebooks else ()),
            Text(status_words(result.status), style=_STYLE[result.status]),
            Text(result.problem or lost(result)),
        )
    return shown


def handed_in(result: Result, job: Job) -> str:
    """How many of the handed-out notebooks came back filled in: 12/14."""
    filled_in = sum(not notebook.blank for notebook in result.notebooks)
    return f"{filled_in}/{len(job.rubric.notebooks)}"


def lost(result: Result) -> str:
    """What lateness takes, and the criteria that were violated; of many, the first."""
    names = [
        criterion.id
        for exercise in result.exercises
        for criterion in exercise.criteria
        if criterion.verdict is VerdictKind.VIOLATED
    ]
    if result.late is not None and result.late.costs:
        names.insert(0, _("late") if result.late.certain else _("late?"))
    shown = ", ".join(names[:_SHOWN])
    if len(names) <= _SHOWN:
        return shown
    return shown + " " + _("and {n} more").format(n=len(names) - _SHOWN)


def span(low: Decimal, high: Decimal) -> str:
    """A mark, or the range it lies in."""
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def number(value: Decimal) -> str:
    """At most two decimals, without idle zeros: 3.3, 0.5, 10."""
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def status_words(status: Status) -> str:
    return {
        Status.GRADED: _("graded"),
        Status.NEEDS_REVIEW: _("needs a person"),
        Status.NOT_RUNNABLE: _("cannot be run"),
        Status.NOT_RECEIVED: _("not received"),
    }[status]
