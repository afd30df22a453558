"""One submission from delivery to report, each step done once, when it is first asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders import report, sandbox, scoring
from graders.batch import flags, resume
from graders.batch.evidence_cache import Kept, OnCell, ensure_evidence
from graders.batch.grader_log import note_failure
from graders.batch.job import Job
from graders.batch.mark import all_undecided, ask, settle
from graders.batch.patience import Patience, TookTooLong
from graders.batch.remembered import Remembered
from graders.intake.submission import Submission
from graders.language import _, speaking
from graders.report.exhibits import Exhibits
from graders.rubric.model import Criterion
from graders.scoring.result import Flag, Result, Status, Verdict, VerdictKind

if TYPE_CHECKING:
    from graders.analysis import Reading


class NoReading(Exception):  # noqa: N818 - said to ourselves, not an error
    """There is no evidence to put a question to."""


class Marking:
    """What is known so far of one submission's marking. Nothing here raises for its faults."""

    def __init__(
        self,
        submission: Submission,
        job: Job,
        *,
        given_up: str = "",
        on_cell: OnCell | None = None,
    ) -> None:
        """`given_up` says why it is not tried (again): then everything is left to a person."""
        self.submission = submission
        self.job = job
        self.folder = job.out / submission.id
        self._given_up = given_up
        self._on_cell = on_cell
        self._seconds = 0.0
        self._patience = Patience()

    @property
    def problem(self) -> str:
        """Why there is nothing to run; "" when there is."""
        if self.submission.notebooks:
            return ""
        with speaking(self.job.language):
            return " ".join(self.submission.problems) or _("There is no notebook to run.")

    @cached_property
    def kept(self) -> Kept | None:
        """The evidence; None when there is nothing to run or the grader failed."""
        if self.problem or self._given_up:
            return None
        resume.begin(self.folder)
        try:
            with speaking(self.job.language):
                return ensure_evidence(
                    self.submission,
                    self.job.rubric,
                    self.job.data_files,
                    sandbox.choose(self.job.sandbox),
                    rerun=self.job.rerun,
                    root=self.job.evidence,
                    on_cell=self._on_cell,
                )
        except Exception:
            self._fail(_("The grader could not run this submission."))
            return None

    @cached_property
    def reading(self) -> Reading | None:
        """What the evidence means; None when there is none, or the machine spoiled it."""
        if self.kept is None or self.kept.record.fault == "machine":
            return None
        try:
            from graders import analysis  # brings torch

            located = self.job.data_files
            with self._patience():
                return analysis.read(self.kept.folder, {file: located[file] for file in located})
        except (Exception, TookTooLong):
            self._fail(_("The grader could not read what was seen in the run."))
            return None

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """A verdict for each criterion; empty when there is nothing to run."""
        if self.problem:
            return {}
        began = time.perf_counter()
        with speaking(self.job.language):
            try:
                found = settle(
                    self._answer,
                    self.job.rubric,
                    language=self.job.language,
                    cut_short=flags.cut_short(self.kept.record) if self.kept else "",
                )
            except NoReading:
                return all_undecided(self.job.rubric, self.fault)
        self._seconds = time.perf_counter() - began
        return found

    def _answer(self, criterion: Criterion) -> Verdict:
        """A check's answer, from memory when it was asked before. Raises NoReading."""
        known = self.remembered.verdict(criterion) if self.remembered else None
        if known is not None:
            return known
        if self.reading is None:
            raise NoReading
        try:
            with self._patience():
                verdict = ask(self.reading, criterion, self._log)
        except TookTooLong:
            return Verdict(
                id=criterion.id,
                verdict=VerdictKind.UNDECIDED,
                message=_("This takes too long to find out, so a person has to look at it."),
                grader_fault=True,
            )
        if self.remembered:
            self.remembered.keep(verdicts={Remembered.key(criterion): verdict})
        return verdict

    @cached_property
    def remembered(self) -> Remembered | None:
        """What was answered before for this evidence; None when there is no evidence."""
        if self.kept is None or self.kept.record.fault == "machine":
            return None
        grader = resume.grader_digest()
        return Remembered(self.kept.folder, grader=grader, language=self.job.language)

    def remember(self) -> None:
        """Keep on disk what was answered so far."""
        if self.remembered:
            self.remembered.save()

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What a person should know."""
        record = self.kept.record if self.kept else None
        with speaking(self.job.language):
            return (*flags.flags(self.submission, self.job.rubric, record), *self._noticed)

    @cached_property
    def _noticed(self) -> tuple[Flag, ...]:
        """What the analysis noticed, from memory when it was noticed before."""
        memory = self.remembered
        if memory and memory.answers.flags is not None:
            return memory.answers.flags
        try:
            with speaking(self.job.language), self._patience():
                noticed = flags.observed(self.reading, self._log)
        except TookTooLong:
            return ()
        if memory and self.reading is not None:
            memory.keep(flags=noticed)
        return noticed

    @property
    def fault(self) -> str:
        """Why a person has to look at the whole of it; "" when nothing failed."""
        if self._given_up:
            return self._given_up
        if self.kept is not None and self.kept.record.fault == "machine":
            with speaking(self.job.language):
                return flags.said(self.kept.record)
        return ""

    def result(self) -> Result:
        """The result, with nothing written."""
        rubric, submission = self.job.rubric, self.submission
        with speaking(self.job.language):
            if self.problem:
                return scoring.unrunnable(
                    rubric,
                    submission.id,
                    submission.students,
                    status=Status.NOT_RUNNABLE if self._received() else Status.NOT_RECEIVED,
                    problem=self.problem,
                    language=self.job.language,
                    flags=flags.flags(submission.model_copy(update={"problems": ()}), rubric, None),
                )
            verdicts = self.verdicts
            return scoring.score(
                rubric,
                submission.id,
                submission.students,
                verdicts,
                language=self.job.language,
                flags=self.flags,
                timings=self._timings(),
                evidence_key=self.kept.key if self.kept else "",
                problem=self.fault,
            )

    def finish(self) -> Result:
        """Write the result and its report, and say that they are whole."""
        result = self.result()
        with speaking(self.job.language):
            try:
                with self._patience():
                    report.write_submission(result, self._exhibits(), self._executed(), self.folder)
            except (TookTooLong, RecursionError, ValueError, MemoryError):
                # The mark is not lost over a notebook that cannot be shown.
                note_failure(self._log, "report")
                report.write_submission(result, Exhibits(), None, self.folder)
        scoring.write_result(result, self.folder / resume.RESULT)
        self.remember()
        if not resume.needs_another_try(result) and self.kept is not None:
            resume.finish(self.folder, resume.fingerprint(self.job, self.kept.key))
        return result

    def _exhibits(self) -> Exhibits:
        """What the report shows beside the result, from memory when it was shown before."""
        memory = self.remembered
        if memory and memory.answers.exhibits is not None:
            return memory.answers.exhibits
        from graders.batch.exhibits import exhibits  # brings torch

        shown = exhibits(self.reading, self.kept.record if self.kept else None, self._log)
        if memory and self.reading is not None:
            memory.keep(exhibits=shown)
        return shown

    @property
    def _log(self) -> Path:
        return self.folder / "grader.log"

    def _fail(self, sentence: str) -> None:
        self._given_up = sentence
        note_failure(self._log, sentence)

    def _received(self) -> bool:
        """Was anything handed in at all?"""
        root = self.submission.root
        return any(p.is_file() and not p.name.startswith(".") for p in root.rglob("*"))

    def _executed(self) -> dict[str, Any] | None:
        if self.kept is None:
            return None
        try:
            notebook = json.loads((self.kept.folder / "executed.ipynb").read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return notebook if isinstance(notebook, dict) else None

    def _timings(self) -> dict[str, float]:
        if self.kept is None:
            return {}
        record = self.kept.record
        return {
            "kernel_start": round(record.kernel_start_seconds, 3),
            "run": round(record.seconds, 3),
            "mark": round(self._seconds, 3),
        }
