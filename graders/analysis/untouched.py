"""Are these the file's own values, but for one factor that all columns share?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.inputs import MAX_SAMPLE, MISSING_CODE
from graders.analysis.trusted import TrustedTable

Array = NDArray[Any]
ROUNDING = 5e-7  # relative: a few units in the last place of a float32
REPEATED = 2  # rows with the same lowest value: the code for a missing one
MAX_TRIED = 5  # values that may be the code's
MOSTLY = 0.5


def common_factor(matrix: Array, tables: Iterable[TrustedTable]) -> float | None:
    """The factor by which the file's values, the code for a missing one included, were
    multiplied to give these rows (n x d); None when that is not what was done.

    The code is the lowest value of a column, often; the other columns have to agree.
    """
    if not matrix.size:
        return None
    rows = np.asarray(matrix, dtype=np.float64).reshape(len(matrix), -1)[:MAX_SAMPLE]
    if not np.isfinite(rows).all():
        return None
    lowest = rows.min(axis=0)
    often = (rows == lowest).sum(axis=0)
    likely = [j for j in np.argsort(-often) if lowest[j] < 0 and often[j] >= REPEATED]
    values = dict.fromkeys(float(lowest[j]) for j in likely)
    known = [np.sort(t.features[:, j]) for t in tables for j in range(t.features.shape[1])]
    for value in list(values)[:MAX_TRIED]:
        factor = value / MISSING_CODE
        raw = rows / factor
        same = [any(_stand_in(raw[:, j], column) for column in known) for j in range(raw.shape[1])]
        if np.mean(same) > MOSTLY:
            return factor
    return None


def _stand_in(values: Array, column: Array) -> bool:
    """True when every value is one of a sorted column's, up to rounding."""
    after = np.minimum(np.searchsorted(column, values), len(column) - 1)
    before = np.maximum(after - 1, 0)
    far = np.minimum(np.abs(column[after] - values), np.abs(column[before] - values))
    return bool((far <= ROUNDING * np.maximum(np.abs(values), 1.0)).all())
