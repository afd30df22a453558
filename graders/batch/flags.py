"""What should a person know that costs nothing by itself?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from graders.batch import lateness
from graders.batch.grader_log import note_failure
from graders.evidence.environment_errors import NOTHING_EXCUSED, Excused
from graders.evidence.run_record import RunRecord
from graders.intake.submission import Submission
from graders.language import _
from graders.rubric.model import Rubric
from graders.scoring.notebooks import AS_HANDED_OUT, ENVIRONMENT
from graders.scoring.result import Flag

if TYPE_CHECKING:
    from graders.analysis import Reading
    from graders.batch.job import Job


class Noticed(Protocol):
    """Something the analysis noticed; it knows nothing of results."""

    @property
    def id(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def cells(self) -> Iterable[int]: ...


def of_delivery(submission: Submission, rubric: Rubric) -> tuple[Flag, ...]:
    """Lateness, and what intake noticed."""
    found = [Flag(id="intake", message=problem) for problem in submission.problems]
    return (*found, *lateness.flags(submission, rubric))


def of_run(record: RunRecord, excused: Excused = NOTHING_EXCUSED) -> tuple[Flag, ...]:
    """Cells that failed or took too long, and how the run ended."""
    found = [*_not_theirs(record, excused)]
    failed = tuple(
        cell.index
        for cell in record.cells
        if cell.error and not cell.timed_out and cell.index not in excused.cells
    )
    if failed:
        found.append(
            Flag(id="cells_failed", message=_("Some cells ended in an error."), cells=failed)
        )
    slow = tuple(cell.index for cell in record.cells if cell.timed_out)
    if slow:
        found.append(Flag(id="cells_timed_out", message=_("Some cells took too long."), cells=slow))
    if record.ended != "finished":
        found.append(Flag(id=record.ended, message=said(record)))
    return tuple(found)


def _not_theirs(record: RunRecord, excused: Excused) -> Iterator[Flag]:
    """Errors that are the environment's or the handed-out notebook's own."""
    if excused.library:
        versions = [f"{n} {record.environment[n]}" for n in ("numpy",) if n in record.environment]
        message = _(
            "Code as it was handed out ends in an error, because libraries have changed since it "
            "was written ({error}). This is the environment's, not the student's."
        ).format(error="; ".join([*excused.errors, *versions]))
        yield Flag(id=ENVIRONMENT, message=message, cells=excused.library)
    if excused.handed_out:
        message = _("Cells as they were handed out end in the error that they then show.")
        yield Flag(id=AS_HANDED_OUT, message=message, cells=excused.handed_out)


def profile(job: Job) -> tuple[Flag, ...]:
    """That the run was on smaller image sets: figures of such a run say little."""
    samples = job.rubric.profiles.get(job.data_profile)
    if samples is None:
        return ()
    sizes = ", ".join(f"{name}: {s.train} + {s.test}" for name, s in samples.items())
    message = _(
        "Run with the data profile {name}, on smaller image sets (training + test images): {sizes}."
    ).format(name=job.data_profile, sizes=sizes)
    return (Flag(id="data_profile", message=message),)


def observed(reading: Reading | None, log: Path | None = None) -> tuple[Flag, ...]:
    """What the analysis noticed (`reading.flags()`, where it offers that), never an error."""
    offer = getattr(reading, "flags", None)
    if offer is None:
        return ()
    try:
        noticed: Iterable[Noticed] = offer()
        return tuple(Flag(id=n.id, message=n.message, cells=tuple(n.cells)) for n in noticed)
    except Exception:
        note_failure(log, "flags")
        return ()


def cut_short(record: RunRecord) -> str:
    """Why what was not seen may not be the student's doing; "" when the run tells all."""
    if record.fault == "student":
        return ""
    if record.ended != "finished":
        return ended(record)
    if any(cell.timed_out for cell in record.cells):
        return _("A cell was stopped because it took too long, so this cannot be told for sure.")
    return ""


def said(record: RunRecord) -> str:
    """The runner's own sentence on how the run ended, else ours, and what stopped it."""
    sentence = _(record.detail) if record.detail else ended(record)
    if not record.stopped_by:
        return sentence
    who = {"watcher": _("the grader's watcher"), "cgroup": _("the system's control group")}
    return sentence + " " + _("(Stopped by {who}.)").format(who=who[record.stopped_by])


def ended(record: RunRecord) -> str:
    """One sentence on a run that did not get to its end."""
    return {
        "kernel_died": _("The kernel died before the end of the notebook."),
        "budget_spent": _("The time for the whole run was spent before the end of the notebook."),
        "memory_spent": _("The memory was spent before the end of the notebook."),
        "processes_spent": _("Too many processes were started before the end of the notebook."),
        "disk_spent": _("The disk space was spent before the end of the notebook."),
        "output_spent": _("There was too much output before the end of the notebook."),
        "not_started": _("The notebook could not be started."),
    }.get(record.ended, "")
