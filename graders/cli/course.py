"""What grade does each student get? The list of a course, in the terminal and as files."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from graders import export, report
from graders.batch.problems import UsageProblem
from graders.batch.summary import number, span
from graders.course import (
    Course,
    Decisions,
    Grade,
    find_course,
    grades,
    load_course,
    load_decisions,
    read_reports,
)
from graders.course.formula import Span, two_decimals
from graders.course.grades import Grades, Standing
from graders.course.loading import Written
from graders.language import _, speaking

_STYLES = {"missing": "red", "unmarked": "yellow", "unclear": "yellow", "override": "cyan"}


def list_grades(
    name: str, reports: Path, decisions: Path | None, out: Path | None, language: str
) -> int:
    """Write and show the grades. 1 when a person has to say whose a submission is, or a result
    cannot be read; else 0, also while grades are still ranges.

    Raises UsageProblem, or RubricError for what is wrong in the course, the decisions or both.
    """
    with speaking(language):
        place = find_course(name)
        course = load_course(place)
        written = _decisions(place, course, decisions)
        if not reports.is_dir():
            raise UsageProblem(_("There is no {paths}.").format(paths=reports))
        found = read_reports(reports, course)
        made = grades(course, found.marked, written)
        if not made.rows:
            raise UsageProblem(
                _("There is nobody to grade: no result of {names} in {folder}.").format(
                    names=", ".join(course.names), folder=reports
                )
            )
        folder = (out or reports / f"course-{course.id}").absolute()
        try:
            export.write_grades(course, made.rows, folder / "grades.csv")
            report.write_grades(course, made, found.problems, folder)
        except OSError as error:
            sentence = _("The grades cannot be written: {error}").format(error=error)
            raise UsageProblem(sentence) from None
        console = Console()
        console.print(table(course, made, language))
        _explain(made, console)
        for note in (*found.problems, *made.notes):
            console.print(Text(f"! {note}", style="yellow"))
        for label, file in ((_("Grades"), "grades.csv"), (_("Page"), "grades.html")):
            console.print(f"{label}: {folder / file}", soft_wrap=True, highlight=False)
    return int(bool(found.problems or made.notes))


def _decisions(place: Path, course: Course, given: Path | None) -> Written:
    """Those given, else those beside the course, if there are any."""
    if given is not None:
        return load_decisions(given, course)
    usual = place.with_name(course.decisions)
    return load_decisions(usual, course) if usual.exists() else Written(Decisions())


def table(course: Course, made: Grades, language: str) -> Table:
    """A row for each student: marks on the course's scale, factor, project, grade."""
    shown = Table(title=course.title.in_language(language))
    shown.add_column(_("Student"), overflow="fold")
    for name in course.names:
        shown.add_column(name, justify="right", no_wrap=True)
    if course.quality is not None:
        shown.add_column("α", justify="right", no_wrap=True)
    if course.project is not None:
        shown.add_column(_("Project"), justify="right", no_wrap=True)
    shown.add_column(f"{_('Grade')} / {number(course.scale)}", justify="right", no_wrap=True)
    for row in made.rows:
        extras = [extra for extra in (row.factor, row.project) if extra is not None]
        shown.add_row(
            Text(row.student),
            *(_cell(standing) for standing in row.standings),
            *(Text(_between(extra.value), style=_open(extra.value)) for extra in extras),
            Text(span(row.low, row.high), style="bold" if row.settled else "yellow"),
        )
    return shown


def _cell(standing: Standing) -> Text:
    if standing.kind == "exempt":
        return Text("–", style="dim")
    return Text(_between(standing.mark), style=_STYLES.get(standing.kind, _open(standing.mark)))


def _between(value: Span) -> str:
    return span(two_decimals(value.low), two_decimals(value.high))


def _open(value: Span) -> str:
    return "" if value.settled else "yellow"


def _explain(made: Grades, console: Console) -> None:
    """Each student's sum, and what is not simply a mark."""
    for row in made.rows:
        console.print(Text(row.student, style="bold"))
        for one in row.sums:
            console.print(Text(f"  {_end(one.end, row)}{one.text}"))
        for standing in row.standings:
            if standing.kind != "marked":
                console.print(Text(f"  {standing.assignment}: {standing.said}", style="dim"))
        for label, extra in (("α", row.factor), (_("Project"), row.project)):
            if extra is not None:
                console.print(Text(f"  {label}: {extra.said}", style="dim"))


def _end(end: str, row: Grade) -> str:
    if len(row.sums) == 1:
        return ""
    return f"{_('from')} " if end == "low" else f"{_('to')} "
