"""What a marked submission looks like: verdicts in, `result.json` out.

Points are kept with two decimals, rounded half up, and are numbers in the JSON. What is said of a
student's work may quote it: it is harmless text from here on, wherever it is shown.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from graders.printable import VisibleLine, VisibleText
from graders.scoring.notebooks import NotebookResult


def two_decimals(points: Decimal) -> Decimal:
    """As a reader sees it: 0.825 is 0.83."""
    return points.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


Points = Annotated[
    Decimal,
    AfterValidator(two_decimals),
    PlainSerializer(float, return_type=float, when_used="json"),
]


class Frozen(BaseModel):
    """Immutable, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class VerdictKind(StrEnum):
    """The four answers to a criterion."""

    MET = "met"
    VIOLATED = "violated"
    UNDECIDED = "undecided"  # the grader cannot tell: a person must
    NOT_ASSESSED = "not_assessed"  # a prerequisite failed: one fault is not punished twice


class Verdict(Frozen):
    """What a check answered. `cells` are positions in the executed notebook, from 0."""

    id: str
    verdict: VerdictKind
    message: VisibleText = ""
    expected: VisibleText = ""
    observed: VisibleText = ""
    cells: tuple[int, ...] = ()
    grader_fault: bool = False  # undecided because the grader or the machine failed

    @model_validator(mode="after")
    def _no_fault_of_ours_decides(self) -> Self:
        if self.grader_fault and self.verdict is not VerdictKind.UNDECIDED:
            raise ValueError("a fault of the grader leaves the criterion undecided")
        return self


class CriterionResult(Verdict):
    """A verdict with what it costs."""

    text: str = ""
    manual: bool = False
    penalty: str = ""  # as the rubric says it: "50 %", "1 point"; "" when it costs nothing itself
    cost: Points = Decimal(0)  # points at stake: what it takes when violated
    applied: Points = Decimal(0)  # points taken, as if alone; the exercise caps the sum
    decided_by_person: bool = False


class LineResult(Frozen):
    """A line of the statement that several criteria stand for."""

    id: str
    text: str
    criteria: tuple[str, ...]
    penalty: str
    verdict: VerdictKind
    cost: Points = Decimal(0)
    applied: Points = Decimal(0)


class ExerciseResult(Frozen):
    """An exercise's points less what its criteria and lines take, never below zero."""

    id: str
    title: str
    points: Points
    mark: Points  # lowest possible while something is undecided
    mark_low: Points
    mark_high: Points
    criteria: tuple[CriterionResult, ...]
    lines: tuple[LineResult, ...] = ()


class Status(StrEnum):
    """Whether the mark can be given out."""

    GRADED = "graded"
    NEEDS_REVIEW = "needs_review"
    NOT_RUNNABLE = "not_runnable"
    NOT_RECEIVED = "not_received"


class Flag(Frozen):
    """Something a person should know that costs nothing by itself."""

    id: str
    message: VisibleLine
    cells: tuple[int, ...] = ()


Source = Literal["list", "platform", "tag", "commit", "archive", "file"]
"""What says when it was handed in: the teacher's list, a learning platform's export, the git tag or
commit, the notebooks in an archive, the notebooks' own files."""


class Lateness(Frozen):
    """When it was handed in and what that takes of the mark.

    Moments have the offset of the course's zone. `mark_low` and `mark_high` are the ends of the
    mark before anything is taken.
    """

    delivered: datetime
    source: Source
    certain: bool  # whether a mark may rest on the source; else lateness leaves it to a person
    deadline: datetime  # from which days are counted; its minute is in time
    days: int = 0  # begun since then; 0 in time
    too_late: bool = False  # after the moment from which the mark is 0
    after_soft: bool = False  # after the soft date, and not yet after the deadline
    points: Points = Decimal(0)  # that the days take, if there are so many
    mark_low: Points
    mark_high: Points

    @property
    def costs(self) -> bool:
        """Whether it takes anything of a mark."""
        return self.too_late or self.points > 0


class Result(Frozen):
    """`result.json`. `mark` is None while it is a range.

    Marks are rounded once, from exact figures, so the exercises shown may differ from the mark in
    the last decimal.
    """

    assignment: str
    submission: str
    students: tuple[VisibleLine, ...]
    mark: Points | None
    mark_low: Points
    mark_high: Points
    max_mark: Points
    status: Status
    flags: tuple[Flag, ...] = ()
    late: Lateness | None = None  # where the rubric has a deadline and the moment is known
    problem: VisibleText = ""  # one sentence when it could not be run, or needs a person as a whole
    exercises: tuple[ExerciseResult, ...] = ()
    notebooks: tuple[NotebookResult, ...] = ()  # that were handed out, in the rubric's order
    timings: dict[str, float] = Field(default_factory=dict)  # seconds
    evidence_key: str = ""
    rubric_digest: str = ""
    language: str = "es"
