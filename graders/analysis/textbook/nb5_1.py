"""Notebook 5.1, least squares loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Todo, compare
from graders.evidence.questions import call, code
from graders.language import _

Array = NDArray[np.float64]
# Put in place of the notebook's own while what builds on it is asked: one fault, one loss.
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
    """The density of the normal distribution, for one number and for many."""
    y, mu, sigma = _data(51, 9)
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
    return Todo(("YaLdRlEX0FkU",), expected, questions, compare(questions, right))


def likelihood() -> Todo:
    """The product of the densities of all data."""
    sets = [_data(52, 6), _data(53, 4)]
    questions = tuple(call("compute_likelihood", args=data, given=_RIGHT) for data in sets)
    right = [np.prod(_normal(*data)) for data in sets]
    expected = _("the product of the densities of all data")
    return Todo(("zpS7o6liCx7f",), expected, questions, compare(questions, right))


def negative_log_likelihood() -> Todo:
    """Minus the sum of the logarithms of the densities."""
    sets = [_data(54, 25), _data(55, 7)]
    questions = tuple(
        call("compute_negative_log_likelihood", args=data, given=_RIGHT) for data in sets
    )
    right = [-np.sum(np.log(_normal(*data))) for data in sets]
    expected = _("minus the sum of the logarithms of the densities")
    return Todo(("dsT0CWiKBmTV",), expected, questions, compare(questions, right))


def sum_of_squares() -> Todo:
    """The sum of squared distances between data and predictions."""
    sets = [_data(56, 12)[:2], _data(57, 5)[:2]]
    questions = tuple(call("compute_sum_of_squares", args=data) for data in sets)
    right = [np.sum((y - predicted) ** 2) for y, predicted in sets]
    expected = _("the sum of the squared distances")
    return Todo(("I1pjFdHCF4JZ",), expected, questions, compare(questions, right))
