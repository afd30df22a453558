"""Notebook 4.2, clipping functions."""

from __future__ import annotations

import numpy as np

from graders.analysis.textbook.shallow import relu
from graders.analysis.textbook.todo import Todo, compare_first
from graders.evidence.questions import call, theirs
from graders.language import _


def shallow_1_1_3_3() -> Todo:
    """A network of two hidden layers with three units each, whose parameters count from 1."""
    questions, right = [], []
    for seed in (4, 2):
        rng = np.random.default_rng(seed)
        x = np.linspace(-1.1, 1.3, 53)
        theta, psi, phi = rng.normal(0, 1, (4, 2)), rng.normal(0, 1, (4, 4)), rng.normal(0, 1, 4)
        first = [relu(theta[i, 0] + theta[i, 1] * x) for i in (1, 2, 3)]
        before = [
            psi[i, 0] + sum(psi[i, j + 1] * unit for j, unit in enumerate(first)) for i in (1, 2, 3)
        ]
        weighted = [phi[i + 1] * relu(value) for i, value in enumerate(before)]
        # Its parameters are columns in the notebook, so that numbers are arrays of one.
        args = (x, theirs("ReLU"), phi.reshape(4, 1), psi, theta)
        questions.append(call("shallow_1_1_3_3", args=args))
        right.append(phi[0] + sum(weighted))
    return Todo(
        cells=("ximCLwIfz8kj",),
        expected=_("equations 4.7 to 4.9, with parameters counted from 1"),
        questions=tuple(questions),
        judge=compare_first(questions, right),
    )
