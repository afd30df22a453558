"""Notebook 7.2, backpropagation through a deep network."""

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
_SIZES = ((1, 6, 6, 1), (2, 5, 5, 5, 5, 2), (3, 4, 4, 2))


def forward() -> Todo:
    """The output of networks of other depths and widths."""
    questions, right = [], []
    for seed, sizes in enumerate(_SIZES):
        weights, biases = layers(sizes, seed)
        x = np.random.default_rng(seed + 50).normal(0, 1, (sizes[0], 1))
        given = _sizes(sizes) | {"net_input": x, "all_weights": weights, "all_biases": biases}
        roles = ("net_input", "all_weights", "all_biases")
        args = (x, weights, biases)
        questions.append(call("compute_network_output", args=args, roles=roles, given=given))
        right.append(deep(x, weights, biases)[0])
    expected = _("the output of a ReLU network, of any depth and width")
    return Todo(("LgquJUJvJPaN",), expected, tuple(questions), compare_first(questions, right))


def backward() -> Todo:
    """The derivatives with respect to all weights and biases, of other depths and widths."""
    questions, right = [], []
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
        right.append(_derivatives(weights, before, hidden, 2 * (output - y)))
    expected = _("the derivatives of the loss with respect to all weights and biases")
    judge = _both(questions, right)
    return Todo(("LJng7WpRPLMz",), expected, tuple(questions), judge)


def _sizes(sizes: Sequence[int]) -> dict[str, Any]:
    """The variables of the notebook's that tell its network's sizes: functions may read them."""
    return {"K": len(sizes) - 2, "D_i": sizes[0], "D_o": sizes[-1], "D": sizes[1]}


def _derivatives(
    weights: list[Array], before: list[Array], hidden: list[Array], slope: Array
) -> tuple[list[Array], list[Array]]:
    """Of the loss with respect to weights and biases; `slope` is that of the output."""
    of_weights, of_biases = [], []
    for layer in range(len(weights) - 1, -1, -1):
        of_biases.append(slope)
        of_weights.append(slope @ hidden[layer].T)
        if layer:
            slope = (before[layer - 1] > 0) * (weights[layer].T @ slope)
    return of_weights[::-1], of_biases[::-1]


def _both(questions: Sequence[Question], right: Sequence[tuple[list[Array], list[Array]]]) -> Judge:
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
