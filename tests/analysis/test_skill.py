"""AUC against scikit-learn's, and how far answers moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from graders.analysis.course import Course
from graders.analysis.loops import good_before
from graders.analysis.skill import auc, moved, skill


@given(st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=60))
def test_auc_is_sklearns(pairs: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    if labels.all() or not labels.any():
        assert auc(scores, labels) is None
    else:
        assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


@given(st.integers(0, 10**6), st.floats(0.1, 100), st.floats(-10, 10))
def test_a_probability_and_its_logit_are_as_good(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(80, 1)), rng.random(80) < 0.5
    labels[:2] = True, False
    assert skill(scale * logits + shift, labels) == pytest.approx(skill(logits, labels))
    both = np.hstack([-logits, logits])
    assert skill(both, labels) == pytest.approx(skill(logits, labels))


@pytest.mark.parametrize("outputs", [None, np.array(0.5), np.zeros((3, 1)), np.zeros((4, 7))])
def test_other_forms_say_nothing(outputs: Any) -> None:
    assert skill(outputs, np.array([True, False, True, False])) is None


@given(st.integers(0, 10**6), st.floats(1e-6, 1e6))
def test_moves_are_measured_in_the_answers_own_spread(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(50, 2)), rng.normal(size=(50, 2))
    assert moved(scale * x, scale * y) == pytest.approx(moved(x, y))
    assert moved(x, x) == 0


def test_answers_of_other_forms_did_not_move() -> None:
    assert moved(None, np.zeros(3)) is None
    assert moved(np.zeros((3, 1)), np.zeros((4, 1))) is None
    assert moved(np.array(1.0), np.array(2.0)) is None
    assert moved(np.full((3, 1), np.nan), np.zeros((3, 1))) is None


@pytest.mark.parametrize(
    ("before", "after", "good"),
    [
        (0.45, 0.94, False),
        (0.62, 0.94, False),  # weights drawn by lot, luckily
        (0.66, 0.80, False),
        (0.66, 0.07, False),  # class 0 is answered with a high score
        (0.34, 0.07, False),
        (0.938, 0.938, True),
        (0.90, 0.94, True),
        (0.10, 0.06, True),
        (None, 0.94, False),
    ],
)
def test_good_before_it_was_trained(before: float | None, after: float, good: bool) -> None:
    assert good_before(Course(before, after, 1.0, 4000)) is good


def test_few_rows_say_nothing() -> None:
    assert not good_before(Course(0.9, 0.9, 1.0, 100))
