"""The statement of p3, figure by figure."""

from __future__ import annotations

from decimal import Decimal

import pytest

from graders.rubric import Condition, Rubric, find, load, order

# Exercise: points, and its criteria with the penalty that the statement gives each.
STATEMENT = {
    "e1": ("0.5", {"preprocess_done": "100%"}),
    "e2": (
        "3",
        {
            "compiles": "100%",
            "io_size": "100%",
            "two_residual_connections": "50%",
            "two_linear_layers_per_block": "50%",
            "loss_suits": "100%",
        },
    ),
    "e3": (
        "3.3",
        {
            "trained": None,
            "test_reported": None,
            "saved": None,
            "network_of_e2_trained": "50%",
            "inputs_preprocessed": "25%",
            "own_loop_no_fit": "50%",
            "accuracy": "20%",
            "balanced_accuracy": "20%",
            "f1": "20%",
            "explained": None,
            "interpreted": None,
        },
    ),
    "e4a": ("0.5", {"base_frozen": "100%"}),
    "e4b": (
        "1",
        {
            "ab_shapes": "100%",
            "low_rank": "20%",
            "b_zero_a_random": "20%",
            "forward_formula": "50%",
            "only_ab_gradients": "30%",
            "alpha_range": "20%",
            "every_trainable_linear_layer": "30%",
        },
    ),
    "e4c": ("0.5", {"adapted_trained": "100%"}),
    "e4d": ("0.5", {"base_vs_adapted_compared": "100%", "explained": None, "interpreted": None}),
    "e4e": ("1", {"merged_single_matrix": "50%", "merge_equivalence_checked": "50%"}),
}


@pytest.fixture(scope="module")
def p3() -> Rubric:
    return load(find("p3"))


def test_points_and_penalties_are_the_statements(p3: Rubric) -> None:
    found = {
        exercise.id: (
            str(exercise.points),
            {
                criterion.id.removeprefix(f"{exercise.id}."): criterion.penalty
                and f"{criterion.penalty.amount}%"
                for criterion in exercise.criteria
            },
        )
        for exercise in p3.exercises
    }
    assert found == STATEMENT
    assert p3.max_mark == Decimal("10.3")
    assert {c.penalty.unit for c in p3.criteria if c.penalty} == {"percent"}


def test_line_that_joins_three_failings(p3: Rubric) -> None:
    (line,) = (line for exercise in p3.exercises for line in exercise.lines)
    assert (line.id, line.penalty.unit, line.penalty.amount) == ("e3.delivered", "percent", 100)
    assert line.when == Condition(
        any_of=("e3.trained", Condition(all_of=("e3.test_reported", "e3.saved")))
    )


def test_parts_of_exercise_four_do_not_need_each_other(p3: Rubric) -> None:
    for criterion in p3.criteria:
        exercise = criterion.id.partition(".")[0]
        assert all(need.startswith(f"{exercise}.") for need in criterion.needs), criterion.id


def test_a_person_marks_explanations_and_nothing_else(p3: Rubric) -> None:
    manual = {criterion.id for criterion in p3.criteria if criterion.manual}
    assert manual == {"e3.explained", "e3.interpreted", "e4d.explained", "e4d.interpreted"}


def test_can_be_checked_in_the_statements_order(p3: Rubric) -> None:
    assert order(p3) == p3.criteria


def test_data_and_limits(p3: Rubric) -> None:
    assert {d.role: (d.files, d.label) for d in p3.data} == {
        name: ((f"higgs_{name}.pkl", f"higgs_{name}.pk1"), "Label")
        for name in ("train", "test", "extra")
    }
    assert (p3.run.budget, p3.run.cell_timeout, p3.run.memory) == (1200, 600, 6 * 2**30)
    assert p3.deadline == "2025-12-01T23:59:00+01:00"
