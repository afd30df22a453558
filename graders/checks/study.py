"""Checks of the study of optimisers on a surface, and of the final model; anywhere."""

from __future__ import annotations

from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.study import final_model, questions
from graders.checks.outcome import Finding, require
from graders.language import _


def optimisers_compared(student: Reading) -> Finding:
    """Networks were trained on the surface by gradient descent and by an accelerated method."""
    return _require(
        questions.optimisers(student),
        _("trainings on the surface by gradient descent and by an accelerated method"),
    )


def noise_studied(student: Reading) -> Finding:
    """Networks were trained on the surface with noise and without, or with more and less."""
    return _require(
        questions.noise(student), _("trainings on the surface with different amounts of noise")
    )


def network_size_studied(student: Reading) -> Finding:
    """Networks of different sizes were trained on the surface."""
    return _require(
        questions.sizes(student), _("trainings on the surface of networks of different sizes")
    )


def plotted(student: Reading) -> Finding:
    """There are figures of what was trained on the surface."""
    return _require(questions.plots(student), _("figures of the study"))


def final_model_stored(student: Reading) -> Finding:
    """A model was trained, and a file holds it."""
    return _require(
        final_model.trained_and_stored(student),
        _("a training run, and a file that holds the trained network"),
    )


def _require(answer: Answer, expected: str) -> Finding:
    return require(answer.holds, expected=expected, observed=answer.words, cells=answer.cells)
