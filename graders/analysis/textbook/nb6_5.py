"""Notebook 6.5, normalised gradients and Adam."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Todo, compare
from graders.evidence.questions import call, code
from graders.language import _

Array = NDArray[np.float64]
_GIVEN = {
    "get_loss_gradient": code(
        "lambda phi0, phi1: np.array([1.3 * (phi0 - 0.4) + 0.2 * phi1, 0.2 * phi0 + 0.5 * phi1])"
    )
}


def _gradient(phi: Array) -> Array:
    return np.array([1.3 * (phi[0] - 0.4) + 0.2 * phi[1], 0.2 * phi[0] + 0.5 * phi[1]])


def normalized_gradients() -> Todo:
    """Each component of the gradient divided by its own size: equations 6.13 and 6.14."""
    sets = [(np.array([[-0.7], [0.33]]), 9, 0.07), (np.array([[0.9], [-0.41]]), 6, 0.03)]
    questions = tuple(call("normalized_gradients", args=args, given=_GIVEN) for args in sets)
    right = []
    for start, steps, alpha in sets:
        path = [start[:, 0]]
        for _step in range(steps):
            slope = _gradient(path[-1])
            path.append(path[-1] - alpha * slope / (np.sqrt(slope**2) + 1e-20))
        right.append(np.stack(path, axis=1))
    expected = _("steps of alpha in each parameter, against the gradient's sign")
    return Todo(("IqX2zP_29gLF",), expected, questions, compare(questions, right))


def adam() -> Todo:
    """Momentum of gradient and squared gradient, both corrected: equations 6.15 to 6.17."""
    sets = [
        (np.array([[-0.6], [0.8]]), 25, 0.05, 0.9, 0.99),
        (np.array([[0.7], [-0.9]]), 12, 0.02, 0.8, 0.95),
    ]
    questions = tuple(call("adam", args=args, given=_GIVEN) for args in sets)
    right = []
    for start, steps, alpha, beta, gamma in sets:
        path, mean, square = [start[:, 0]], np.zeros(2), np.zeros(2)
        for step in range(1, steps + 1):
            slope = _gradient(path[-1])
            mean = beta * mean + (1 - beta) * slope
            square = gamma * square + (1 - gamma) * slope**2
            moved = mean / (1 - beta**step) / (np.sqrt(square / (1 - gamma**step)) + 1e-20)
            path.append(path[-1] - alpha * moved)
        right.append(np.stack(path, axis=1))
    expected = _("Adam with both corrections of bias (equations 6.15 to 6.17)")
    return Todo(("BKUhZSGgDEm0",), expected, questions, compare(questions, right))
