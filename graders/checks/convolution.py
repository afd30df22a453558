"""Checks of questions on convolutions that are answered by hand."""

from __future__ import annotations

from typing import Any

from graders.analysis import convolution_by_hand, output_size
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, require
from graders.language import _


def result(
    student: Reading, matrix: list[Any], kernel: list[Any], stride: int = 1, padding: int = 0
) -> Finding:
    """The output of the convolution is right, wherever it is written or computed."""
    question = convolution_by_hand.asked(matrix, kernel, stride, padding)
    answer = convolution_by_hand.answer(student, question)
    return require(
        answer.holds,
        expected=_("the numbers of the convolution's output, as a matrix"),
        observed=answer.words,
        cells=answer.cells,
    )


def size_formula(student: Reading) -> Finding:
    """A formula gives the size of a convolution's output, with padding and stride."""
    answer = output_size.answer(student)
    return require(
        answer.holds,
        expected=_("a formula that gives the output's size from input, kernel, padding and stride"),
        observed=answer.words,
        cells=answer.cells,
    )
