"""Points of the surface are told from points of others, with noise and scaled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.analysis.study.surface import sample_of, surface


def grid(reach: float = 2.5, side: int = 20) -> np.ndarray:
    axis = np.linspace(-reach, reach, side)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def test_the_surface_is_the_statements() -> None:
    points = np.array([[1.0, 0.5], [0.0, 0.0], [-2.0, 1.0]])
    r = np.array([1.25, 5.0])
    assert surface(points)[[0, 2]] == pytest.approx(np.sin(0.8 * r) / r**0.9)
    assert surface(points)[1] == 0


@settings(deadline=None, max_examples=30)
@given(
    reach=st.floats(1.5, 6),
    noise=st.floats(0, 0.3),
    rows=st.integers(60, 400),
    scaled=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_samples_are_recognised(
    reach: float, noise: float, rows: int, scaled: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    points = grid(reach)[rng.choice(400, rows, replace=False)]
    clean = surface(points)
    values = clean + noise * clean.std() * rng.normal(size=rows)
    found = sample_of(points / grid(reach).std() if scaled else points, values[:, None])
    assert found is not None
    assert found.noise == pytest.approx(noise / np.hypot(1, noise), abs=0.1)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), rows=st.integers(20, 400))
def test_other_data_are_not(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(rows, 2))
    for values in (
        rng.normal(size=rows),
        points[:, 0] - 2 * points[:, 1],
        np.sum(points**2, axis=1),
        (points[:, 0] > 0).astype(float),
    ):
        assert sample_of(points, values) is None


def test_what_has_no_form_is_none() -> None:
    points = grid()
    assert sample_of(points, surface(points)[:-1]) is None
    assert sample_of(points[:, :1], surface(points)) is None
    assert sample_of(points, np.full(len(points), np.nan)) is None
    assert sample_of(points, np.ones(len(points))) is None
