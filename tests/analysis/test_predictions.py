"""Metrics recomputed here agree with scikit-learn's; labels are read from any form of output."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from graders.analysis.predictions import (
    as_labels,
    confusion,
    figures,
    labels_of,
    thresholds_of,
)

bools = st.lists(st.booleans(), min_size=4, max_size=60)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=80))
def test_figures_are_scikit_learns(pairs: list[tuple[bool, bool]]) -> None:
    predicted, truth = (np.array(v) for v in zip(*pairs, strict=True))
    found = figures(predicted, truth)
    assert found["accuracy"] == (pytest.approx(metrics.accuracy_score(truth, predicted)),)
    if len(set(truth)) == 2:
        assert found["balanced_accuracy"] == (
            pytest.approx(metrics.balanced_accuracy_score(truth, predicted)),
        )
    f1 = [metrics.f1_score(truth, predicted, pos_label=p, zero_division=0) for p in (True, False)]
    assert found["f1"][:2] == pytest.approx(f1)
    if len(set(truth) | set(predicted)) == 2:
        for place, average in ((2, "macro"), (3, "weighted")):
            expected = metrics.f1_score(truth, predicted, average=average, zero_division=0)
            assert found["f1"][place] == pytest.approx(expected)
    assert np.array_equal(
        confusion(predicted, truth),
        metrics.confusion_matrix(truth, predicted, labels=[False, True]),
    )


@given(st.lists(st.floats(-9, 9), min_size=3, max_size=40), st.floats(-3, 3))
def test_labels_come_from_a_threshold(scores: list[float], threshold: float) -> None:
    score = np.array(scores)
    assert thresholds_of(score > threshold, score)
    assert thresholds_of(score <= threshold, score)


def test_labels_that_do_not_follow_the_score() -> None:
    assert not thresholds_of(np.array([True, False, True]), np.array([0.1, 0.5, 0.9]))


def test_forms_of_output() -> None:
    logits = np.array([-2.0, 0.3, 4.0])
    truth = [False, True, True]
    probabilities = 1 / (1 + np.exp(-logits))
    two = np.stack([-logits, logits], axis=1)
    for form in (logits, logits[:, None], probabilities, two):
        assert labels_of(form).tolist() == truth
    assert labels_of(np.array([np.nan, 1.0])) is None


@given(bools)
def test_any_two_codes_are_labels(values: list[bool]) -> None:
    if len(set(values)) < 2:
        return
    for low, high in ((0, 1), (-1, 1), ("b", "s"), (0.0, 1.0), (False, True)):
        coded = np.array([high if v else low for v in values])
        assert as_labels(coded).tolist() == values
