"""Notebook 5.1, least squares loss."""

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
# Put in place of the notebook's own while what builds on it is asked: one fault, one loss. With the
# notebook's own it may be right too, where that takes its arguments otherwise.
_RIGHT = {
    "normal_distribution": code(
        "lambda y, mu, sigma: "
        "np.exp(-(y - mu) ** 2 / (2 * sigma ** 2)) / np.sqrt(2 * np.pi * sigma ** 2)"
    )
}


def _normal(y: Array, mu: Array, sigma: float) -> Array:
    """Density of the normal distribution, equation 5.7."""
    found: Array = np.exp(-((y - mu) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
    return found


def _data(seed: int, count: int) -> tuple[Array, Array, float]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, count), rng.normal(0, 1, (1, count)), float(rng.uniform(0.4, 1.5))


def normal_distribution() -> Todo:
    """The density of the normal distribution, for one number and, where it can, for many."""
    y, mu, sigma = _data(51, COUNT)
    questions = (
        call("normal_distribution", args=(0.7, -0.4, 1.7)),
        call("normal_distribution", args=(y, 0.3, 0.8)),
        call("normal_distribution", args=(y, mu, sigma)),
    )
    right = [
        _normal(np.array(0.7), np.array(-0.4), 1.7),
        _normal(y, np.array(0.3), 0.8),
        _normal(y, mu, sigma),
    ]
    expected = _("the density of the normal distribution (equation 5.7)")
    judge = compare(questions, right, forgiven=(1, 2))
    return Todo(("YaLdRlEX0FkU",), expected, questions, judge)


def likelihood() -> Todo:
    """The product of the densities of all data."""
    sets = [_data(52, COUNT), _data(53, COUNT)]
    right = [np.prod(_normal(*data)) for data in sets]
    questions, judge = _ways("compute_likelihood", sets, right)
    expected = _("the product of the densities of all data")
    return Todo(("zpS7o6liCx7f",), expected, questions, judge)


def negative_log_likelihood() -> Todo:
    """Minus the sum of the logarithms of the densities."""
    sets = [_data(54, COUNT), _data(55, COUNT)]
    right = [-np.sum(np.log(_normal(*data))) for data in sets]
    questions, judge = _ways("compute_negative_log_likelihood", sets, right)
    expected = _("minus the sum of the logarithms of the densities")
    return Todo(("dsT0CWiKBmTV",), expected, questions, judge)


def _ways(
    name: str, sets: Sequence[tuple[Array, Array, float]], right: Sequence[Any]
) -> tuple[tuple[Question, ...], Judge]:
    """A function of all data, with the density of ours or with the notebook's own."""
    roles = ("y_train", "mu", "sigma")
    ours, own = (
        tuple(call(name, args=data, roles=roles, given=given) for data in sets)
        for given in (_RIGHT, {})
    )
    return either((ours, compare(ours, right)), (own, compare(own, right)))


def sum_of_squares() -> Todo:
    """The sum of squared distances between data and predictions."""
    sets = [_data(56, COUNT)[:2], _data(57, COUNT)[:2]]
    questions = tuple(call("compute_sum_of_squares", args=data) for data in sets)
    right = [np.sum((y - predicted) ** 2) for y, predicted in sets]
    expected = _("the sum of the squared distances")
    return Todo(("I1pjFdHCF4JZ",), expected, questions, compare(questions, right))
