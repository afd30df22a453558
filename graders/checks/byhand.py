"""Checks of questions that are answered by hand, anywhere in a submission."""

from __future__ import annotations

from typing import Any

from graders.analysis.byhand import backpropagation, derivatives, judging
from graders.analysis.byhand.exercise import exercise
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.checks.outcome import Finding, require
from graders.language import _


def gradients(
    student: Reading, layers: list[Any], points: list[Any], example: bool = False
) -> Finding:
    """The derivatives of the loss with respect to all weights and biases are right."""
    answer = judging.anywhere(student, exercise(layers, points), backpropagation.gradients)
    return _require(
        student,
        answer,
        example,
        _("the derivatives with respect to the weights and biases of every layer, as numbers"),
    )


def new_weights(
    student: Reading, layers: list[Any], points: list[Any], example: bool = False
) -> Finding:
    """The weights and biases after one step of gradient descent are right."""
    answer = judging.anywhere(student, exercise(layers, points), backpropagation.new_weights)
    return _require(
        student,
        answer,
        example,
        _("the weights and biases of every layer after one step with rate 1"),
    )


def loss_lowered(
    student: Reading, layers: list[Any], points: list[Any], example: bool = False
) -> Finding:
    """The loss before and after the step was computed, and is right."""
    answer = judging.anywhere(
        student, exercise(layers, points), backpropagation.losses, judging.LOSS
    )
    return _require(
        student,
        answer,
        example,
        _("the loss before the step and after it, as numbers"),
    )


def integrated(
    student: Reading, layers: list[Any], points: list[Any], example: bool = False
) -> Finding:
    """The network of the question was computed in the notebook."""
    answer = judging.integrated(student, exercise(layers, points))
    return _require(
        student,
        answer,
        example,
        _("outputs, derivatives or new weights of the question's network"),
    )


def derivative(student: Reading, activation: str) -> Finding:
    """The derivative of this activation function ("tanh", "selu", "leaky_relu") is written down."""
    answer = derivatives.answered(student, activation)
    return require(
        answer.holds,
        expected=_("the derivative of {name}, as a formula").format(name=activation),
        observed=answer.words,
        cells=answer.cells,
    )


def _require(student: Reading, answer: Answer, example: bool, expected: str) -> Finding:
    """With weights that are only an `example`, nothing that was written can be wrong."""
    holds, observed = answer.holds, answer.words
    if example and holds is False and not student.whole.untouched:
        holds = None
        observed = (
            _("the rubric's weights are an example: those of the figure have to be filled in there")
            + "; "
            + observed
        )
    return require(holds, expected=expected, observed=observed, cells=answer.cells)
