"""What do rubrics of handed-out notebooks give for work that was not done, or in part?"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from graders import rubric as rubrics
from graders import scoring
from graders.rubric.model import Exercise, Rubric
from graders.scoring.result import Verdict, VerdictKind

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {"t1": Decimal(12), "t2": Decimal(10)}  # points for all of them


def load(assignment: str) -> Rubric:
    return rubrics.load(ROOT / "rubrics" / f"{assignment}.yaml")


def of_notebooks(rubric: Rubric) -> list[Exercise]:
    ids = {template.id for template in rubric.notebooks}
    return [exercise for exercise in rubric.exercises if exercise.id in ids]


def marks(rubric: Rubric, lost: Iterable[str]) -> dict[str, Decimal]:
    """By exercise, with these criteria violated and all others met."""
    gone, verdicts = set(lost), {}
    for criterion in rubrics.order(rubric):
        kind = VerdictKind.VIOLATED if criterion.id in gone else VerdictKind.MET
        if gone & set(criterion.needs):
            kind = VerdictKind.NOT_ASSESSED
        verdicts[criterion.id] = Verdict(id=criterion.id, verdict=kind)
    result = scoring.score(rubric, "x", (), verdicts, language="en")
    return {exercise.id: exercise.mark_high for exercise in result.exercises}


@pytest.mark.parametrize("assignment", NOTEBOOKS)
def test_twenty_points_in_all(assignment: str) -> None:
    rubric = load(assignment)
    assert rubric.max_mark == 20
    assert sum(exercise.points for exercise in of_notebooks(rubric)) == NOTEBOOKS[assignment]


@pytest.mark.parametrize("assignment", NOTEBOOKS)
def test_every_handed_out_notebook_is_an_exercise_of_its_own(assignment: str) -> None:
    rubric = load(assignment)
    assert [exercise.id for exercise in of_notebooks(rubric)] == [t.id for t in rubric.notebooks]
    for exercise in of_notebooks(rubric):
        assert {c.notebook for c in exercise.criteria} == {exercise.id}
        assert all(c.id.startswith(f"{exercise.id}.") for c in exercise.criteria)


@pytest.mark.parametrize("assignment", NOTEBOOKS)
def test_nothing_done_gets_nothing(assignment: str) -> None:
    rubric = load(assignment)
    assert set(marks(rubric, [c.id for c in rubric.criteria]).values()) == {Decimal(0)}


@pytest.mark.parametrize("assignment", NOTEBOOKS)
def test_each_thing_done_gets_its_share(assignment: str) -> None:
    rubric = load(assignment)
    for exercise in of_notebooks(rubric):
        for criterion in exercise.criteria:
            got = marks(rubric, [criterion.id])[exercise.id]
            assert got < exercise.points
            assert got > 0 or len(exercise.criteria) == 1, criterion.id
