"""Notebook 3.4, activation functions."""

from __future__ import annotations

import numpy as np

from graders.analysis.textbook.todo import Todo, compare
from graders.evidence.questions import call
from graders.language import _


def sigmoid() -> Todo:
    """The logistic sigmoid, with the notebook's factor of ten: 1 / (1 + exp(-10 z))."""
    sets = (np.linspace(-0.93, 1.07, 37), np.random.default_rng(34).normal(0.0, 0.4, 15))
    questions = tuple(call("sigmoid", args=(z,)) for z in sets)
    right = [1.0 / (1.0 + np.exp(-10.0 * z)) for z in sets]
    return Todo(
        cells=("hgkioNyr975Y",),
        expected=_("sigmoid(z) = 1 / (1 + exp(-10 z))"),
        questions=questions,
        judge=compare(questions, right),
    )


def heaviside() -> Todo:
    """The step from 0 to 1, which is 1 at zero."""
    rows = np.array([-2.5, -1.0, -1e-9, 0.0, 1e-9, 0.25, 3.0, 0.0, -0.125])
    questions = (call("heaviside", args=(rows,)),)
    return Todo(
        cells=("-1qFkdOL-NPc",),
        expected=_("0 below zero, 1 at zero and above"),
        questions=questions,
        judge=compare(questions, [(rows >= 0).astype(np.float64)]),
    )
