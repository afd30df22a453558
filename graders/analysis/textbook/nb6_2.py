"""Notebook 6.2, gradient descent on a straight line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.descent import downhill, step_of
from graders.analysis.textbook.todo import Judgement, Todo, compare, unanswered
from graders.evidence.questions import Answer, call, code, theirs
from graders.language import _

Array = NDArray[np.float64]
_MODEL = code("lambda phi, x: phi[0] + phi[1] * x")
_RIGHT = {
    "compute_gradient": code(
        "lambda x, y, phi: np.array([[2 * np.sum(phi[0] + phi[1] * x - y)], "
        "[2 * np.sum(x * (phi[0] + phi[1] * x - y))]])"
    ),
    "compute_loss": code("lambda x, y, model, phi: np.sum((phi[0] + phi[1] * x - y) ** 2)"),
}


def _data(seed: int, count: int = 12) -> tuple[Array, Array, Array]:
    """x, y (n,), and parameters (2, 1) away from the best ones."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 2, count)
    return x, 0.8 + 0.6 * x + rng.normal(0, 0.2, count), rng.normal(0, 1, (2, 1))


def _residuals(x: Array, y: Array, phi: Array) -> Array:
    return np.asarray(phi[0] + phi[1] * x - y)


def _loss(x: Array, y: Array, phi: Array) -> float:
    return float(np.sum(_residuals(x, y, phi) ** 2))


def _gradient(x: Array, y: Array, phi: Array) -> Array:
    """Derivative of the sum of squares with respect to phi, (2, 1)."""
    left = _residuals(x, y, phi)
    return np.array([[2 * np.sum(left)], [2 * np.sum(x * left)]])


def loss() -> Todo:
    """The sum of squared distances."""
    sets = [_data(71), _data(72, 7)]
    questions = tuple(call("compute_loss", args=(x, y, _MODEL, phi)) for x, y, phi in sets)
    expected = _("the sum of the squared distances")
    right = [_loss(*data) for data in sets]
    return Todo(("I7dqTY2Gg7CR",), expected, questions, compare(questions, right))


def gradient() -> Todo:
    """The derivative of the loss with respect to both parameters."""
    sets = [_data(73), _data(74, 5)]
    questions = tuple(call("compute_gradient", args=data) for data in sets)
    expected = _("the derivatives of the sum of squares with respect to phi_0 and phi_1")
    right = [_gradient(*data) for data in sets]
    return Todo(("UpswmkL2qwBT",), expected, questions, compare(questions, right))


def step() -> Todo:
    """A step against the gradient that lowers the loss."""
    sets = [_data(75), _data(76, 9)]
    questions = tuple(
        call(
            "gradient_descent_step",
            args=(phi, np.stack([x, y]), theirs("model")),
            given=_RIGHT,
        )
        for x, y, phi in sets
    )

    def judge(answers: Sequence[Answer]) -> Judgement:
        for (x, y, phi), question, answer in zip(sets, questions, answers, strict=True):
            problem = unanswered(question, answer)
            if problem is not None:
                return problem
            made = step_of(answer.value, phi)
            problem = downhill(made, _gradient(x, y, phi))
            if problem is not None or made is None:
                return problem or Judgement(None, "")
            before, after = _loss(x, y, phi), _loss(x, y, phi + np.reshape(made, (2, 1)))
            if after >= before:
                words = _("the step raises the loss from {before:.4g} to {after:.4g}")
                return Judgement(False, words.format(before=before, after=after))
        return Judgement(True, _("steps go against the gradient and lower the loss"))

    expected = _("a step against the gradient that lowers the loss")
    return Todo(("YVq6rmaWRD2M",), expected, questions, judge)
