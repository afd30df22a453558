"""Checks of how the data were prepared."""

from __future__ import annotations

from graders.analysis import preparation
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, require
from graders.language import _


def preprocess_done(student: Reading) -> Finding:
    """The data were loaded and preprocessed."""
    state = preparation.prepared_somewhere(student)
    return require(
        state.holds,
        expected=_("the data set read and its features prepared (scaled, missing values treated)"),
        observed=state.words,
        cells=state.cells,
    )


def inputs_preprocessed(student: Reading) -> Finding:
    """The network was trained on preprocessed inputs."""
    state = preparation.prepared_inputs(student)
    return require(
        state.holds,
        expected=_("inputs that are not the file's raw values"),
        observed=state.words,
        cells=state.cells,
    )
