"""Notebook 5.2, binary cross-entropy loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Todo, compare
from graders.evidence.questions import call, code
from graders.language import _

Array = NDArray[np.float64]
_RIGHT = {"bernoulli_distribution": code("lambda y, p: np.where(np.asarray(y) == 1, p, 1 - p)")}


def _bernoulli(y: Array, parameter: Array) -> Array:
    """Probability of each class, equation 5.17."""
    return np.where(y == 1, parameter, 1 - parameter)


def _data(seed: int, count: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, count).astype(np.int64), rng.uniform(0.1, 0.9, (1, count))


def sigmoid() -> Todo:
    """The logistic sigmoid, 1 / (1 + exp(-z))."""
    rows = np.random.default_rng(58).normal(0, 3, (1, 41))
    questions = (call("sigmoid", args=(rows,)), call("sigmoid", args=(rows.reshape(-1)[:7],)))
    right = [1 / (1 + np.exp(-rows)), 1 / (1 + np.exp(-rows.reshape(-1)[:7]))]
    return Todo(("uFb8h-9IXnIe",), "1 / (1 + exp(-z))", questions, compare(questions, right))


def bernoulli() -> Todo:
    """The probability of the observed class."""
    y, parameter = _data(59, 15)
    questions = (
        call("bernoulli_distribution", args=(0, 0.35)),
        call("bernoulli_distribution", args=(1, 0.35)),
        call("bernoulli_distribution", args=(y, parameter)),
    )
    right = [0.65, 0.35, _bernoulli(y, parameter)]
    expected = _("the parameter for class 1, one minus it for class 0")
    return Todo(("YaLdRlEX0FkU",), expected, questions, compare(questions, right))


def likelihood() -> Todo:
    """The product of the probabilities of all data."""
    sets = [_data(60, 9), _data(61, 5)]
    questions = tuple(call("compute_likelihood", args=data, given=_RIGHT) for data in sets)
    right = [np.prod(_bernoulli(*data)) for data in sets]
    expected = _("the product of the probabilities of all data")
    return Todo(("zpS7o6liCx7f",), expected, questions, compare(questions, right))


def negative_log_likelihood() -> Todo:
    """Minus the sum of the logarithms of the probabilities."""
    sets = [_data(62, 30), _data(63, 8)]
    questions = tuple(
        call("compute_negative_log_likelihood", args=data, given=_RIGHT) for data in sets
    )
    right = [-np.sum(np.log(_bernoulli(*data))) for data in sets]
    expected = _("minus the sum of the logarithms of the probabilities")
    return Todo(("dsT0CWiKBmTV",), expected, questions, compare(questions, right))
