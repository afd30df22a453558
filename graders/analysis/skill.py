"""How well do a network's answers tell the classes apart, and how far did they move?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.predictions import score_of

Array = NDArray[Any]


def auc(scores: Array, labels: NDArray[np.bool_]) -> float | None:
    """Probability that a row of class 1 has a higher score than one of class 0, ties for half
    (Mann and Whitney 1947). None with one class only, or scores that are not finite."""
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative or len(scores) != len(labels):
        return None
    if not np.isfinite(scores).all():
        return None
    _values, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[which.reshape(-1)]
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def skill(outputs: Array | None, labels: NDArray[np.bool_]) -> float | None:
    """AUC of a network's outputs (one or two columns), 0.5 by chance; None for other forms."""
    if outputs is None or not outputs.ndim or len(outputs) != len(labels):
        return None
    score = score_of(outputs)
    return auc(score, labels) if score is not None else None


def moved(before: Array | None, after: Array | None) -> float | None:
    """How far answers moved, as a share of their own spread (both standard deviations over the
    rows); 0 when they stayed. None when they cannot be compared."""
    if before is None or after is None or before.shape != after.shape:
        return None
    if not before.ndim or not before.size:
        return None
    x = np.asarray(before, dtype=np.float64).reshape(len(before), -1)
    y = np.asarray(after, dtype=np.float64).reshape(len(after), -1)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    change = float(np.sqrt(((y - x) ** 2).mean()))
    spread = max(float(x.std(axis=0).max()), float(y.std(axis=0).max()))
    if change == 0.0:
        return 0.0
    return change / spread if spread > 0 else float("inf")
