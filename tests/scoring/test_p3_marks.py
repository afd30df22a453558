"""What the statement of p3 takes in the cases that a teacher would try first."""

from __future__ import annotations

from decimal import Decimal

import pytest

from graders.rubric import Rubric, find, load
from graders.scoring import Result, Status, Verdict, VerdictKind, score

ALL_OF_E3 = ("network_of_e2_trained", "inputs_preprocessed", "own_loop_no_fit")
METRICS = ("accuracy", "balanced_accuracy", "f1")


@pytest.fixture(scope="module")
def p3() -> Rubric:
    return load(find("p3"))


def marked(
    p3: Rubric, *, violated: tuple[str, ...] = (), not_assessed: tuple[str, ...] = ()
) -> Result:
    kinds = dict.fromkeys(violated, VerdictKind.VIOLATED)
    kinds |= dict.fromkeys(not_assessed, VerdictKind.NOT_ASSESSED)
    verdicts = {
        c.id: Verdict(id=c.id, verdict=kinds.get(c.id, VerdictKind.MET))
        for c in p3.criteria
        if not c.manual
    }
    assert kinds.keys() <= verdicts.keys()
    return score(p3, "s1", (), verdicts, language="es")


def of(result: Result, exercise_id: str) -> Decimal:
    return next(exercise.mark for exercise in result.exercises if exercise.id == exercise_id)


def test_all_met(p3: Rubric) -> None:
    result = marked(p3)
    assert (result.mark, result.status) == (Decimal("10.3"), Status.GRADED)


def test_nothing_done(p3: Rubric) -> None:
    """What is not assessed for want of a prerequisite gives no points away."""
    blocked = tuple(c.id for c in p3.criteria if c.needs)
    rest = tuple(c.id for c in p3.criteria if not c.needs and not c.manual)
    assert marked(p3, violated=rest, not_assessed=blocked).mark == 0


@pytest.mark.parametrize(
    ("violated", "mark"),
    [
        (("trained",), "0"),
        (("test_reported",), "3.3"),
        (("saved",), "3.3"),
        (("test_reported", "saved"), "0"),
        (("inputs_preprocessed",), "2.48"),  # 3.3 less a quarter is 2.475
        (("own_loop_no_fit",), "1.65"),
        (METRICS, "1.32"),
        (ALL_OF_E3, "0"),
    ],
)
def test_exercise_three(p3: Rubric, violated: tuple[str, ...], mark: str) -> None:
    result = marked(p3, violated=tuple(f"e3.{name}" for name in violated))
    assert of(result, "e3") == Decimal(mark)


def test_one_residual_connection_and_thin_blocks_are_two_lines(p3: Rubric) -> None:
    one = marked(p3, violated=("e2.two_residual_connections",))
    two = marked(p3, violated=("e2.two_residual_connections", "e2.two_linear_layers_per_block"))
    assert (of(one, "e2"), of(two, "e2")) == (Decimal("1.5"), 0)


def test_shares_of_the_adapters_are_capped(p3: Rubric) -> None:
    shares = tuple(c.id for c in p3.criteria if "e4b.ab_shapes" in c.needs)
    assert of(marked(p3, violated=shares), "e4b") == 0
    assert of(marked(p3, violated=("e4b.low_rank", "e4b.alpha_range")), "e4b") == Decimal("0.6")
