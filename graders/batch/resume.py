"""Has this submission been marked already, in just this way?"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from graders.batch.job import Job
from graders.intake.submission import Submission
from graders.scoring import Result, read_result

RESULT = "result.json"
_FILE = ".marking.json"
_ROOMS = ("analysis", "batch", "checks", "evidence", "locale", "report", "rubric", "scoring")


class Fingerprint(BaseModel):
    """All that a result depends on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evidence_key: str
    rubric_digest: str
    language: str
    grader: str  # digest of the code and texts that mark
    data_profile: str = ""
    received: str = ""  # when it was handed in and what says so, where there is a deadline


def fingerprint(job: Job, submission: Submission, evidence_key: str) -> Fingerprint:
    """All that a result of this job depends on."""
    dated = job.rubric.deadline is not None
    return Fingerprint(
        evidence_key=evidence_key,
        rubric_digest=job.rubric.digest,
        language=job.language,
        grader=grader_digest(),
        data_profile=job.data_profile,
        received=f"{submission.received} {submission.received_by}" if dated else "",
    )


@cache
def grader_digest() -> str:
    """sha256 over everything of ours that comes between evidence and report."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((package / room).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(package)).encode() + b"\0")
                digest.update(path.read_bytes())
    return digest.hexdigest()


def done(folder: Path, fingerprint: Fingerprint) -> Result | None:
    """The result that is there already, if it was made in just this way and nothing failed."""
    try:
        kept = Fingerprint.model_validate_json((folder / _FILE).read_text("utf-8"))
        result = read_result(folder / RESULT)
    except (OSError, ValueError):
        return None
    return result if kept == fingerprint else None


def begin(folder: Path) -> None:
    """From now on what is there is old."""
    (folder / _FILE).unlink(missing_ok=True)


def finish(folder: Path, fingerprint: Fingerprint) -> None:
    """What is there is whole, and was made in this way."""
    (folder / _FILE).write_text(fingerprint.model_dump_json(), "utf-8")


def needs_another_try(result: Result) -> bool:
    """Did the grader or the machine fail on it?"""
    return any(c.grader_fault for e in result.exercises for c in e.criteria)
