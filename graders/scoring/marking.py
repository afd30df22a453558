"""What is it worth? Verdicts in, marks out: pure and exact.

A criterion or line takes its penalty once when violated. While one is undecided the mark is a
range: at the low end it counts as violated, at the high end as met. An exercise keeps between
nothing and all of its points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from graders.language import speaking
from graders.rubric import Criterion, Exercise, Line, Rubric
from graders.scoring.conditions import line_verdict
from graders.scoring.cost import cost, say
from graders.scoring.decisions import Decisions, Overrides, decide
from graders.scoring.result import (
    CriterionResult,
    ExerciseResult,
    Flag,
    LineResult,
    Result,
    Status,
    Verdict,
    VerdictKind,
    two_decimals,
)

_NOTHING = Decimal(0)


class _Range(NamedTuple):
    """Exact ends of a mark."""

    low: Decimal
    high: Decimal


def score(
    rubric: Rubric,
    submission_id: str,
    students: Iterable[str],
    verdicts: Mapping[str, Verdict],
    *,
    language: str,
    flags: Sequence[Flag] = (),
    timings: Mapping[str, float] = MappingProxyType({}),
    evidence_key: str = "",
    problem: str = "",
    overrides: Overrides = MappingProxyType({}),
) -> Result:
    """The result of a submission that was run, whatever happened in it.

    `verdicts` and `overrides` (what a person decided, with the reason) go by criterion id; texts
    are in `language`. It needs review while something that costs is undecided or the grader
    failed anywhere. Raises ValueError for criteria that the rubric does not have.
    """
    with speaking(language):
        decisions = decide(rubric, verdicts, overrides)
        exercises, ranges = [], []
        for exercise in rubric.exercises:
            exercise_result, exercise_range = _exercise(exercise, decisions, language)
            exercises.append(exercise_result)
            ranges.append(exercise_range)
    low = sum((r.low for r in ranges), _NOTHING)
    high = sum((r.high for r in ranges), _NOTHING)
    review = any(map(_needs_person, exercises))
    return Result(
        assignment=rubric.assignment,
        submission=submission_id,
        students=tuple(students),
        mark=low if two_decimals(low) == two_decimals(high) else None,
        mark_low=low,
        mark_high=high,
        max_mark=rubric.max_mark,
        status=Status.NEEDS_REVIEW if review else Status.GRADED,
        flags=(*flags, *decisions.flags),
        problem=problem,
        exercises=tuple(exercises),
        timings=dict(timings),
        evidence_key=evidence_key,
        rubric_digest=rubric.digest,
        language=language,
    )


def unrunnable(
    rubric: Rubric,
    submission_id: str,
    students: Iterable[str],
    *,
    status: Status,
    problem: str,
    language: str,
    flags: Sequence[Flag] = (),
    timings: Mapping[str, float] = MappingProxyType({}),
    evidence_key: str = "",
) -> Result:
    """The result of a submission that gave nothing to assess; `problem` says why in a sentence.

    With NOT_RECEIVED, or NOT_RUNNABLE by the student's own doing, the mark is 0. With
    NEEDS_REVIEW, when the grader or the machine failed, it is anything up to the maximum. Raises
    ValueError for GRADED.
    """
    if status is Status.GRADED:
        raise ValueError("what could not be run cannot be graded")
    ours = status is Status.NEEDS_REVIEW
    kind = VerdictKind.UNDECIDED if ours else VerdictKind.NOT_ASSESSED
    result = score(
        rubric,
        submission_id,
        students,
        {
            c.id: Verdict(id=c.id, verdict=kind, grader_fault=ours and not c.manual)
            for c in rubric.criteria
        },
        language=language,
        flags=flags,
        timings=timings,
        evidence_key=evidence_key,
        problem=problem,
    )
    nothing = two_decimals(_NOTHING)
    return result.model_copy(
        update={
            "mark": None if ours else nothing,
            "mark_low": nothing,
            "mark_high": result.max_mark if ours else nothing,
            "status": status,
            "exercises": tuple(
                exercise.model_copy(
                    update={
                        "mark": nothing,
                        "mark_low": nothing,
                        "mark_high": exercise.points if ours else nothing,
                    }
                )
                for exercise in result.exercises
            ),
        }
    )


def _exercise(
    exercise: Exercise, decisions: Decisions, language: str
) -> tuple[ExerciseResult, _Range]:
    """The exercise as shown, with its exact range."""
    verdicts, points = decisions.verdicts, exercise.points
    stakes = [
        *((verdicts[c.id].verdict, cost(c.penalty, points)) for c in exercise.criteria),
        *(
            (line_verdict(line.when, verdicts), cost(line.penalty, points))
            for line in exercise.lines
        ),
    ]
    ends = _range(points, stakes)
    shown = ExerciseResult(
        id=exercise.id,
        title=exercise.title.in_language(language),
        points=points,
        mark=ends.low,
        mark_low=ends.low,
        mark_high=ends.high,
        criteria=tuple(_criterion(c, points, decisions, language) for c in exercise.criteria),
        lines=tuple(_line(line, points, decisions, language) for line in exercise.lines),
    )
    return shown, ends


def _range(points: Decimal, stakes: Iterable[tuple[VerdictKind, Decimal]]) -> _Range:
    """What is left of the points, each stake being a verdict and what it takes if violated."""
    taken = {VerdictKind.VIOLATED: _NOTHING, VerdictKind.UNDECIDED: _NOTHING}
    for kind, at_stake in stakes:
        if kind in taken:
            taken[kind] += at_stake
    high = max(points - taken[VerdictKind.VIOLATED], _NOTHING)
    return _Range(max(high - taken[VerdictKind.UNDECIDED], _NOTHING), high)


def _criterion(
    criterion: Criterion, points: Decimal, decisions: Decisions, language: str
) -> CriterionResult:
    verdict, at_stake = decisions.verdicts[criterion.id], cost(criterion.penalty, points)
    return CriterionResult(
        **dict(verdict),
        text=criterion.text.in_language(language),
        manual=criterion.manual,
        penalty=say(criterion.penalty),
        cost=at_stake,
        applied=_applied(verdict.verdict, at_stake),
        decided_by_person=criterion.id in decisions.by_person,
    )


def _line(line: Line, points: Decimal, decisions: Decisions, language: str) -> LineResult:
    kind, at_stake = line_verdict(line.when, decisions.verdicts), cost(line.penalty, points)
    return LineResult(
        id=line.id,
        text=line.text.in_language(language),
        criteria=line.when.criteria,
        penalty=say(line.penalty),
        verdict=kind,
        cost=at_stake,
        applied=_applied(kind, at_stake),
    )


def _applied(kind: VerdictKind, at_stake: Decimal) -> Decimal:
    return at_stake if kind is VerdictKind.VIOLATED else _NOTHING


def _needs_person(exercise: ExerciseResult) -> bool:
    entries: tuple[CriterionResult | LineResult, ...] = (*exercise.criteria, *exercise.lines)
    undecided = any(e.verdict is VerdictKind.UNDECIDED and e.penalty for e in entries)
    return undecided or any(criterion.grader_fault for criterion in exercise.criteria)
