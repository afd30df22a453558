"""Are two networks' answers to the same rows alike?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.predictions import score_of

Array = NDArray[Any]


def close(a: Array | None, b: Array | None, tolerance: float = 2e-3) -> bool:
    """True when two answers are the same numbers, whatever their form."""
    if a is None or b is None or a.size != b.size or not a.size:
        return False
    x, y = (np.asarray(v, dtype=np.float64).reshape(-1) for v in (a, b))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return False
    return bool(np.abs(x - y).max() <= tolerance * (1 + np.abs(x).max()))


def same_order(a: Array | None, b: Array | None) -> bool:
    """True when two answers are the same, or rank the rows alike (a logit and its probability)."""
    if a is None or b is None or close(a, b, 1e-4):
        return True
    x, y = score_of(a), score_of(b)
    if x is None or y is None or len(x) != len(y):
        return False
    return bool(np.array_equal(np.argsort(x, kind="stable"), np.argsort(y, kind="stable")))
