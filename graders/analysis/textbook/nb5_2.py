"""Notebook 5.2, binary cross-entropy loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Judge, Todo, compare, either
from graders.evidence.questions import Question, call, code
from graders.language import _

Array = NDArray[np.float64]
COUNT = 20  # data in the notebook
_RIGHT = {
    "bernoulli_distribution": code(
        "lambda y, lambda_param: np.where(np.asarray(y) == 1, lambda_param, 1 - lambda_param)"
    )
}


def _bernoulli(y: Array, parameter: Array) -> Array:
    """Probability of each class, equation 5.17."""
    return np.where(y == 1, parameter, 1 - parameter)


def _data(seed: int, count: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, count).astype(np.int64), rng.uniform(0.1, 0.9, (1, count))


def sigmoid() -> Todo:
    """The logistic sigmoid, 1 / (1 + exp(-z))."""
    sets = [np.random.default_rng(58).normal(0, 3, (1, n)) for n in (100, COUNT)]
    questions = tuple(call("sigmoid", args=(outputs,)) for outputs in sets)
    right = [1 / (1 + np.exp(-outputs)) for outputs in sets]
    return Todo(("uFb8h-9IXnIe",), "1 / (1 + exp(-z))", questions, compare(questions, right))


def bernoulli() -> Todo:
    """The probability of the observed class, for one and, where it can, for many."""
    y, parameter = _data(59, COUNT)
    questions = (
        call("bernoulli_distribution", args=(0, 0.35)),
        call("bernoulli_distribution", args=(1, 0.35)),
        call("bernoulli_distribution", args=(y, parameter)),
    )
    right = [0.65, 0.35, _bernoulli(y, parameter)]
    expected = _("the parameter for class 1, one minus it for class 0")
    judge = compare(questions, right, forgiven=(2,))
    return Todo(("YaLdRlEX0FkU",), expected, questions, judge)


def likelihood() -> Todo:
    """The product of the probabilities of all data."""
    sets = [_data(60, COUNT), _data(61, COUNT)]
    right = [np.prod(_bernoulli(*data)) for data in sets]
    questions, judge = _ways("compute_likelihood", sets, right)
    expected = _("the product of the probabilities of all data")
    return Todo(("zpS7o6liCx7f",), expected, questions, judge)


def negative_log_likelihood() -> Todo:
    """Minus the sum of the logarithms of the probabilities."""
    sets = [_data(62, COUNT), _data(63, COUNT)]
    right = [-np.sum(np.log(_bernoulli(*data))) for data in sets]
    questions, judge = _ways("compute_negative_log_likelihood", sets, right)
    expected = _("minus the sum of the logarithms of the probabilities")
    return Todo(("dsT0CWiKBmTV",), expected, questions, judge)


def _ways(
    name: str, sets: Sequence[tuple[Array, Array]], right: Sequence[Any]
) -> tuple[tuple[Question, ...], Judge]:
    """A function of all data, with the probabilities of ours or with the notebook's own."""
    roles = ("y_train", "lambda_param")
    ours, own = (
        tuple(call(name, args=data, roles=roles, given=given) for data in sets)
        for given in (_RIGHT, {})
    )
    return either((ours, compare(ours, right)), (own, compare(own, right)))
