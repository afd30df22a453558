"""Which errors do handed-out notebooks show by themselves, in the environment they are run in?

An error that is there before a student has done anything is not a student's. Facts, as a file for
`notebooks: {errors: ...}` of a rubric: by notebook and cell the exception's type and first line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from graders.batch.job import Job
from graders.batch.part import Part, split
from graders.batch.problems import UsageProblem
from graders.evidence.environment_errors import plainly
from graders.evidence.run_record import RunRecord
from graders.language import _

_VERSIONS = ("python", "numpy", "matplotlib", "torch")

Facts = dict[str, dict[str, dict[str, str]]]
OnNotebook = Callable[[str, int], None]


def errors_of(job: Job, on_notebook: OnNotebook) -> tuple[Facts, dict[str, str]]:
    """The errors of each handed-out notebook in the job's submissions, by the cell's id, and the
    versions that they were run with.

    `on_notebook(title, errors)` is called after each. Raises UsageProblem when there is none of
    them, or one could not be run.
    """
    found: Facts = {}
    versions: dict[str, str] = {}
    for submission in job.submissions:
        for of, template in split(submission, job.rubric):
            part = Part(of, job, template)
            if template is None or part.problem:
                continue
            record = part.kept.record
            if record.ended != "finished":
                sentence = _("{title} could not be run to its end: {reason}")
                raise UsageProblem(sentence.format(title=part.title, reason=_(record.detail)))
            found[template.id] = _errors(record, of.copies[template.id].places)
            versions = {k: v for k, v in record.environment.items() if k in _VERSIONS}
            on_notebook(part.title, len(found[template.id]))
    if not found:
        raise UsageProblem(_("There is none of the handed-out notebooks."))
    return found, versions


def _errors(record: RunRecord, places: dict[int, str]) -> dict[str, dict[str, str]]:
    return {
        places[cell.index]: {"name": cell.error.name, "says": plainly(cell.error.message)}
        for cell in record.cells
        if cell.error is not None and not cell.timed_out and cell.index in places
    }


def write_errors(found: Facts, versions: dict[str, str], path: Path) -> None:
    """Put the facts into a file; what it says of other notebooks stays. Raises OSError."""
    try:
        known = json.loads(path.read_text("utf-8"))["errors"]
    except (OSError, ValueError, KeyError, TypeError):
        known = {}
    kept = known if isinstance(known, dict) else {}
    content = {"environment": versions, "errors": {**kept, **found}}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
