from __future__ import annotations

from decimal import Decimal

import pytest

from graders.rubric import Penalty
from graders.scoring.cost import cost, say


@pytest.mark.parametrize(
    ("unit", "amount", "points", "taken", "said"),
    [
        ("percent", "25", "3.3", "0.825", "25 %"),
        ("percent", "100", "3", "3", "100 %"),
        ("percent", "12.50", "1", "0.125", "12.5 %"),
        ("points", "1", "3", "1", "1 point"),
        ("points", "1.0", "3", "1", "1 point"),
        ("points", "0.5", "3", "0.5", "0.5 points"),
        ("points", "10", "3", "3", "10 points"),
    ],
)
def test_cost(unit: str, amount: str, points: str, taken: str, said: str) -> None:
    penalty = Penalty.model_validate({"unit": unit, "amount": amount})
    assert cost(penalty, Decimal(points)) == Decimal(taken)
    assert say(penalty) == said


def test_no_penalty() -> None:
    assert cost(None, Decimal(3)) == 0
    assert say(None) == ""
