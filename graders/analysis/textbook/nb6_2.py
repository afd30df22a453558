"""Notebook 6.2, gradient descent on a straight line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.descent import downhill, step_of
from graders.analysis.textbook.todo import Judge, Judgement, Todo, compare, either, unanswered
from graders.evidence.questions import Answer, Question, call, code
from graders.language import _

Array = NDArray[np.float64]
COUNT = 12  # data in the notebook
_MODEL = code("lambda phi, x: phi[0] + phi[1] * x")
_RIGHT = {
    "compute_gradient": code(
        "lambda data_x, data_y, phi: "
        "np.array([[2 * np.sum(phi[0] + phi[1] * data_x - data_y)], "
        "[2 * np.sum(data_x * (phi[0] + phi[1] * data_x - data_y))]])"
    ),
    "compute_loss": code(
        "lambda data_x, data_y, model, phi: np.sum((phi[0] + phi[1] * data_x - data_y) ** 2)"
    ),
}
_NUMERICAL = 1e-3  # relative; finite differences are a way to the gradient too
_HARDLY = 0.01  # of what the best step in this direction lowers the loss by


def _data(seed: int) -> tuple[Array, Array, Array]:
    """x, y (n,), and parameters (2, 1) away from the best ones."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 2, COUNT)
    return x, 0.8 + 0.6 * x + rng.normal(0, 0.2, COUNT), rng.normal(0, 1, (2, 1))


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
    sets = [_data(71), _data(72)]
    roles = ("data_x", "data_y", "model", "phi")
    questions = tuple(
        call("compute_loss", args=(x, y, _MODEL, phi), roles=roles) for x, y, phi in sets
    )
    expected = _("the sum of the squared distances")
    right = [_loss(*data) for data in sets]
    return Todo(("I7dqTY2Gg7CR",), expected, questions, compare(questions, right))


def gradient() -> Todo:
    """The derivative of the loss with respect to both parameters."""
    sets = [_data(73), _data(74)]
    roles, offered = ("data_x", "data_y", "phi"), {"model": _MODEL}
    ours, own = (
        tuple(
            call("compute_gradient", args=data, roles=roles, offered=offered, given=given)
            for data in sets
        )
        for given in ({"compute_loss": _RIGHT["compute_loss"]}, {})
    )
    expected = _("the derivatives of the sum of squares with respect to phi_0 and phi_1")
    right = [_gradient(*data) for data in sets]
    questions, judge = either(
        (ours, compare(ours, right, _NUMERICAL)), (own, compare(own, right, _NUMERICAL))
    )
    return Todo(("UpswmkL2qwBT",), expected, questions, judge)


def step() -> Todo:
    """A step against the gradient that lowers the loss, with the gradient and the loss of ours or
    with the notebook's own."""
    sets = [_data(75), _data(76)]
    ways = [_steps(sets, given) for given in (_RIGHT, {})]
    questions, judge = either(*ways)
    expected = _("a step against the gradient that lowers the loss")
    return Todo(("YVq6rmaWRD2M",), expected, questions, judge)


def _steps(
    sets: Sequence[tuple[Array, Array, Array]], given: Mapping[str, Any]
) -> tuple[tuple[Question, ...], Judge]:
    questions = tuple(
        call(
            "gradient_descent_step",
            args=(phi, np.stack([x, y]), _MODEL),
            roles=("phi", "data", "model"),
            given=given,
        )
        for x, y, phi in sets
    )

    def judge(answers: Sequence[Answer]) -> Judgement:
        lowered = []
        for (x, y, phi), question, answer in zip(sets, questions, answers, strict=True):
            problem = unanswered(question, answer)
            if problem is not None:
                return problem
            slope = _gradient(x, y, phi)
            made = step_of(answer.value, phi)
            problem = downhill(made, slope)
            if problem is not None or made is None:
                return problem or Judgement(None, "")
            before, after = _loss(x, y, phi), _loss(x, y, phi + np.reshape(made, (2, 1)))
            if after >= before:
                words = _("the step raises the loss from {before:.4g} to {after:.4g}")
                return Judgement(False, words.format(before=before, after=after))
            lowered.append((before - after) / _most(x, slope))
        if min(lowered) < _HARDLY:
            return Judgement(None, _("the steps are so short that they hardly lower the loss"))
        return Judgement(True, _("steps go against the gradient and lower the loss"))

    return questions, judge


def _most(x: Array, slope: Array) -> float:
    """By how much the best step along this gradient lowers the sum of squares."""
    curved = float(np.sum((slope[0] + slope[1] * x) ** 2))
    return float(np.sum(slope**2)) ** 2 / (4 * curved)
