"""Which row of which data file is each of these rows? Also when they were scaled anew or blurred.

Three ways, the surest first: bit for bit in a file as the notebook prepared it; nearest to one
file's rows by far; nearest by far when every column is read by its ranks alone, which no scaling
changes. Rows that are like no file's more than another's are nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.inputs import ALIGNED, MISSING_CODE, RowBook
from graders.analysis.trusted import TrustedTable

Array = NDArray[Any]
MAX_ROWS = 256  # rows that are looked for by their neighbours
MIN_RANKED = 100  # fewer rows do not tell a column's ranks
BY_FAR = 0.5  # of the distance to the nearest row of any other file, or between rows of this one
NEIGHBOURS = 64  # rows of a file that tell how far apart its rows are
MIN_COLUMNS = 3
MOSTLY = 0.5
CHUNK = 20_000
GRID = 4001  # points between which quantiles of the normal distribution are interpolated


@dataclass(frozen=True)
class Places:
    """`roles[i]` is the file of row i ("" for none), `index[i]` its place there.

    `exact`: found bit for bit. `looked` are the roles of the files that were looked in.
    """

    roles: NDArray[np.str_]
    index: NDArray[np.intp]
    exact: bool
    looked: frozenset[str]

    def share(self, role: str) -> float:
        """Share of the rows that are of a file."""
        return float((self.roles == role).mean()) if len(self.roles) else 0.0


def places_of(
    rows: Array, book: RowBook, tables: Mapping[str, TrustedTable]
) -> tuple[Places, NDArray[np.intp]] | None:
    """Where rows (n x d) come from, and which of them were looked for; None when nothing of
    that width is known."""
    if rows.ndim != 2 or not len(rows) or not np.isfinite(rows).all():
        return None
    alike = [(m, r) for m, r in book.prepared if m.shape[1] == rows.shape[1] and _finite(m)]
    roles, index = book.exactly(rows)
    found = Places(roles, index, True, frozenset(r for _m, r in alike))
    everything = np.arange(len(rows))
    if found.share("") <= 1 - MOSTLY:
        return found, everything
    some = np.linspace(0, len(rows) - 1, min(MAX_ROWS, len(rows))).astype(np.intp)
    near = _nearest(rows[some], alike)
    if near.share("") <= 1 - MOSTLY:
        return near, some
    if len(some) >= MIN_RANKED:
        columns = _followed(alike, tables)
        scores = _scores(rows[:, columns])[some]
        ranked = _nearest(scores, [(_scores(m[:, columns]), r) for m, r in alike])
        if ranked.share("") < near.share(""):
            return ranked, some
    return (near, some) if alike else None


def _finite(matrix: Array) -> bool:
    return matrix.dtype.kind in "fiu" and bool(np.isfinite(matrix).all())


def _nearest(rows: Array, prepared: Sequence[tuple[Array, str]]) -> Places:
    """Each row's nearest file, when it is much nearer than rows of one file are to each other,
    and than any other file is."""
    looked = list(dict.fromkeys(r for _m, r in prepared))
    distance = {r: np.full(len(rows), np.inf) for r in looked}
    index = {r: np.zeros(len(rows), dtype=np.intp) for r in looked}
    for matrix, role in prepared:
        far, place = _distances(rows, matrix)
        closer = (far < distance[role]) & (far < BY_FAR * _apart(matrix))
        distance[role][closer], index[role][closer] = far[closer], place[closer]
    roles = np.full(len(rows), "", dtype="U40")
    places = np.zeros(len(rows), dtype=np.intp)
    if len(looked) > 1:
        for role in looked:
            others = np.min([distance[r] for r in looked if r != role], axis=0)
            mine = distance[role] < BY_FAR * others
            roles[mine], places[mine] = role, index[role][mine]
    return Places(roles, places, False, frozenset(looked))


def _apart(matrix: Array) -> float:
    """Median distance of a file's rows to the nearest other row."""
    some = np.linspace(0, len(matrix) - 1, min(NEIGHBOURS, len(matrix))).astype(np.intp)
    others = np.delete(matrix, some, axis=0)
    return float(np.median(_distances(matrix[some], others)[0])) if len(others) else 0.0


def _distances(rows: Array, matrix: Array) -> tuple[Array, NDArray[np.intp]]:
    """Distance to the nearest row of a matrix and its place, columns in units of their spread."""
    spread = matrix.std(axis=0, dtype=np.float64)
    used = spread > 0
    if not used.any():
        return np.full(len(rows), np.inf), np.zeros(len(rows), dtype=np.intp)
    ours = (rows[:, used] / spread[used]).astype(np.float64)
    best = np.full(len(rows), np.inf)
    place = np.zeros(len(rows), dtype=np.intp)
    for first in range(0, len(matrix), CHUNK):
        theirs = matrix[first : first + CHUNK, used] / spread[used]
        squared = (
            (ours**2).sum(axis=1)[:, None] - 2 * ours @ theirs.T + (theirs**2).sum(axis=1)[None, :]
        )
        nearest = squared.argmin(axis=1)
        value = squared[np.arange(len(rows)), nearest]
        closer = value < best
        best[closer], place[closer] = value[closer], first + nearest[closer]
    return np.sqrt(np.maximum(best, 0)), place


def _followed(
    prepared: Sequence[tuple[Array, str]], tables: Mapping[str, TrustedTable]
) -> NDArray[np.intp]:
    """Columns of the prepared files that rank rows as a column of the file does in which no value
    is missing: what gaps are filled with changes the ranks of others. All, when these are few."""
    width = prepared[0][0].shape[1] if prepared else 0
    kept = np.ones(width, dtype=bool)
    for matrix, role in prepared:
        raw = tables[role].features
        raw = raw[:, ~(raw == MISSING_CODE).any(axis=0)]
        if len(raw) == len(matrix) and raw.shape[1]:
            ours, theirs = _scores(matrix), _scores(raw)
            alike = np.abs(ours.T @ theirs) / len(raw)
            kept &= alike.max(axis=1) > ALIGNED * (ours**2).mean(axis=0)
    return np.flatnonzero(kept) if kept.sum() >= MIN_COLUMNS else np.arange(width)


def _scores(matrix: Array) -> Array:
    """Each column as normal scores of its ranks; equal values share their mean rank."""
    grid = (np.arange(GRID) + 0.5) / GRID
    quantiles = np.array([NormalDist().inv_cdf(float(q)) for q in grid])
    result = np.zeros(matrix.shape, dtype=np.float64)
    for j in range(matrix.shape[1]):
        values, which, counts = np.unique(matrix[:, j], return_inverse=True, return_counts=True)
        if len(values) > 1:
            ranks = (np.cumsum(counts) - counts / 2) / len(matrix)
            result[:, j] = np.interp(ranks, grid, quantiles)[which.reshape(-1)]
    return result
