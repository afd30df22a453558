"""The notebooks of t2, and what each thing to do in them is worth."""

from __future__ import annotations

from decimal import Decimal

import pytest

from graders.rubric import Rubric, find, load

NOTEBOOKS = {
    "nb10_1": ("conv_3_1_1", "conv_3_2_1", "conv_5_1_1", "conv_3_1_2", "matrix"),
    "nb10_2": ("network", "trained"),
    "nb10_3": ("conv_numpy_1", "conv_numpy_2", "conv_numpy_3", "conv_numpy_4"),
    "nb10_4": ("downsample", "maxpool", "meanpool", "duplicate", "max_unpool", "bilinear"),
    "nb10_5": ("network", "trained"),
}


@pytest.fixture(scope="module")
def t2() -> Rubric:
    return load(find("t2"))


def test_each_notebook_is_an_exercise_of_two_points(t2: Rubric) -> None:
    exercises = {e.id: e for e in t2.exercises}
    assert [n.id for n in t2.notebooks] == list(NOTEBOOKS)
    for notebook, parts in NOTEBOOKS.items():
        exercise = exercises[notebook]
        assert exercise.points == 2
        assert [c.id for c in exercise.criteria] == [f"{notebook}.{part}" for part in parts]
        assert {c.notebook for c in exercise.criteria} == {notebook}


def test_a_notebook_that_was_not_done_costs_just_its_exercise(t2: Rubric) -> None:
    for exercise in t2.exercises:
        if exercise.id in NOTEBOOKS:
            penalties = [c.penalty for c in exercise.criteria if c.penalty is not None]
            assert {p.unit for p in penalties} == {"percent"}
            assert sum((p.amount for p in penalties), Decimal(0)) == 100
            assert not any(c.needs for c in exercise.criteria)
