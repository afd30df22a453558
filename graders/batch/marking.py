"""One submission from delivery to report, each step done once, when it is first asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders import report, scoring
from graders.batch import flags, lateness, resume
from graders.batch.evidence_cache import OnCell
from graders.batch.grader_log import note_failure
from graders.batch.handed_out import notebook_result
from graders.batch.job import Job
from graders.batch.mark import all_undecided, as_far_as_seen, ask, settle
from graders.batch.part import Part, joined_key, split
from graders.batch.patience import Patience, TookTooLong
from graders.batch.remembered import Remembered
from graders.batch.side_by_side import Shares, run_all
from graders.batch.together import Together
from graders.evidence.documents import Document, read_documents
from graders.intake.submission import Submission
from graders.language import _, speaking
from graders.report.exhibits import Exhibits
from graders.rubric.model import Criterion
from graders.scoring.notebooks import NotebookResult
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
    def parts(self) -> tuple[Part, ...]:
        """The submission's runs, those for which nothing was handed in too."""
        runs = split(self.submission, self.job.rubric)
        going = sum(bool(submission.notebooks) for submission, _template in runs)
        shares = Shares(self._on_cell, going) if self._on_cell and going > 1 else None
        return tuple(
            Part(submission, self.job, template, shares.next() if shares else self._on_cell)
            for submission, template in runs
        )

    @cached_property
    def ran(self) -> tuple[Part, ...]:
        """The runs that there is evidence of: none when there is nothing to run or the grader
        failed."""
        if self.problem or self._given_up:
            return ()
        resume.begin(self.folder)
        try:
            with speaking(self.job.language):
                ran = tuple(part for part in self.parts if not part.problem)
                run_all(ran, self.job.at_once)
        except Exception:
            self._fail(_("The grader could not run this submission."))
            return ()
        return ran

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """A verdict for each criterion; empty when there is nothing to run."""
        if self.problem:
            return {}
        began = time.perf_counter()
        with speaking(self.job.language):
            try:
                found = settle(self._answer, self.job.rubric, language=self.job.language)
            except NoReading:
                return all_undecided(self.job.rubric, self.fault)
        self._seconds = time.perf_counter() - began
        return found

    def _answer(self, criterion: Criterion) -> Verdict:
        """A check's answer, from memory when it was asked before. Raises NoReading."""
        seen = self.seen(criterion)
        if isinstance(seen, Part) and seen.problem:
            return _absent(criterion, seen)
        known = seen.remembered.verdict(criterion, seen.seen)
        if known is None:
            known = self._asked(seen, criterion)
        return self._placed(as_far_as_seen(known, seen.cut_short), seen)

    def seen(self, criterion: Criterion) -> Part | Together:
        """What the criterion's check looks at: the run of its notebook, which may not have been
        handed in, or all of them. Raises NoReading."""
        if self.job.rubric.notebooks and criterion.notebook is None:
            return self._together
        part = next(p for p in self.parts if p.id == (criterion.notebook or ""))
        if not part.problem and not self._readable(part):
            raise NoReading
        return part

    def _readable(self, part: Part) -> bool:
        """Is there evidence of this run that the machine did not spoil?"""
        return part in self.ran and part.kept.record.fault != "machine"

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """The written documents that were handed in with the notebooks, where checks see them."""
        if not self.job.rubric.notebooks:
            return ()
        return read_documents(self.submission.root, self.submission.files)

    @cached_property
    def _together(self) -> Together:
        """The submission as a whole, for a criterion that is about no notebook in particular.
        Raises NoReading."""
        readable = [part for part in self.parts if self._readable(part)]
        if not readable:
            raise NoReading
        names = {part.id: part.title for part in readable}
        return Together(readable, self.documents, starts=self._starts, names=names, lost=self.fault)

    def _asked(self, part: Part | Together, criterion: Criterion) -> Verdict:
        reading = self._reading(part)
        if reading is None:
            raise NoReading
        try:
            with self._patience():
                verdict = ask(reading, criterion, self._log)
        except TookTooLong:
            return Verdict(
                id=criterion.id,
                verdict=VerdictKind.UNDECIDED,
                message=_("This takes too long to find out, so a person has to look at it."),
                grader_fault=True,
            )
        part.remembered.keep(verdicts={Remembered.key(criterion, part.seen): verdict})
        return verdict

    def _reading(self, part: Part | Together) -> Reading | None:
        """What the part's evidence means; None when there is none, or the machine spoiled it."""
        if isinstance(part, Part) and not self._readable(part):
            return None
        try:
            with self._patience():
                return part.reading
        except (Exception, TookTooLong):
            self._fail(_("The grader could not read what was seen in the run."))
            return None

    def _placed(self, verdict: Verdict, part: Part | Together) -> Verdict:
        """With cells counted over all that ran."""
        start = self._starts.get(part.id, 0)
        if not start:
            return verdict
        return verdict.model_copy(update={"cells": tuple(cell + start for cell in verdict.cells)})

    @cached_property
    def _starts(self) -> dict[str, int]:
        """Where each run's cells begin among those of all."""
        lengths = [part.cells for part in self.ran] if len(self.ran) > 1 else [0]
        return dict(zip((p.id for p in self.ran), accumulate(lengths, initial=0), strict=False))

    def remember(self) -> None:
        """Keep on disk what was answered so far."""
        for part in self.ran:
            if part.kept.record.fault != "machine":
                part.remembered.save()

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What a person should know."""
        with speaking(self.job.language):
            found = [*flags.of_delivery(self.submission, self.job.rubric), *flags.profile(self.job)]
            for part in self.ran:
                told = (*flags.of_run(part.kept.record, part.excused), *self._noticed(part))
                found += [self._of_part(flag, part) for flag in told]
        return tuple(found)

    def _of_part(self, flag: Flag, part: Part) -> Flag:
        """With the notebook's name, and cells counted over all that ran."""
        start = self._starts[part.id]
        name = part.title
        return flag.model_copy(
            update={
                "message": f"{name}: {flag.message}" if name else flag.message,
                "cells": tuple(cell + start for cell in flag.cells),
            }
        )

    def _noticed(self, part: Part) -> tuple[Flag, ...]:
        """What the analysis noticed, from memory when it was noticed before."""
        if part.kept.record.fault == "machine":
            return ()
        memory = part.remembered
        if memory.answers.flags is not None:
            return memory.answers.flags
        try:
            with speaking(self.job.language), self._patience():
                reading = self._reading(part)
                noticed = flags.observed(reading, self._log)
        except TookTooLong:
            return ()
        if reading is not None:
            memory.keep(flags=noticed)
        return noticed

    @property
    def fault(self) -> str:
        """Why a person has to look at the whole of it; "" when nothing failed."""
        if self._given_up:
            return self._given_up
        for part in self.ran:
            if part.kept.record.fault == "machine":
                with speaking(self.job.language):
                    return flags.said(part.kept.record)
        return ""

    @property
    def evidence_key(self) -> str:
        documents = [document.digest for document in self.documents]
        return joined_key([*(part.kept.key for part in self.ran), *documents]) if self.ran else ""

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
                    flags=flags.of_delivery(submission.model_copy(update={"problems": ()}), rubric),
                )
            verdicts = self.verdicts
            result = scoring.score(
                rubric,
                submission.id,
                submission.students,
                verdicts,
                language=self.job.language,
                flags=self.flags,
                timings=self._timings(),
                evidence_key=self.evidence_key,
                problem=self.fault,
            )
            result = result.model_copy(update={"notebooks": self._notebooks(verdicts)})
        return lateness.taken(result, submission, rubric)

    def _notebooks(self, verdicts: Mapping[str, Verdict]) -> tuple[NotebookResult, ...]:
        """What became of each notebook that was handed out."""
        lines = (
            notebook_result(part, self.job.rubric, verdicts, ran=part in self.ran)
            for part in self.parts
        )
        return tuple(line for line in lines if line is not None)

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
        if not resume.needs_another_try(result) and self.ran:
            made = resume.fingerprint(self.job, self.submission, self.evidence_key)
            resume.finish(self.folder, made)
        return result

    def _exhibits(self) -> Exhibits:
        """What the report shows beside the result, from memory when it was shown before."""
        shown = self._exhibits_of_runs()
        if not self.documents:
            return shown
        from graders.batch.exhibits import written  # brings torch

        return shown.model_copy(update={"documents": written(self.documents)})

    def _exhibits_of_runs(self) -> Exhibits:
        shown = [self._exhibits_of(part) for part in self.ran]
        if len(shown) == 1:
            return shown[0]
        return Exhibits(
            notices=tuple(notice for one in shown for notice in one.notices),
            environment=shown[0].environment if shown else {},
        )

    def _exhibits_of(self, part: Part) -> Exhibits:
        from graders.batch.exhibits import exhibits  # brings torch

        if part.kept.record.fault == "machine":
            return exhibits(None, part.kept.record, self._log)
        memory = part.remembered
        if memory.answers.exhibits is not None:
            return memory.answers.exhibits
        reading = self._reading(part) if len(self.ran) == 1 else None
        shown = exhibits(reading, part.kept.record, self._log)
        if reading is not None:
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
        """The executed notebooks, one behind the other."""
        found: dict[str, Any] | None = None
        for part in self.ran:
            try:
                notebook = json.loads((part.kept.folder / "executed.ipynb").read_text("utf-8"))
                cells = notebook["cells"]
            except (OSError, ValueError, RecursionError, KeyError, TypeError):
                return None
            if found is None:
                found = notebook
            else:
                found["cells"] += cells
        return found

    def _timings(self) -> dict[str, float]:
        records = [part.kept.record for part in self.ran]
        if not records:
            return {}
        return {
            "kernel_start": round(sum(r.kernel_start_seconds for r in records), 3),
            "run": round(sum(r.seconds for r in records), 3),
            "mark": round(self._seconds, 3),
        }


def _absent(criterion: Criterion, part: Part) -> Verdict:
    """A notebook that was not handed in."""
    return Verdict(
        id=criterion.id,
        verdict=VerdictKind.VIOLATED,
        message=part.problem,
        expected=_("the notebook, filled in"),
        observed=part.problem,
    )
