"""How do I stand? What a student sees in the terminal."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from graders.batch import data as data_files
from graders.batch import lateness, resume
from graders.batch.attempts import Attempts
from graders.batch.cores import available_cores
from graders.batch.job import Job, Options, prepare
from graders.batch.marking import Marking
from graders.batch.progress import ProgressBar
from graders.batch.summary import number, span
from graders.language import _, speaking
from graders.report.wording import notebook_sign, notebook_words
from graders.rubric import find, load
from graders.scoring.result import CriterionResult, Result, VerdictKind

_SIGNS = {
    VerdictKind.MET: ("✓", "green"),
    VerdictKind.VIOLATED: ("✗", "red"),
    VerdictKind.UNDECIDED: ("?", "yellow"),
    VerdictKind.NOT_ASSESSED: ("–", "dim"),
}
_COLOURS = {kind.value: colour for kind, (_sign, colour) in _SIGNS.items()}


def check_own(
    path: Path,
    assignment: str,
    data: Path | None,
    out: Path,
    language: str,
    sandbox: str,
    rerun: bool,
    data_profile: str = "",
) -> int:
    """Run, mark and show one's own work. 1 when the grader failed, else 0.

    Raises UsageProblem, RubricError or SandboxUnavailable.
    """
    rubric = load(find(assignment))
    options = Options(
        out=out,
        data=data or data_files.stand_in(rubric),
        language=language,
        sandbox=sandbox,
        rerun=rerun,
        own=True,
        data_profile=data_profile,
    )
    job = prepare(assignment, [path], options)
    job = job.model_copy(update={"at_once": max(1, available_cores() // 2)})  # it is in use, too
    console = Console()
    results = [_marked(job, submission.id, console) for submission in job.submissions]
    with speaking(language):
        for result in results:
            show(result, console)
            page = job.out / result.submission / "report.html"
            console.print(f"\n{_('Report')}: {page}", soft_wrap=True, highlight=False)
        if rubric.tag is not None:
            said = _("Checked as the files lie here: what will be marked is the git tag {tag}.")
            console.print(said.format(tag=rubric.tag), style="dim", highlight=False)
        if said := lateness.if_now(rubric, datetime.now(UTC)):
            console.print(said, style="dim", highlight=False)
        if rubric.run.environment is not None and job.rubric.run.interpreter is None:
            said = _("Run with this machine's packages: what is marked runs in {file}.")
            console.print(said.format(file=rubric.run.environment.file), style="dim")
        if data is None:
            console.print(
                _("Run on quick made-up data: say --data DIR for the real one."), style="dim"
            )
    return int(any(resume.needs_another_try(result) for result in results))


def _marked(job: Job, submission_id: str, console: Console) -> Result:
    with tempfile.TemporaryDirectory(prefix="corrige-") as name:
        attempts = Attempts(Path(name))
        bar = ProgressBar(1, attempts, Console(stderr=True))
        marking = Marking(
            job.submission(submission_id),
            job,
            on_cell=lambda cell, cells: attempts.at_cell(submission_id, cell, cells),
        )
        with bar:
            bar.began(submission_id)
            return marking.finish()


def show(result: Result, console: Console) -> None:
    """The criteria of a result, what is lost with its reasons."""
    console.print()
    title = Text(f"{result.assignment} · {result.submission}", style="bold")
    console.print(title)
    if result.problem:
        console.print(Text(result.problem, style="red"))
    if result.notebooks:
        console.print()
        console.print(_notebooks(result))
    for exercise in result.exercises:
        console.print()
        head = f"{exercise.title}  {span(exercise.mark_low, exercise.mark_high)}"
        console.print(Text(f"{head} / {number(exercise.points)}", style="bold"))
        for criterion in exercise.criteria:
            _show_criterion(criterion, console)
    console.print()
    mark = f"{span(result.mark_low, result.mark_high)} / {number(result.max_mark)}"
    console.print(Text(f"{_('Mark')}: {mark}", style="bold"))
    for flag in result.flags:
        console.print(Text(f"! {flag.message}{_cells(flag.cells)}", style="yellow"))


def _notebooks(result: Result) -> Table:
    """A line for each notebook that was handed out."""
    marks = {
        e.id: f"{span(e.mark_low, e.mark_high)} / {number(e.points)}" for e in result.exercises
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    for notebook in result.notebooks:
        words = Text(notebook_words(notebook), style=_COLOURS[notebook_sign(notebook)])
        if notebook.environment:
            words.append(" · " + _("an error of the environment"), style="dim")
        if notebook.left_out:
            counts = _("{file} counts, not {others}").format(
                file=notebook.file, others=", ".join(notebook.left_out)
            )
            words.append(f" · {counts}", style="dim")
        points = ", ".join(marks[name] for name in notebook.exercises if name in marks)
        table.add_row(Text(notebook.title), words, points)
    return table


def _show_criterion(criterion: CriterionResult, console: Console) -> None:
    sign, style = _SIGNS[criterion.verdict]
    line = Text.assemble((f"  {sign} ", style), criterion.text, (f"  {criterion.id}", "dim"))
    if criterion.applied:
        line.append(f"  −{number(criterion.applied)}", style="red")
    console.print(line)
    if criterion.verdict is VerdictKind.MET:
        return
    if criterion.message and criterion.message != criterion.observed:
        console.print(Text(f"      {criterion.message}", style=style))
    if criterion.expected:
        console.print(Text(f"      {_('expected')}: {criterion.expected}"))
    if criterion.observed:
        console.print(Text(f"      {_('observed')}: {criterion.observed}"))
    if criterion.cells:
        console.print(Text(f"     {_cells(criterion.cells)}", style="dim"))


def _cells(cells: tuple[int, ...]) -> str:
    return f" [{_('cells')} {', '.join(map(str, cells))}]" if cells else ""
