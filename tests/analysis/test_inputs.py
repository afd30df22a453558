"""Rows of a data file are recognised however they were prepared; raw values are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

from graders.analysis.inputs import RowBook, aligned_with, raw_columns, source_table
from graders.analysis.trusted import TrustedTable


def table(role: str, rows: int, seed: int) -> TrustedTable:
    rng = np.random.default_rng(seed)
    features = rng.normal(100, 40, (rows, 8)) * rng.uniform(0.1, 9, 8)
    features[rng.random(rows) < 0.3, 3] = -999.0
    return TrustedTable(role, features, rng.random(rows) < 0.4)


TABLES = {"train": table("train", 300, 1), "test": table("test", 120, 2)}
PREPARATIONS = {
    "standard": lambda m: StandardScaler().fit_transform(m),
    "min-max": lambda m: MinMaxScaler().fit_transform(m),
    "robust": lambda m: RobustScaler().fit_transform(m),
    "quantiles": lambda m: QuantileTransformer(
        n_quantiles=50, output_distribution="normal"
    ).fit_transform(m),
    "imputed": lambda m: np.where(m == -999, 50.0, m),
    "fewer columns": lambda m: StandardScaler().fit_transform(m[:, [5, 0, 2, 6]]),
    "a mask beside": lambda m: np.hstack([StandardScaler().fit_transform(m), m == -999]),
    "float32": lambda m: StandardScaler().fit_transform(m).astype(np.float32),
}


@pytest.mark.parametrize("name", PREPARATIONS)
@pytest.mark.parametrize("role", TABLES)
def test_a_prepared_file_is_recognised(role: str, name: str) -> None:
    assert source_table(PREPARATIONS[name](TABLES[role].features), TABLES) == role


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_other_rows_are_not(seed: int) -> None:
    rng = np.random.default_rng([seed, 7])  # not the numbers that the table itself is made of
    features = TABLES["test"].features
    assert not aligned_with(rng.normal(size=features.shape), TABLES["test"])
    assert not aligned_with(features[rng.permutation(len(features))], TABLES["test"])


@given(st.integers(0, 10_000), st.integers(5, 120))
@settings(max_examples=20)
def test_parts_in_any_order_carry_their_labels(seed: int, count: int) -> None:
    prepared = StandardScaler().fit_transform(TABLES["test"].features)
    book = RowBook([(prepared, "test")], TABLES)
    chosen = np.random.default_rng(seed).permutation(len(prepared))[:count]
    origin = book.origin(prepared[chosen].astype(np.float32))
    assert origin is not None
    assert origin.role == "test"
    labels = TABLES["test"].labels
    assert labels is not None
    assert origin.labels is not None
    assert np.array_equal(origin.labels, labels[chosen])


def test_unknown_rows_have_no_origin() -> None:
    book = RowBook([(StandardScaler().fit_transform(TABLES["test"].features), "test")], TABLES)
    assert book.origin(np.zeros((30, 8))) is None
    assert book.origin(np.zeros((30, 3))) is None


def test_raw_values() -> None:
    raw = TABLES["train"].features[:64].astype(np.float32)
    assert raw_columns(raw, TABLES.values()) == 1
    assert raw_columns(StandardScaler().fit_transform(raw), TABLES.values()) == 0
    half = raw.copy()
    half[:, :4] /= 10
    assert raw_columns(half, TABLES.values()) == 0.5


@pytest.mark.parametrize("name", ["standard", "quantiles", "fewer columns"])
def test_a_shuffled_file_carries_its_labels(name: str) -> None:
    prepared = PREPARATIONS[name](TABLES["test"].features)
    order = np.random.default_rng(5).permutation(len(prepared))
    origin = RowBook([], TABLES).origin(prepared[order])
    labels = TABLES["test"].labels
    assert origin is not None
    assert origin.labels is not None
    assert labels is not None
    assert np.array_equal(origin.labels, labels[order])
