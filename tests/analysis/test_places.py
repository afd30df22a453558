"""Rows are found in their file in whatever form, and nowhere when they are nobody's."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.analysis.inputs import RowBook
from graders.analysis.places import Places, places_of
from graders.analysis.trusted import TrustedTable

WIDTH = 7
SIZES = {"train": 700, "test": 400, "extra": 500}


def tables(seed: int) -> dict[str, TrustedTable]:
    made = {}
    for number, (role, rows) in enumerate(SIZES.items()):
        rng = np.random.default_rng(1000 * seed + number)
        x = rng.normal(size=(rows, WIDTH)) @ rng.normal(size=(WIDTH, WIDTH))
        x[:, -1][rng.random(rows) < 0.2] = -999  # a column with missing values
        made[role] = TrustedTable(role, x, rng.random(rows) < 0.4)
    return made


def prepared(table: TrustedTable) -> Any:
    x = np.where(table.features == -999, 0, table.features)
    return (x / x.std(axis=0)).astype(np.float32)


def look(rows: Any, known: dict[str, TrustedTable]) -> tuple[Places, Any]:
    book = RowBook([(prepared(t), role) for role, t in known.items()], known)
    found = places_of(rows, book, known)
    assert found is not None
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 50), st.sampled_from(sorted(SIZES)), st.integers(120, 300))
def test_the_very_rows_in_any_order(seed: int, role: str, count: int) -> None:
    known = tables(seed)
    order = np.random.default_rng(seed).permutation(SIZES[role])[:count]
    places, which = look(prepared(known[role])[order], known)
    assert places.exact
    assert places.share(role) == 1
    assert np.array_equal(places.index, order[which])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 50), st.sampled_from(sorted(SIZES)), st.floats(1e-6, 0.03))
def test_blurred_rows(seed: int, role: str, noise: float) -> None:
    known = tables(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(SIZES[role])[:200]
    rows = prepared(known[role])[order]
    places, which = look(rows + noise * rng.normal(size=rows.shape), known)
    assert not places.exact
    assert places.share(role) > 0.9
    ours = places.roles == role
    assert (places.index[ours] == order[which][ours]).mean() > 0.98


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 50), st.sampled_from(sorted(SIZES)), st.floats(0.1, 50), st.booleans())
def test_rows_scaled_anew(seed: int, role: str, scale: float, bent: bool) -> None:
    known = tables(seed)
    rng = np.random.default_rng(seed)
    rows = known[role].features[rng.permutation(SIZES[role])[:300]]
    rows = np.where(rows == -999, rows[:, -1:].max() + 1, rows)
    rows = scale * (rows - rows.mean(axis=0)) + rng.normal(size=WIDTH)
    places, _which = look(np.arcsinh(rows) if bent else rows, known)
    assert places.share(role) > 0.5
    assert max(places.share(other) for other in SIZES if other != role) < 0.1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 50), st.integers(120, 400), st.floats(0.5, 10))
def test_noise_is_nobodys(seed: int, count: int, scale: float) -> None:
    rows = scale * np.random.default_rng(seed).normal(size=(count, WIDTH))
    places, _which = look(rows, tables(seed))
    assert all(places.share(role) < 0.3 for role in SIZES)


def test_nothing_of_that_width_is_known() -> None:
    known = tables(0)
    book = RowBook([(prepared(t), role) for role, t in known.items()], known)
    assert places_of(np.zeros((200, WIDTH + 1)), book, known) is None
    assert places_of(np.full((200, WIDTH), np.nan), book, known) is None
    assert places_of(np.zeros((0, WIDTH)), book, known) is None
