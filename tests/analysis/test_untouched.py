"""One factor for every value is no preparation; what changes columns one by one is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.analysis.trusted import TrustedTable
from graders.analysis.untouched import common_factor


def raw(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(300, 6)) * [1, 10, 100, 3, 30, 300]).round(3)
    x[rng.random(300) < 0.3, 0] = -999
    return x


def file_of(x: Any) -> list[TrustedTable]:
    return [TrustedTable("train", x, None)]


@given(st.integers(0, 30), st.floats(1e-3, 1e3), st.integers(100, 300), st.booleans())
def test_every_factor_is_found(seed: int, factor: float, rows: int, single: bool) -> None:
    x = raw(seed)
    fed = (x[:rows] * factor).astype(np.float32 if single else np.float64)
    assert common_factor(fed, file_of(x)) == pytest.approx(factor, rel=1e-6)


WAYS = {
    "scaled": lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
    "to the unit interval": lambda x: (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0)),
    "divided by each column's largest": lambda x: x / np.abs(x).max(axis=0),
    "filled, and one factor": lambda x: np.where(x == -999, 0.0, x) * 0.01,
    "logarithms": lambda x: np.sign(x) * np.log1p(np.abs(x)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(5))
def test_preparations_are_not(way: str, seed: int) -> None:
    x = raw(seed)
    assert common_factor(WAYS[way](x), file_of(x)) is None


@pytest.mark.parametrize("rows", [np.zeros((0, 3)), np.full((5, 3), np.nan), np.zeros((5, 3))])
def test_odd_forms(rows: Any) -> None:
    assert common_factor(rows, file_of(raw(0))) is None
