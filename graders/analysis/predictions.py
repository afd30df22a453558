"""How good are predictions? Labels from outputs, metrics recomputed from trusted labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Bools = NDArray[np.bool_]

METRICS = ("accuracy", "balanced_accuracy", "f1")
CLASS_ACCURACY = "class_accuracy"  # of many classes; Spanish texts call it precision too


def labels_of(outputs: Array) -> Bools | None:
    """Predicted class (True: class 1) for each row of a network's outputs.

    One column: a probability against 0.5 when all lie in [0, 1], else a logit against 0. Two
    columns or more: whether the second is the largest. None when not finite.
    """
    flat = np.asarray(outputs, dtype=np.float64)
    flat = flat.reshape(len(flat), -1)
    if not np.isfinite(flat).all():
        return None
    if flat.shape[1] == 1:
        column = flat[:, 0]
        probability = bool((column >= 0).all() and (column <= 1).all())
        result: Bools = column > (0.5 if probability else 0.0)
        return result
    if flat.shape[1] == 2:
        chosen: Bools = flat[:, 1] > flat[:, 0]
        return chosen
    if flat.shape[1] > 2:
        return np.asarray(flat.argmax(axis=1) == 1)
    return None


def as_labels(array: Array) -> Bools | None:
    """A vector of two different values as booleans (True: the value that sorts last)."""
    flat = np.asarray(array).reshape(-1)
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        return None
    values = np.unique(flat)
    if len(values) == 1 and flat.dtype.kind in "bif" and values[0] in (0, 1):
        return np.asarray(flat == 1)
    if len(values) != 2:
        return None
    return np.asarray(flat == values[1])


def score_of(outputs: Array) -> Array | None:
    """One number a row that grows with the evidence for class 1; None for other forms."""
    flat = np.asarray(outputs, dtype=np.float64)
    flat = flat.reshape(len(flat), -1)
    if flat.shape[1] == 1:
        return np.asarray(flat[:, 0])
    if flat.shape[1] == 2:
        return np.asarray(flat[:, 1] - flat[:, 0])
    return None


def thresholds_of(predicted: Bools, score: Array) -> bool:
    """True when the labels are the score cut at some threshold, in either direction."""
    if len(predicted) != len(score):
        return False
    for high in (predicted, ~predicted):
        if high.all() or not high.any():
            return True
        if score[high].min() >= score[~high].max():
            return True
    return False


def figures(predicted: Bools, truth: Bools) -> dict[str, tuple[float, ...]]:
    """Accepted values of each metric: F1 of either class, macro and weighted means of both.

    Definitions as in scikit-learn's user guide, "Classification metrics".
    """
    if len(predicted) != len(truth) or not len(truth):
        return {}
    accuracy = float((predicted == truth).mean())
    recalls, f1s, weights = [], [], []
    for target in (truth, ~truth):
        guess = predicted if target is truth else ~predicted
        hits = float((guess & target).sum())
        total = float(target.sum())
        recalls.append(hits / total if total else float("nan"))
        f1s.append(2 * hits / (float(guess.sum()) + total) if guess.sum() + total else 0.0)
        weights.append(total / len(truth))
    present = [r for r in recalls if not np.isnan(r)]
    return {
        "accuracy": (accuracy,),
        "balanced_accuracy": (sum(present) / len(present),),
        "f1": (
            *f1s,
            sum(f1s) / 2,
            sum(f * w for f, w in zip(f1s, weights, strict=True)),
        ),
    }


def losses_of(outputs: Array, truth: Bools) -> tuple[float, ...]:
    """Mean cross-entropies of the outputs (n, n x 1 or n x 2), under either coding, where they
    can be logits, probabilities or log-probabilities."""
    flat = np.asarray(outputs, dtype=np.float64)
    flat = flat.reshape(len(flat), -1)
    if flat.shape[1] > 2 or not np.isfinite(flat).all() or len(flat) != len(truth):
        return ()
    logit = flat[:, 1] - flat[:, 0] if flat.shape[1] == 2 else flat[:, 0]
    logits = [logit]
    if flat.shape[1] == 1 and (logit >= 0).all() and (logit <= 1).all():
        inside = logit.clip(1e-12, 1 - 1e-12)
        logits.append(np.log(inside) - np.log1p(-inside))
    return tuple(
        float(np.logaddexp(0, np.where(target, -z, z)).mean())
        for z in logits
        for target in (truth, ~truth)
    )


def confusion(predicted: Bools, truth: Bools) -> tuple[tuple[int, int], tuple[int, int]]:
    """Counts, rows the truth and columns the prediction, False first."""
    return (
        (int((~predicted & ~truth).sum()), int((predicted & ~truth).sum())),
        (int((~predicted & truth).sum()), int((predicted & truth).sum())),
    )
