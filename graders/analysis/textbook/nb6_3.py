"""Notebook 6.3, stochastic gradient descent on the Gabor model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook import rates
from graders.analysis.textbook.descent import step_of
from graders.analysis.textbook.todo import (
    Judge,
    Judgement,
    Todo,
    as_numbers,
    compare,
    differs,
    either,
    unanswered,
)
from graders.evidence.questions import Answer, Question, call, code
from graders.language import _

Array = NDArray[np.float64]
Gradient = Callable[[Array, Array, Array], Array]
COUNT = 30  # data in the notebook
_MODEL = code(
    "lambda phi, x: np.sin(phi[0] + 0.06 * phi[1] * x) "
    "* np.exp(-(phi[0] + 0.06 * phi[1] * x) ** 2 / 32)"
)
_BOWL = code(
    "lambda data_x, data_y, phi: "
    "np.array([[np.sum(phi[0] - data_y)], [np.sum(3 * phi[1] - data_x)]])"
)


def _data(seed: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    phi = np.array([[rng.normal(0, 2)], [rng.uniform(5, 15)]])
    return rng.normal(0, 6, COUNT), rng.normal(0, 0.5, COUNT), phi


def _model(phi: Array, x: Array) -> Array:
    """The Gabor model of the notebook."""
    inner = phi[0] + 0.06 * phi[1] * x
    return np.asarray(np.sin(inner) * np.exp(-(inner**2) / 32))


def _loss(x: Array, y: Array, phi: Array) -> float:
    return float(np.sum((_model(phi, x) - y) ** 2))


def _slope(x: Array, y: Array, phi: Array) -> Array:
    """Derivative of the sum of squares of the Gabor model with respect to phi, (2, 1)."""
    inner = phi[0] + 0.06 * phi[1] * x
    steep = (np.cos(inner) - np.sin(inner) * inner / 16) * np.exp(-(inner**2) / 32)
    left = 2 * steep * (_model(phi, x) - y)
    return np.array([[np.sum(left)], [np.sum(0.06 * x * left)]])


def _bowl(x: Array, y: Array, phi: Array) -> Array:
    """The gradient of a loss that is simpler than the notebook's."""
    return np.array([[np.sum(phi[0] - y)], [np.sum(3 * phi[1] - x)]])


# With a gradient of ours in place of the notebook's, or with what the notebook computes itself.
_GRADIENTS: tuple[tuple[Mapping[str, Any], Gradient], ...] = (
    ({"compute_gradient": _BOWL}, _bowl),
    ({}, _slope),
)


def loss() -> Todo:
    """The sum of squared distances."""
    sets = [_data(81), _data(82)]
    questions = tuple(_asked_loss(*data) for data in sets)
    expected = _("the sum of the squared distances")
    right = [_loss(*data) for data in sets]
    return Todo(("I7dqTY2Gg7CR",), expected, questions, compare(questions, right))


def _asked_loss(x: Array, y: Array, phi: Array) -> Question:
    roles = ("data_x", "data_y", "model", "phi")
    return call("compute_loss", args=(x, y, _MODEL, phi), roles=roles)


def gradient() -> Todo:
    """The gradient agrees with finite differences of the notebook's own loss."""
    x, y, phi = _data(83)
    delta = 1e-5
    moved = [phi + delta * np.array([[a], [b]]) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    questions = (
        call("compute_gradient", args=(x, y, phi), roles=("data_x", "data_y", "phi")),
        *(_asked_loss(x, y, at) for at in moved),
    )

    def judge(answers: Sequence[Answer]) -> Judgement:
        values = []
        for question, answer in zip(questions, answers, strict=True):
            problem = unanswered(question, answer)
            if problem is not None:
                return problem
            values.append(as_numbers(answer.value))
        at = [value for value in values[1:] if value is not None and value.shape == ()]
        if len(at) < 4:
            return Judgement(False, _("the loss is not a number"))
        near = [(at[0] - at[1]) / (2 * delta), (at[2] - at[3]) / (2 * delta)]
        said = differs(values[0], near, 1e-3)
        return Judgement(not said, said or _("the gradient agrees with the loss"))

    expected = _("the gradient that finite differences of the loss give")
    return Todo(("I7dqTY2Gg7CR",), expected, questions, judge)


def fixed_rate() -> Todo:
    """A step of the given size against the gradient: phi - alpha times the gradient."""
    sets = [(_data(84), 0.02), (_data(85), 0.15)]
    name, roles = "gradient_descent_step_fixed_learning_rate", ("phi", "data", "alpha")

    def way(given: Mapping[str, Any], slope: Gradient) -> tuple[tuple[Question, ...], Judge]:
        questions = tuple(
            call(
                name,
                args=(phi, np.stack([x, y]), alpha),
                roles=roles,
                offered={"model": _MODEL},
                given=given,
            )
            for (x, y, phi), alpha in sets
        )
        right = [phi - alpha * slope(x, y, phi) for (x, y, phi), alpha in sets]
        return questions, compare(questions, right)

    questions, judge = either(*(way(*gradient) for gradient in _GRADIENTS))
    expected = _("phi minus alpha times the gradient")
    return Todo(("4l-ueLk-oAxV",), expected, questions, judge)


def sgd() -> Todo:
    """A step of the given size with the gradient of a part of the data only.

    All data are equal, so that every part of one size has one gradient (the sum over it, or its
    mean); of different data, two steps are hardly ever the same.
    """
    questions, judge = either(*(_batches(*gradient) for gradient in _GRADIENTS))
    expected = _("phi minus alpha times the gradient of a random batch")
    return Todo(("VKTC9-1Gpm3N",), expected, questions, judge)


def _batches(given: Mapping[str, Any], slope: Gradient) -> tuple[tuple[Question, ...], Judge]:
    phi, alpha, size = np.array([[0.4], [2.2]]), 0.05, 3
    alike = np.repeat([[1.7], [-0.6]], COUNT, axis=1)
    x, y, _phi = _data(86)

    def asked(data: Array, count: int, seconds: float) -> Question:
        return call(
            "stochastic_gradient_descent_step",
            args=(phi, data, alpha, count),
            roles=("phi", "data", "alpha", "batch_size"),
            offered={"model": _MODEL},
            given=given,
            seconds=seconds,
        )

    different = np.stack([x, y])
    # The last is the same asked once more.
    questions = (asked(alike, size, 5.0), asked(different, 4, 5.0), asked(different, 4, 4.0))
    part = -alpha * slope(alike[0, :size], alike[1, :size], phi).reshape(-1)

    def judge(answers: Sequence[Answer]) -> Judgement:
        for question, answer in zip(questions, answers, strict=True):
            problem = unanswered(question, answer)
            if problem is not None:
                return problem
        steps = [step_of(answer.value, phi) for answer in answers]
        said = min((differs(steps[0], right) for right in (part, part / size)), key=len)
        if said:
            return Judgement(False, _("on a batch of {n}: {what}").format(n=size, what=said))
        if steps[1] is not None and steps[2] is not None and np.array_equal(steps[1], steps[2]):
            return Judgement(False, _("the batch is always the same"))
        return Judgement(True, _("right on a batch of {n}, drawn anew").format(n=size))

    return questions, judge


def schedule() -> Todo:
    """The size of the steps falls from time to time and never rises."""
    expected = _("steps whose size falls by a factor every so many iterations")
    return Todo(("lw4QPOaQTh5e",), expected, rates.QUESTIONS, rates.judge)
