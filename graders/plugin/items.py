"""The tests of a submission: `run`, one for each criterion, `result`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from graders.batch.attempts import Attempts
from graders.batch.job import Job
from graders.batch.marking import Marking
from graders.intake.submission import Submission
from graders.language import _, speaking
from graders.rubric.model import Criterion
from graders.scoring.result import Verdict, VerdictKind


class Lost(Exception):  # noqa: N818 - a verdict, not a defect
    """The criterion is violated, or the notebook could not be run; the text is the report."""


class SubmissionNode(pytest.Collector):
    """One submission: `p3::ana`."""

    def __init__(self, *, submission: Submission, job: Job, attempts: Attempts, **rest: Any):
        super().__init__(**rest)
        self.job = job
        self._submission = submission
        self._attempts = attempts

    @cached_property
    def marking(self) -> Marking:
        submission_id = self._submission.id
        return Marking(
            self._submission,
            self.job,
            given_up=self._attempts.begin(submission_id, self.job.language),
            on_cell=lambda cell, cells: self._attempts.at_cell(submission_id, cell, cells),
        )

    def collect(self) -> Iterator[pytest.Item]:
        yield RunItem.from_parent(self, name="run")
        for exercise in self.job.rubric.exercises:
            for criterion in exercise.criteria:
                yield CriterionItem.from_parent(self, name=criterion.id, criterion=criterion)
        yield ResultItem.from_parent(self, name="result")


class SubmissionItem(pytest.Item):
    """A test of a submission; what it says when it fails is its message, without a traceback."""

    @property
    def marking(self) -> Marking:
        assert isinstance(self.parent, SubmissionNode)
        return self.parent.marking

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        if isinstance(excinfo.value, Lost):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.nodeid


class RunItem(SubmissionItem):
    def runtest(self) -> None:
        self.user_properties.append(("submission", self.parent.name if self.parent else ""))
        if self.marking.problem:
            raise Lost(self.marking.problem)
        if not self.marking.ran or self.marking.fault:
            raise Lost(self.marking.fault)


class CriterionItem(SubmissionItem):
    def __init__(self, *, criterion: Criterion, **rest: Any) -> None:
        super().__init__(**rest)
        self._criterion = criterion

    def runtest(self) -> None:
        if self.marking.problem:
            pytest.skip(self.marking.problem)
        verdict = self.marking.verdicts[self._criterion.id]
        with speaking(self.marking.job.language):
            if verdict.verdict is VerdictKind.VIOLATED:
                raise Lost(describe(verdict, self._criterion, self.marking.job.language))
        if verdict.verdict is not VerdictKind.MET:
            pytest.skip(f"{verdict.verdict.value}: {verdict.message}")


class ResultItem(SubmissionItem):
    def runtest(self) -> None:
        result = self.marking.finish()
        self.user_properties.append(("mark", str(result.mark_low)))
        self.user_properties.append(("mark_high", str(result.mark_high)))
        self.user_properties.append(("status", result.status.value))


def describe(verdict: Verdict, criterion: Criterion, language: str) -> str:
    """A violated criterion as a short text."""
    lines = [criterion.text.in_language(language)]
    if verdict.message and verdict.message != verdict.observed:
        lines.append(f"  {verdict.message}")
    if verdict.expected:
        lines.append(_("  expected: {expected}").format(expected=verdict.expected))
    if verdict.observed:
        lines.append(_("  observed: {observed}").format(observed=verdict.observed))
    if verdict.cells:
        cells = ", ".join(map(str, verdict.cells))
        lines.append(_("  cells: {cells}").format(cells=cells))
    return "\n".join(lines)


def items_of(session: pytest.Session, job: Job, attempts: Path) -> list[pytest.Item]:
    """All the tests of a job, those of one submission together."""
    counter = Attempts(attempts)
    found: list[pytest.Item] = []
    for submission in job.submissions:
        node = SubmissionNode.from_parent(
            session,
            name=submission.id,
            nodeid=f"{job.rubric.assignment}::{submission.id}",
            path=submission.root,
            submission=submission,
            job=job,
            attempts=counter,
        )
        found.extend(node.collect())
    return found
