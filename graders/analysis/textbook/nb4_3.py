"""Notebook 4.3, deep networks."""

from __future__ import annotations

import numpy as np

from graders.analysis.textbook.nb4_1 import parameters, written
from graders.analysis.textbook.shallow import three_units
from graders.analysis.textbook.todo import Todo, compare
from graders.evidence.questions import cell
from graders.language import _


def composed_network() -> Todo:
    """The matrices of two composed networks give what the two give, whatever they are."""
    questions, right = [], []
    for seed in (43, 44):
        first, second = parameters(seed), parameters(seed + 100)
        x = np.linspace(-1.03, 0.97, 57)
        given = written("n1", *first) | written("n2", *second) | {"n1_in": x.reshape(1, -1)}
        questions.append(cell("Omega_2", given=given, wanted=("n1_out",)))
        right.append([three_units(three_units(x, *first), *second)])
    return Todo(
        cells=("ZB2HTalOE40X",),
        expected=_("beta and Omega with which the matrix network equals the two networks"),
        questions=tuple(questions),
        judge=compare(questions, right),
    )
