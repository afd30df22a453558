"""Checks of networks that give a mask for every pixel."""

from __future__ import annotations

from typing import Any

from graders.analysis import segmentation
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, require
from graders.language import _


def trained(student: Reading) -> Finding:
    """A convolutional network is trained to give a mask for every pixel."""
    state = segmentation.trained(student)
    return require(
        state.holds,
        expected=_("a convolutional network that answers for every pixel, and whose loss falls"),
        observed=state.words,
        cells=state.cells,
    )


def better(student: Reading, baselines: dict[str, Any], example: bool = False) -> Finding:
    """The best score shown lies above the baseline of its metric (iou, dice or accuracy, of 1).
    While the baselines are an `example`, nothing is too low."""
    given = {str(metric): float(value) for metric, value in baselines.items()}
    state = segmentation.better(student, given, example)
    return require(
        state.holds,
        expected=_("a score of the masks that is higher than the baseline's"),
        observed=state.words,
        cells=state.cells,
    )


def architectures_differ(student: Reading, minimum: int = 2) -> Finding:
    """Several networks are trained whose layers, filters or kernels differ."""
    state = segmentation.differ(student, minimum)
    return require(
        state.holds,
        expected=_("at least {n} trained networks with different layers").format(n=minimum),
        observed=state.words,
        cells=state.cells,
    )


def architectures_plotted(student: Reading) -> Finding:
    """A figure compares all the networks that were trained."""
    state = segmentation.plotted(student)
    return require(
        state.holds,
        expected=_("a figure with all architectures, drawn when all of them are trained"),
        observed=state.words,
        cells=state.cells,
    )
