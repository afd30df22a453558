"""A class of marked submissions as scoring would give it."""

from decimal import Decimal

import pytest

from graders.scoring.result import (
    CriterionResult,
    ExerciseResult,
    Result,
    Status,
    VerdictKind,
)


def make_result(submission="grupo-01", **changes):
    low, high = Decimal("0.5"), Decimal("0.5")
    criteria = (
        CriterionResult(id="e1.a", verdict=VerdictKind.MET, text="a"),
        CriterionResult(
            id="e1.b",
            verdict=VerdictKind.VIOLATED,
            message="No está.",
            expected="2",
            observed="1",
            applied=Decimal("0.5"),
        ),
    )
    e1 = ExerciseResult(
        id="e1",
        title="Uno",
        points=Decimal(1),
        mark=low,
        mark_low=low,
        mark_high=high,
        criteria=criteria,
    )
    e2 = ExerciseResult(
        id="e2",
        title="Dos",
        points=Decimal(3),
        mark=Decimal(1),
        mark_low=Decimal(1),
        mark_high=Decimal(3),
        criteria=(
            CriterionResult(id="e2.a", verdict=VerdictKind.UNDECIDED, message="¿?"),
            CriterionResult(id="e2.b", verdict=VerdictKind.NOT_ASSESSED),
            CriterionResult(id="e2.c", verdict=VerdictKind.UNDECIDED, grader_fault=True),
        ),
    )
    fields = {
        "assignment": "p3",
        "submission": submission,
        "students": ("Ana Núñez", "Łukasz Żółć"),
        "mark": None,
        "mark_low": Decimal("1.5"),
        "mark_high": Decimal("3.5"),
        "max_mark": Decimal(4),
        "status": Status.NEEDS_REVIEW,
        "exercises": (e1, e2),
    }
    return Result(**{**fields, **changes})


@pytest.fixture
def make():
    return make_result


@pytest.fixture
def unrunnable(make):
    return make(
        "grupo-02",
        mark=Decimal(0),
        mark_low=Decimal(0),
        mark_high=Decimal(0),
        exercises=(),
        status=Status.NOT_RUNNABLE,
        problem="No es un cuaderno.",
    )
