"""Notebook 6.4, momentum and Nesterov momentum.

The cells are run again on a bowl whose gradient does not depend on the batch, so that nothing but
the update is judged. Equations 6.11 and 6.12; the textbook's printings differ in whether Nesterov's
look ahead is alpha times momentum or alpha times beta times momentum: both are right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Judgement, Todo, as_numbers, differs, unanswered
from graders.evidence.questions import Answer, Question, cell, code
from graders.language import _

Array = NDArray[np.float64]
_CURVE = np.array([[0.9, 0.2], [0.2, 0.3]])
_BOWL = code(
    "lambda x, y, phi: np.array([[0.9, 0.2], [0.2, 0.3]]) @ (np.reshape(phi, (2, 1)) - 1.5)"
)
_WANTED = ("phi_all", "alpha", "beta")
Update = Callable[[Array, Array, float, float], tuple[Array, Array]]


def _gradient(phi: Array) -> Array:
    return np.asarray(_CURVE @ (phi - 1.5))


def _plain(phi: Array, momentum: Array, alpha: float, beta: float) -> tuple[Array, Array]:
    momentum = beta * momentum + (1 - beta) * _gradient(phi)
    return phi - alpha * momentum, momentum


def _ahead(share: Callable[[float], float]) -> Update:
    def update(phi: Array, momentum: Array, alpha: float, beta: float) -> tuple[Array, Array]:
        look = phi - alpha * share(beta) * momentum
        momentum = beta * momentum + (1 - beta) * _gradient(look)
        return phi - alpha * momentum, momentum

    return update


def _path(start: Array, steps: int, alpha: float, beta: float, update: Update) -> Array:
    path, momentum = [start], np.zeros(2)
    for _step in range(steps):
        after, momentum = update(path[-1], momentum, alpha, beta)
        path.append(after)
    return np.stack(path, axis=1)


def _judge(question: Question, updates: Sequence[Update], name: str) -> Callable[..., Judgement]:
    def judge(answers: Sequence[Answer]) -> Judgement:
        problem = unanswered(question, answers[0])
        if problem is not None:
            return problem
        path, alpha, beta = (as_numbers(value) for value in answers[0].value)
        if path is None or path.ndim != 2 or len(path) != 2 or path.shape[1] < 3:
            return Judgement(False, _("there is no path of parameters"))
        if alpha is None or beta is None or alpha.shape or beta.shape:
            return Judgement(None, _("the step size and beta of the cell could not be read"))
        steps = path.shape[1] - 1
        said = [
            differs(path, _path(path[:, 0], steps, float(alpha), float(beta), update))
            for update in updates
        ]
        if "" in said:
            return Judgement(True, _("the path of {n} steps is right").format(n=steps))
        return Judgement(
            False, _("the path is not that of {name}: {what}").format(name=name, what=said[0])
        )

    return judge


def momentum() -> Todo:
    """Each step uses a weighted sum of the gradient and the step before."""
    question = cell("momentum", given={"compute_gradient": _BOWL}, wanted=_WANTED)
    name = _("gradient descent with momentum")
    return Todo(
        cells=("dWBU8ZbSFny9",),
        expected=_("m = beta m + (1 - beta) gradient, and a step of alpha m"),
        questions=(question,),
        judge=_judge(question, (_plain,), name),
    )


def nesterov() -> Todo:
    """The gradient is taken where the momentum will lead."""
    question = cell("momentum", given={"compute_gradient": _BOWL}, wanted=_WANTED, which="last")
    updates = (_ahead(lambda beta: beta), _ahead(lambda beta: 1.0))
    return Todo(
        cells=("XtwWeCZ5HLLh",),
        expected=_("momentum with the gradient at phi - alpha beta m"),
        questions=(question,),
        judge=_judge(question, updates, _("Nesterov's momentum")),
    )
