"""Notebook 4.3, deep networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graders.analysis.textbook.nb4_1 import parameters, written
from graders.analysis.textbook.shallow import deep, three_units
from graders.analysis.textbook.todo import Judgement, Todo, as_numbers, differs, unanswered
from graders.evidence.questions import Answer, cell
from graders.language import _

_MATRICES = ("beta_0", "beta_1", "beta_2", "Omega_0", "Omega_1", "Omega_2")
_NEXT = ("D_i", "D_1", "D_2", "D_3", "D_o", "beta_3", "Omega_3")  # of the notebook's last network


def composed_network() -> Todo:
    """The matrices of two composed networks give what the two give, whatever they are."""
    questions, inputs, right = [], [], []
    for seed in (43, 44):
        first, second = parameters(seed), parameters(seed + 100)
        x = np.linspace(-1.03, 0.97, 57)
        given = written("n1", *first) | written("n2", *second) | {"n1_in": x.reshape(1, -1)}
        question = cell(
            *_MATRICES, given=given, wanted=("n1_out", *_MATRICES), which="all", until=_NEXT
        )
        questions.append(question)
        inputs.append(x)
        right.append(three_units(three_units(x, *first), *second))

    def judge(answers: Sequence[Answer]) -> Judgement:
        for question, answer, x, wanted in zip(questions, answers, inputs, right, strict=True):
            problem = unanswered(question, answer)
            if problem is not None:
                return problem
            output, *matrices = answer.value
            said = differs(output, wanted)
            if said and differs(_computed(x, matrices), wanted):
                return Judgement(False, said)
        return Judgement(True, _("right on {n} inputs of ours").format(n=len(answers)))

    return Todo(
        cells=("ZB2HTalOE40X",),
        expected=_("beta and Omega with which the matrix network equals the two networks"),
        questions=tuple(questions),
        judge=judge,
    )


def _computed(x: np.ndarray[Any, np.dtype[np.float64]], matrices: Sequence[Any]) -> Any:
    """What a network with these betas and Omegas gives; None when they do not fit together."""
    found = [as_numbers(matrix) for matrix in matrices]
    shapes = [(3, 1), (3, 1), (1, 1), (3, 1), (3, 3), (1, 3)]
    try:
        fitted = [np.reshape(m, s) for m, s in zip(found, shapes, strict=True) if m is not None]
    except ValueError:
        return None
    if len(fitted) < len(shapes):
        return None
    return deep(x.reshape(1, -1), fitted[3:], fitted[:3])[0]
