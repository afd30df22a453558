"""Has this notebook been run already? Evidence by its key; half of one is never read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from graders.batch.locking import alone
from graders.batch.places import evidence_root
from graders.evidence.questions import Question
from graders.evidence.run_record import RunRecord
from graders.intake.submission import Submission
from graders.rubric.model import DataFile, Rubric
from graders.runner.stopping import Stopping
from graders.sandbox import Sandbox

OnCell = Callable[[int, int], None]


@dataclass(frozen=True)
class Kept:
    """Evidence on disk. `fresh` when it was gathered just now."""

    key: str
    folder: Path
    record: RunRecord
    fresh: bool


def evidence_key(
    submission: Submission, rubric: Rubric, data: Mapping[DataFile, Path], sandbox_name: str
) -> str:
    """The key under which this submission's evidence is kept."""
    from graders import runner

    return runner.evidence_key(submission, rubric.run, data, sandbox_name)


def ensure_evidence(
    submission: Submission,
    rubric: Rubric,
    data: Mapping[DataFile, Path],
    sandbox: Sandbox,
    *,
    rerun: bool = False,
    root: Path | None = None,
    on_cell: OnCell | None = None,
    questions: Sequence[Question] = (),
    stopping: Stopping | None = None,
) -> Kept:
    """The submission's evidence, run now if it never was (or `rerun`), or if one of the questions
    was never put to it.

    A run that the machine spoiled is kept apart, under `.failed`, so that the next try runs again.
    """
    from graders import runner

    root = root or evidence_root()
    key = evidence_key(submission, rubric, data, sandbox.name)
    final = root / key
    with alone(root / f"{key}.lock"):
        if not rerun and (final / "run.json").is_file():
            record = RunRecord.model_validate_json((final / "run.json").read_text("utf-8"))
            if {question.digest for question in questions} <= set(record.questions):
                return Kept(key, final, record, fresh=False)
        partial = root / ".partial"
        partial.mkdir(parents=True, exist_ok=True)
        for left in partial.glob(f"{key}-*"):  # of a worker that was killed: we hold its lock
            shutil.rmtree(left, ignore_errors=True)
        building = partial / f"{key}-{uuid4().hex[:8]}"
        building.mkdir()
        try:
            record = runner.run(
                submission,
                rubric.run,
                data,
                building,
                sandbox,
                on_cell=on_cell,
                questions=questions,
                stopping=stopping,
            )
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        if record.fault == "machine":
            final = root / ".failed" / key
            final.parent.mkdir(exist_ok=True)
        _put(building, final, partial / f"{key}-old")
        return Kept(key, final, record, fresh=True)


def _put(source: Path, target: Path, aside: Path) -> None:
    if target.exists():
        os.replace(target, aside)
    os.replace(source, target)
    shutil.rmtree(aside, ignore_errors=True)
