"""The statement of p2, figure by figure."""

from __future__ import annotations

from decimal import Decimal

import pytest

from graders.rubric import Rubric, find, load, order

# Exercise: points, and its criteria with the penalty of each (None: a person marks it).
STATEMENT: dict[str, tuple[str, dict[str, str | None]]] = {
    "e1": (
        "2",
        {
            "block_structure": "1",
            "skip_projection_only_when_channels_differ": "0.4",
            "no_conv_bias": "0.2",
            "silu": "0.2",
            "no_pooling_strides_in_one_conv": "0.2",
        },
    ),
    "e2": (
        "2",
        {
            "architecture_matches_figure1": "0.8",
            "param_counts": "0.2",
            "weights_loaded": "0.4",
            "accuracy_checked": "0.4",
            "inputs_scaled_-1_1": "0.2",
        },
    ),
    "e3": (
        "4",
        {
            "trained_and_test_reported": "4",
            "full_network_but_last_layer": "1",
            "backbone_frozen": "2",
            "memory_optimised": "1",
            "data_augmentation": "1",
            "own_loop_no_fit": "2",
            "explained": None,
            "interpreted": None,
        },
    ),
    "e4": (
        "4",
        {
            "trained_and_test_reported": "4",
            "full_network_but_last_layer": "1",
            "backbone_trainable": "2",
            "bn_frozen": "1",
            "low_learning_rate": "1",
            "own_loop_no_fit": "2",
            "explained": None,
            "interpreted": None,
        },
    ),
}
FIGURE_1 = (
    432, 47424, 74240, 74240, 230144, 295936, 295936, 919040, 1181696, 1181696, 1024, 0, 0, 25700
)  # fmt: skip


@pytest.fixture(scope="module")
def p2() -> Rubric:
    return load(find("p2"))


def test_points_and_penalties_are_the_statements(p2: Rubric) -> None:
    found = {
        exercise.id: (
            str(exercise.points),
            {
                criterion.id.removeprefix(f"{exercise.id}."): criterion.penalty
                and str(criterion.penalty.amount)
                for criterion in exercise.criteria
            },
        )
        for exercise in p2.exercises
    }
    assert found == STATEMENT
    assert p2.max_mark == Decimal(12)
    assert {c.penalty.unit for c in p2.criteria if c.penalty} == {"points"}


@pytest.mark.parametrize("exercise", ["e1", "e2"])
def test_what_the_statement_does_not_divide_adds_up(p2: Rubric, exercise: str) -> None:
    found = next(e for e in p2.exercises if e.id == exercise)
    assert sum(c.penalty.amount for c in found.criteria if c.penalty) == found.points


def test_figure_1_row_by_row(p2: Rubric) -> None:
    rows = p2.criterion("e2.architecture_matches_figure1").params["rows"]
    assert tuple(row["params"] for row in rows) == FIGURE_1
    counts = p2.criterion("e2.param_counts").params
    assert counts == {"total": 4327508, "trainable": 4322100, "non_trainable": 5408}
    assert sum(FIGURE_1) == counts["total"] == counts["trainable"] + counts["non_trainable"]


def test_a_person_marks_explanations_and_nothing_else(p2: Rubric) -> None:
    manual = {criterion.id for criterion in p2.criteria if criterion.manual}
    assert manual == {"e3.explained", "e3.interpreted", "e4.explained", "e4.interpreted"}


def test_can_be_checked_in_the_statements_order(p2: Rubric) -> None:
    assert order(p2) == p2.criteria


def test_data_tag_and_limits(p2: Rubric) -> None:
    assert {d.name: d.kind for d in p2.data} == {
        "cifar10": "images",
        "cifar100": "images",
        "weights": "weights",
    }
    assert (p2.tag, p2.deadline) == ("P2", "2024-11-29T23:50:00+01:00")
    assert p2.profiles["quick"]["cifar10"].train < 5000
    assert p2.run.budget == 3600
