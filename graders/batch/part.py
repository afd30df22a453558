"""One run of a submission: all of its notebooks, or its copy of one that was handed out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from graders import sandbox
from graders.batch import flags, resume
from graders.batch.evidence_cache import Kept, OnCell, ensure_evidence
from graders.batch.job import Job
from graders.batch.mark import resolve
from graders.batch.remembered import Remembered
from graders.evidence.environment_errors import NOTHING_EXCUSED, Excused, excused
from graders.evidence.questions import Question
from graders.intake.submission import Submission
from graders.language import _
from graders.rubric.model import Criterion, Rubric, Template
from graders.runner.stopping import Stopping

if TYPE_CHECKING:
    from graders.analysis import Reading


class Part:
    """What is seen of one run, each step done when it is first asked for. Its faults are raised."""

    def __init__(
        self,
        submission: Submission,
        job: Job,
        template: Template | None = None,
        on_cell: OnCell | None = None,
    ) -> None:
        """`submission` holds only the notebooks of this run, which may be none."""
        self.submission, self.template = submission, template
        self._job, self._on_cell = job, on_cell
        self.stopping: Stopping | None = None  # ends its run from another thread
        self._kept: Kept | None = None

    @property
    def id(self) -> str:
        return self.template.id if self.template else ""

    @property
    def title(self) -> str:
        """What the handed-out notebook is called; "" for all others."""
        return self.template.title.in_language(self._job.language) if self.template else ""

    @property
    def unchanged(self) -> frozenset[str]:
        """Ids of the handed-out notebook's cells that are as they were."""
        copy = self.submission.copies.get(self.id)
        return frozenset(copy.unchanged) if copy else frozenset()

    @property
    def untouched(self) -> bool:
        """Is every code cell of a handed-out notebook as it was, with none added?"""
        if self.template is None:
            return False
        return len(self.kept.record.cells) == len(self.unchanged)

    @property
    def problem(self) -> str:
        """Why there is nothing to run; "" when there is."""
        if self.submission.notebooks:
            return ""
        if self.template is not None:
            return _("Notebook {name} is not among what was handed in.").format(name=self.title)
        return _("There is no notebook beside those that were handed out.")

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        return tuple(c for c in self._job.rubric.criteria if (c.notebook or "") == self.id)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What the checks will ask of what the notebook made; those of the whole ask every part,
        and last, as they may call functions that nobody else does."""
        rubric = self._job.rubric
        if not rubric.notebooks:
            return ()
        asked = questions(self.criteria), questions(c for c in rubric.criteria if not c.notebook)
        return tuple({question.digest: question for some in asked for question in some}.values())

    @property
    def kept(self) -> Kept:
        """The evidence. Raises what the runner raises.

        Not a cached property: before Python 3.12 these have one lock for all objects of a class.
        """
        if self._kept is None:
            self._kept = ensure_evidence(
                self.submission,
                self._job.rubric,
                self._job.data_files,
                sandbox.choose(self._job.sandbox),
                rerun=self._job.rerun,
                root=self._job.evidence,
                on_cell=self._on_cell,
                questions=self.questions,
                stopping=self.stopping,
            )
        return self._kept

    @cached_property
    def reading(self) -> Reading:
        """What the evidence means. Raises EvidenceError."""
        from graders import analysis  # brings torch

        located = self._job.data_files
        reading = analysis.read(
            self.kept.folder, {file: located[file] for file in located}, self.unchanged
        )
        reading.whole = analysis.Whole({analysis.OTHERS: lambda: reading}, untouched=self.untouched)
        return reading

    @cached_property
    def remembered(self) -> Remembered:
        """What was answered before for this evidence."""
        grader = resume.grader_digest()
        return Remembered(self.kept.folder, grader=grader, language=self._job.language)

    @property
    def cut_short(self) -> str:
        """Why what was not seen may not be the student's doing; "" when the run tells all."""
        return flags.cut_short(self.kept.record)

    @property
    def seen(self) -> str:
        """Names all that a check of this part sees."""
        return joined_key([self.kept.key, *sorted(self.unchanged)])

    @cached_property
    def excused(self) -> Excused:
        """Cells whose error is the environment's, or that of the notebook as it was handed out."""
        copy = self.submission.copies.get(self.id)
        if copy is None or self.template is None:
            return NOTHING_EXCUSED
        return excused(self.kept.record.cells, copy.places, self.template.errors)

    @property
    def cells(self) -> int:
        """How many cells the executed notebook has."""
        return _cells_of(self.kept.folder / "executed.ipynb")


def _cells_of(path: Path) -> int:
    try:
        return len(json.loads(path.read_text("utf-8"))["cells"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0


def split(submission: Submission, rubric: Rubric) -> list[tuple[Submission, Template | None]]:
    """The submission's runs: one, or one for each handed-out notebook and one for the others."""
    if not rubric.notebooks:
        return [(submission, None)]
    runs: list[tuple[Submission, Template | None]] = []
    copies = {copy.path for copy in submission.copies.values()}
    for template in rubric.notebooks:
        copy = submission.copies.get(template.id)
        own = (copy.path,) if copy else ()
        runs.append((submission.model_copy(update={"notebooks": own}), template))
    others = tuple(path for path in submission.notebooks if path not in copies)
    runs.append((submission.model_copy(update={"notebooks": others}), None))
    return runs


def questions(criteria: Iterable[Criterion]) -> tuple[Question, ...]:
    """What the checks of these criteria ask before they look at anything else, each once."""
    from graders.analysis import Reading, Rehearsal, Rehearsed

    found: dict[str, Question] = {}
    for criterion in criteria:
        if criterion.check is None:
            continue
        try:
            resolve(criterion.check)(cast(Reading, Rehearsal()), **criterion.params)
        except Rehearsed as rehearsed:
            found.update({question.digest: question for question in rehearsed.questions})
        except (AttributeError, LookupError):
            continue  # a check that asks nothing, or something else first
    return tuple(found.values())


def joined_key(keys: Sequence[str]) -> str:
    """The key of several runs' evidence together."""
    return keys[0] if len(keys) == 1 else hashlib.sha256(" ".join(keys).encode()).hexdigest()
