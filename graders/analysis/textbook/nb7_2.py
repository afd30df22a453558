"""Notebook 7.2, backpropagation through a deep network.

The statement has a network with sigmoids integrated into it. Who changed the notebook's own
functions for that has done the same work, so that they are right with either activation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.shallow import deep, layers, relu
from graders.analysis.textbook.todo import (
    Judge,
    Judgement,
    Todo,
    compare_first,
    differs,
    unanswered,
)
from graders.evidence.questions import Answer, Question, call
from graders.language import _

Array = NDArray[np.float64]
Slopes = tuple[list[Array], list[Array]]  # of the weights and the biases of each layer
_SIZES = ((1, 6, 6, 1), (2, 5, 5, 5, 5, 2), (3, 4, 4, 2))


def forward() -> Todo:
    """The output of networks of other depths and widths."""
    questions, right, with_sigmoid = [], [], []
    for seed, sizes in enumerate(_SIZES):
        weights, biases = layers(sizes, seed)
        x = np.random.default_rng(seed + 50).normal(0, 1, (sizes[0], 1))
        given = _sizes(sizes) | {"net_input": x, "all_weights": weights, "all_biases": biases}
        roles = ("net_input", "all_weights", "all_biases")
        args = (x, weights, biases)
        questions.append(call("compute_network_output", args=args, roles=roles, given=given))
        right.append(deep(x, weights, biases)[0])
        with_sigmoid.append(deep(x, weights, biases, _sigmoid)[0])
    expected = _("the output of a ReLU network, of any depth and width")
    judge = _either(*(compare_first(questions, answers) for answers in (right, with_sigmoid)))
    return Todo(("LgquJUJvJPaN",), expected, tuple(questions), judge)


def backward() -> Todo:
    """The derivatives with respect to all weights and biases, of other depths and widths."""
    questions: list[Question] = []
    right: list[list[Slopes]] = [[], [], []]
    for seed, sizes in enumerate(_SIZES, start=10):
        weights, biases = layers(sizes, seed)
        rng = np.random.default_rng(seed + 50)
        x, y = rng.normal(0, 1, (sizes[0], 1)), rng.normal(0, 3, (sizes[-1], 1))
        output, before = deep(x, weights, biases)
        hidden = [x, *(relu(value) for value in before[:-1])]
        args = (weights, biases, before, hidden, y)
        roles = ("all_weights", "all_biases", "all_f", "all_h", "y")
        given = _sizes(sizes) | {"net_input": x, "net_output": output}
        given |= dict(zip(roles, args, strict=True))
        questions.append(call("backward_pass", args=args, roles=roles, given=given))
        # That of the sigmoid follows from what goes into it, or from what comes out of it.
        ways = (_steps(before), _of_sums(before), _of_units(hidden))
        for way, rises in zip(right, ways, strict=True):
            way.append(_derivatives(weights, rises, hidden, 2 * (output - y)))
    expected = _("the derivatives of the loss with respect to all weights and biases")
    judge = _either(*(_both(questions, way) for way in right))
    return Todo(("LJng7WpRPLMz",), expected, tuple(questions), judge)


def _sizes(sizes: Sequence[int]) -> dict[str, Any]:
    """The variables of the notebook's that tell its network's sizes: functions may read them."""
    return {"K": len(sizes) - 2, "D_i": sizes[0], "D_o": sizes[-1], "D": sizes[1]}


def _sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)), dtype=np.float64)


def _steps(before: list[Array]) -> list[Array]:
    """The derivatives of the ReLUs of each layer."""
    return [(value > 0).astype(np.float64) for value in before[:-1]]


def _of_sums(before: list[Array]) -> list[Array]:
    """Those of sigmoids, from what they are of."""
    return _of_units([before[0], *(_sigmoid(value) for value in before[:-1])])


def _of_units(hidden: list[Array]) -> list[Array]:
    """Those of sigmoids, from what they give."""
    return [value * (1 - value) for value in hidden[1:]]


def _either(*judges: Judge) -> Judge:
    """A judge to whom any of these ways is right; what is wrong is wrong by the first."""

    def judge(answers: Sequence[Answer]) -> Judgement:
        found = [one(answers) for one in judges]
        return next((one for one in found if one.holds), found[0])

    return judge


def _derivatives(
    weights: list[Array], rises: list[Array], hidden: list[Array], slope: Array
) -> Slopes:
    """Of the loss with respect to weights and biases; `slope` is that of the output, `rises` are
    the derivatives of each layer's activations."""
    of_weights, of_biases = [], []
    for layer in range(len(weights) - 1, -1, -1):
        of_biases.append(slope)
        of_weights.append(slope @ hidden[layer].T)
        if layer:
            slope = rises[layer - 1] * (weights[layer].T @ slope)
    return of_weights[::-1], of_biases[::-1]


def _both(questions: Sequence[Question], right: Sequence[Slopes]) -> Judge:
    """A judge of functions that return derivatives of the weights, then of the biases."""

    def judge(answers: Sequence[Answer]) -> Judgement:
        for question, answer, (of_weights, of_biases) in zip(
            questions, answers, right, strict=True
        ):
            problem = unanswered(question, answer)
            if problem is not None:
                return problem
            found = answer.value
            if not isinstance(found, list) or len(found) < 2:
                return Judgement(False, _("it gives no derivatives of weights and of biases"))
            for name, given, wanted in (
                (_("weights"), found[0], of_weights),
                (_("biases"), found[1], of_biases),
            ):
                for layer, value in enumerate(wanted):
                    one = given[layer] if isinstance(given, list) and layer < len(given) else None
                    said = differs(one, value)
                    if said:
                        words = _("{name} of layer {layer}: {what}")
                        return Judgement(False, words.format(name=name, layer=layer, what=said))
        return Judgement(True, _("right on {n} networks of ours").format(n=len(answers)))

    return judge
