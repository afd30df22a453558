"""Notebook 6.4, momentum and Nesterov momentum.

The cells are run again on a bowl whose gradient does not depend on the batch, so that nothing but
the update is judged. Equations 6.11 and 6.12; the textbook's printings differ in whether Nesterov's
look ahead is alpha times momentum or alpha times beta times momentum: both are right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import (
    Judge,
    Judgement,
    Todo,
    as_numbers,
    differs,
    unanswered,
)
from graders.evidence.questions import Answer, cell, code
from graders.language import _

Array = NDArray[np.float64]
_CURVE = np.array([[0.9, 0.2], [0.2, 0.3]])
_GIVEN = {
    "compute_gradient": code(
        "lambda data_x, data_y, phi: "
        "np.array([[0.9, 0.2], [0.2, 0.3]]) @ (np.reshape(phi, (2, 1)) - 1.5)"
    ),
    "draw_model": code("lambda *args, **named: None"),
    "draw_loss_function": code("lambda *args, **named: None"),
}
# Every way that a cell goes is looked at: the right one may be a further one.
_QUESTION = cell(
    "phi_all",
    "momentum",
    "alpha",
    "beta",
    "n_steps",
    given=_GIVEN,
    wanted=("phi_all", "alpha", "beta"),
    which="along",
    seconds=20.0,
)
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


def _judge(updates: Sequence[Update], name: str) -> Judge:
    """A judge for whom one cell with the path of one of these updates is enough."""

    def judge(answers: Sequence[Answer]) -> Judgement:
        problem = unanswered(_QUESTION, answers[0])
        if problem is not None:
            return problem
        seen = [_one(path, alpha, beta, updates, name) for path, alpha, beta in answers[0].value]
        for holds in (True, None, False):
            # Of several that are not right the last is the one that was worked on.
            for judgement in reversed(seen):
                if judgement.holds is holds:
                    return judgement
        return Judgement(False, _("there is no path of parameters"))

    return judge


def _one(
    path: object, alpha: object, beta: object, updates: Sequence[Update], name: str
) -> Judgement:
    """Is this the path of one of the updates, with the cell's own step size and beta?"""
    places, rate, share = as_numbers(path), as_numbers(alpha), as_numbers(beta)
    if places is None or places.ndim != 2 or len(places) != 2 or places.shape[1] < 3:
        return Judgement(False, _("there is no path of parameters"))
    if not np.any(np.diff(places, axis=1)):
        return Judgement(False, _("the parameters stay where they are"))
    if rate is None or share is None or rate.shape or share.shape:
        return Judgement(None, _("the step size and beta of the cell could not be read"))
    steps = places.shape[1] - 1
    said = [
        differs(places, _path(places[:, 0], steps, float(rate), float(share), update))
        for update in updates
    ]
    if "" in said:
        return Judgement(True, _("the path of {n} steps is right").format(n=steps))
    return Judgement(
        False, _("the path is not that of {name}: {what}").format(name=name, what=said[0])
    )


def momentum() -> Todo:
    """Each step uses a weighted sum of the gradient and the step before."""
    return Todo(
        cells=("dWBU8ZbSFny9",),
        expected=_("m = beta m + (1 - beta) gradient, and a step of alpha m"),
        questions=(_QUESTION,),
        judge=_judge((_plain,), _("gradient descent with momentum")),
    )


def nesterov() -> Todo:
    """The gradient is taken where the momentum will lead."""
    updates = (_ahead(lambda beta: beta), _ahead(lambda beta: 1.0))
    return Todo(
        cells=("XtwWeCZ5HLLh",),
        expected=_("momentum with the gradient at phi - alpha beta m"),
        questions=(_QUESTION,),
        judge=_judge(updates, _("Nesterov's momentum")),
    )
