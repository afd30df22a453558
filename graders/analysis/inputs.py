"""Which rows was a network fed with, and had they been prepared?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.trusted import TrustedTable

Array = NDArray[Any]
MISSING_CODE = -999.0
MIN_ROWS = 20  # fewer rows say nothing about where they come from
MAX_KEYS = 2  # columns of a file that are tried as names of its rows
MAX_SAMPLE = 512  # rows that are enough to tell raw values by
MOST_ROWS = 0.98  # share of rows that must be found for a set to be recognised
ALIGNED = 0.98  # rank correlation above which a column is the file's column, rescaled


def aligned_with(matrix: Array, table: TrustedTable) -> bool:
    """True when the rows are the table's, in its order, whatever was done to each column.

    A column keeps its ranks when it is rescaled; other rows' ranks are unrelated.
    """
    if matrix.ndim != 2 or len(matrix) != table.rows or len(matrix) < MIN_ROWS:
        return False
    x = _ranks(matrix)
    raw = np.where(table.features == MISSING_CODE, np.nan, table.features)
    whole = ~np.isnan(raw).any(axis=0)
    y = _ranks(table.features[:, whole] if whole.any() else table.features)
    if not x.shape[1] or not y.shape[1]:
        return False
    correlation = np.abs(x.T @ y) / len(x)
    return bool((correlation.max(axis=0) > ALIGNED).sum() >= max(1, min(3, y.shape[1] // 4)))


def _ranks(matrix: Array) -> Array:
    """Each column's ranks with mean 0 and deviation 1; constant columns are left out.

    Rescaling, logarithms and quantiles keep the ranks (Spearman 1904).
    """
    finite = np.nan_to_num(np.asarray(matrix, dtype=np.float64))
    varied = finite[:, finite.std(axis=0) > 0]
    ranks = varied.argsort(axis=0, kind="stable").argsort(axis=0).astype(np.float64)
    centred = ranks - ranks.mean(axis=0)
    result: Array = centred / centred.std(axis=0)
    return result


def shuffled_order(matrix: Array, table: TrustedTable) -> NDArray[np.intp] | None:
    """Places in the table of the rows of a matrix that holds all of them in another order.

    Ranks of a column nearly without ties name the rows; a guess counts when the other columns
    agree, and these settle the ties.
    """
    if matrix.ndim != 2 or len(matrix) != table.rows or len(matrix) < MIN_ROWS:
        return None
    whole = [k for k in range(table.features.shape[1]) if _has_no_code(table.features[:, k])]
    fed, file_ranks = _ranks(matrix), _ranks(table.features[:, whole])
    if not fed.shape[1] or file_ranks.shape[1] != len(whole):
        return None
    names = [place for place, k in enumerate(whole) if _distinct(table.features[:, k])][:MAX_KEYS]
    for place in names:
        by_rank = np.argsort(file_ranks[:, place], kind="stable")
        for j in range(fed.shape[1]):
            order = np.empty(len(matrix), dtype=np.intp)
            order[np.argsort(fed[:, j], kind="stable")] = by_rank
            alike = fed.T @ file_ranks[order] / len(matrix) > ALIGNED
            pairs = [(int(a), int(b)) for a, b in np.argwhere(alike)]
            # One pair matches because it was used to sort; another one has to confirm it.
            if len({b for _a, b in pairs}) >= 2:
                return _with_ties_settled(
                    matrix, table.features[:, whole], order, pairs, (j, place)
                )
    return None


def _with_ties_settled(
    matrix: Array,
    features: Array,
    order: NDArray[np.intp],
    pairs: list[tuple[int, int]],
    first: tuple[int, int],
) -> NDArray[np.intp]:
    """The order again, rows that are equal in one column told apart by the others."""
    keys = [*(p for p in pairs if p != first), first]
    varied = [j for j in range(matrix.shape[1]) if np.nan_to_num(matrix[:, j]).std() > 0]
    ours = np.lexsort([matrix[:, varied[a]] for a, _b in keys])
    theirs = np.lexsort([features[:, b] for _a, b in keys])
    settled = order.copy()
    settled[ours] = theirs
    return settled


def _has_no_code(column: Array) -> bool:
    return not (column == MISSING_CODE).any() and bool(column.std() > 0)


def _distinct(column: Array) -> bool:
    return len(np.unique(column)) > 0.9 * len(column)


def source_table(matrix: Array, tables: Mapping[str, TrustedTable]) -> str | None:
    """Role of the file these rows come from, in file order; None when it cannot be told."""
    return next((role for role, table in tables.items() if aligned_with(matrix, table)), None)


@dataclass(frozen=True)
class Origin:
    """Where rows come from: the role of a data file, and the labels of just these rows."""

    role: str
    labels: NDArray[np.bool_] | None


class RowBook:
    """Recognises rows of the data files, prepared in any way, in any order, in any part.

    `matrices` hold a whole file in its order as the notebook prepared it; other rows are looked
    up in them, bit for bit.
    """

    def __init__(
        self, matrices: Iterable[tuple[Array, str]], tables: Mapping[str, TrustedTable]
    ) -> None:
        self.prepared = tuple(matrices)
        self._tables = tables
        self._books = [(m.shape[1], role, *_index(m)) for m, role in self.prepared]

    def origin(self, rows: Array) -> Origin | None:
        """The file of these rows and their labels; None when they are not recognised."""
        if rows.ndim != 2 or not len(rows):
            return None
        whole = source_table(rows, self._tables)
        if whole is not None:
            return Origin(whole, self._tables[whole].labels)
        for role, table in self._tables.items():
            order = shuffled_order(rows, table)
            if order is not None:
                labels = table.labels
                return Origin(role, labels[order] if labels is not None else None)
        keys = None
        for width, role, sorted_keys, order in self._books:
            if width != rows.shape[1]:
                continue
            keys = row_keys(rows) if keys is None else keys
            places = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
            hits = sorted_keys[places] == keys
            if hits.mean() > MOST_ROWS:
                labels = self._tables[role].labels
                return Origin(role, labels[order[places]] if labels is not None else None)
        return None

    def exactly(self, rows: Array) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
        """File of each row ("" for none) and its place there, found bit for bit."""
        roles = np.full(len(rows), "", dtype="U40")
        index = np.zeros(len(rows), dtype=np.intp)
        keys = row_keys(rows)
        for width, role, sorted_keys, order in self._books:
            if width == rows.shape[1]:
                places = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
                hits = (sorted_keys[places] == keys) & (roles == "")
                roles[hits], index[hits] = role, order[places][hits]
        return roles, index


def _index(matrix: Array) -> tuple[Array, Array]:
    keys = row_keys(matrix)
    order = np.argsort(keys)
    return keys[order], order


def same_rows(a: Array, b: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Orders that bring two sets of rows into one order; None when they are not the same rows."""
    if a.shape != b.shape or a.ndim < 2:
        return None
    keys_a, keys_b = row_keys(a), row_keys(b)
    order_a, order_b = np.argsort(keys_a, kind="stable"), np.argsort(keys_b, kind="stable")
    if not np.array_equal(keys_a[order_a], keys_b[order_b]):
        return None
    if np.array_equal(keys_a, keys_b):
        return np.arange(len(a)), np.arange(len(a))
    return order_a, order_b


def row_keys(matrix: Array) -> NDArray[np.bytes_]:
    """Each row as one comparable item (float32, as networks see them)."""
    rows = np.ascontiguousarray(np.asarray(matrix, dtype=np.float32).reshape(len(matrix), -1)) + 0.0
    keys: NDArray[np.bytes_] = rows.view(f"S{rows.dtype.itemsize * rows.shape[1]}").ravel()
    return keys


def raw_columns(matrix: Array, tables: Iterable[TrustedTable]) -> float:
    """Share of the matrix's columns whose values are a file's own, untouched (float32)."""
    matrix = np.asarray(matrix, dtype=np.float32).reshape(len(matrix), -1)[:MAX_SAMPLE]
    known = [column for table in tables for column in table.sorted_columns]
    raw = 0
    for j in range(matrix.shape[1]):
        values = np.unique(matrix[:, j])
        raw += int(len(values) > 2 and any(_contains(column, values) for column in known))
    return float(raw / max(matrix.shape[1], 1))


def _contains(column: Array, values: Array) -> bool:
    """True when every value (sorted too) stands in the sorted column."""
    if values[0] < column[0] or values[-1] > column[-1]:
        return False
    places = np.minimum(np.searchsorted(column, values), len(column) - 1)
    return bool((column[places] == values).all())


def has_missing_code(matrix: Array) -> bool:
    """True when the code for a missing value is still there."""
    return bool((np.asarray(matrix) == MISSING_CODE).any())
