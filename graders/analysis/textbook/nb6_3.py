"""Notebook 6.3, stochastic gradient descent on the Gabor model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.descent import step_of
from graders.analysis.textbook.todo import (
    Judgement,
    Todo,
    as_numbers,
    compare,
    differs,
    unanswered,
)
from graders.evidence.questions import Answer, call, cell, code, theirs
from graders.language import _

Array = NDArray[np.float64]
_BOWL = "lambda x, y, phi: np.array([[np.sum(phi[0] - y)], [np.sum(3 * phi[1] - x)]])"
_RIGHT = {"compute_gradient": code(_BOWL)}  # of a loss that is simpler than the notebook's


def _data(seed: int, count: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    phi = np.array([[rng.normal(0, 2)], [rng.uniform(5, 15)]])
    return rng.normal(0, 6, count), rng.normal(0, 0.5, count), phi


def _model(phi: Array, x: Array) -> Array:
    """The Gabor model of the notebook."""
    inner = phi[0] + 0.06 * phi[1] * x
    return np.asarray(np.sin(inner) * np.exp(-(inner**2) / 32))


def _loss(x: Array, y: Array, phi: Array) -> float:
    return float(np.sum((_model(phi, x) - y) ** 2))


def _bowl(x: Array, y: Array, phi: Array) -> Array:
    return np.array([[np.sum(phi[0] - y)], [np.sum(3 * phi[1] - x)]])


def loss() -> Todo:
    """The sum of squared distances."""
    sets = [_data(81, 17), _data(82, 8)]
    questions = tuple(call("compute_loss", args=(x, y, theirs("model"), phi)) for x, y, phi in sets)
    expected = _("the sum of the squared distances")
    right = [_loss(*data) for data in sets]
    return Todo(("I7dqTY2Gg7CR",), expected, questions, compare(questions, right))


def gradient() -> Todo:
    """The gradient agrees with finite differences of the notebook's own loss."""
    x, y, phi = _data(83, 14)
    delta = 1e-5
    moved = [phi + delta * np.array([[a], [b]]) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    questions = (
        call("compute_gradient", args=(x, y, phi)),
        *(call("compute_loss", args=(x, y, theirs("model"), at)) for at in moved),
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
    sets = [(_data(84, 11), 0.02), (_data(85, 6), 0.15)]
    questions = tuple(
        call(
            "gradient_descent_step_fixed_learning_rate",
            args=(phi, np.stack([x, y]), alpha),
            given=_RIGHT,
        )
        for (x, y, phi), alpha in sets
    )
    right = [phi - alpha * _bowl(x, y, phi) for (x, y, phi), alpha in sets]
    expected = _("phi minus alpha times the gradient")
    return Todo(("4l-ueLk-oAxV",), expected, questions, compare(questions, right))


def sgd() -> Todo:
    """A step of the given size with the gradient of a part of the data only.

    All data are equal, so that every part of one size has one gradient (the sum over it, or its
    mean); of different data, two steps are hardly ever the same.
    """
    one, phi, alpha, size = (1.7, -0.6), np.array([[0.4], [2.2]]), 0.05, 3
    alike = np.array([[one[0]] * 8, [one[1]] * 8])
    x, y, _phi = _data(86, 40)
    different = call(
        "stochastic_gradient_descent_step", args=(phi, np.stack([x, y]), alpha, 4), given=_RIGHT
    )
    again = different.model_copy(update={"seconds": 4.0})  # the same, asked once more
    questions = (
        call("stochastic_gradient_descent_step", args=(phi, alike, alpha, size), given=_RIGHT),
        different,
        again,
    )
    part = -alpha * _bowl(alike[0, :size], alike[1, :size], phi).reshape(-1)

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

    expected = _("phi minus alpha times the gradient of a random batch")
    return Todo(("VKTC9-1Gpm3N",), expected, questions, judge)


# Stands in for the notebook's own steps while its cell runs again, and notes their sizes.
_NOTES = (
    "type('Steps', (), {'rates': [], '__call__': lambda self, phi, data, alpha, *rest, **named: "
    "self.rates.append(float(alpha)) or phi})()"
)
_STEPS = ("stochastic_gradient_descent_step", "gradient_descent_step_fixed_learning_rate")


def schedule() -> Todo:
    """The size of the steps falls from time to time and never rises."""
    question = cell(
        *_STEPS,
        given={name: code(_NOTES) for name in _STEPS},
        wanted=tuple(f"{name}.rates" for name in _STEPS),
        which="last",
        calls=True,
        seconds=20.0,
    )

    def judge(answers: Sequence[Answer]) -> Judgement:
        problem = unanswered(question, answers[0])
        if problem is not None:
            return problem
        noted = [as_numbers(rates) for rates in answers[0].value]
        rates = max((r.reshape(-1) for r in noted if r is not None), key=len)
        if len(rates) < 2:
            return Judgement(False, _("no steps of a schedule were seen"))
        if np.any(np.diff(rates) > 0):
            return Judgement(False, _("the size of the steps rises in between"))
        different = len(np.unique(rates))
        words = _("{n} steps, of size {first:.3g} first and {last:.3g} last")
        observed = words.format(n=len(rates), first=rates[0], last=rates[-1])
        return Judgement(different > 1, observed)

    expected = _("steps whose size falls by a factor every so many iterations")
    return Todo(("lw4QPOaQTh5e",), expected, (question,), judge, open=True)
