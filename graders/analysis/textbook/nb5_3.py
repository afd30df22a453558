"""Notebook 5.3, multiclass cross-entropy loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Todo, compare
from graders.evidence.questions import call
from graders.language import _

Array = NDArray[np.float64]
COUNT = 20  # data in the notebook
_ROLES = ("y_train", "lambda_param")


def _softmax(outputs: Array) -> Array:
    """Columns that are positive and sum to one, equation 5.22."""
    raised = np.exp(outputs - outputs.max(axis=0))
    return np.asarray(raised / raised.sum(axis=0))


def _data(seed: int, count: int) -> tuple[NDArray[np.int64], Array]:
    """Observed classes (n,) and parameters (3, n)."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, count), _softmax(rng.normal(0, 1, (3, count)))


def _probabilities(y: NDArray[np.int64], parameters: Array) -> Array:
    return np.asarray(parameters[y, np.arange(len(y))])


def softmax() -> Todo:
    """The exponentials of each column, divided by their sum."""
    sets = [np.random.default_rng(64).normal(0, 2, (3, n)) for n in (100, COUNT)]
    questions = tuple(call("softmax", args=(outputs,)) for outputs in sets)
    right = [_softmax(outputs) for outputs in sets]
    expected = _("exponentials of each column divided by their sum (each column sums to 1)")
    return Todo(("uFb8h-9IXnIe",), expected, questions, compare(questions, right))


def likelihood() -> Todo:
    """The product of the probabilities of the observed classes."""
    sets = [_data(66, COUNT), _data(67, COUNT)]
    questions = tuple(call("compute_likelihood", args=data, roles=_ROLES) for data in sets)
    right = [np.prod(_probabilities(*data)) for data in sets]
    expected = _("the product of the probabilities of all data")
    return Todo(("zpS7o6liCx7f",), expected, questions, compare(questions, right))


def negative_log_likelihood() -> Todo:
    """Minus the sum of the logarithms of the probabilities of the observed classes."""
    sets = [_data(68, COUNT), _data(69, COUNT)]
    name = "compute_negative_log_likelihood"
    questions = tuple(call(name, args=data, roles=_ROLES) for data in sets)
    right = [-np.sum(np.log(_probabilities(*data))) for data in sets]
    expected = _("minus the sum of the logarithms of the probabilities")
    return Todo(("dsT0CWiKBmTV",), expected, questions, compare(questions, right))
