"""Checks of what was measured, on which rows, and whether it was shown."""

from __future__ import annotations

from graders.analysis import image_accuracy, measured
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, require
from graders.language import _


def test_reported(student: Reading) -> Finding:
    """The result on the test set is given."""
    state = measured.reported(student)
    return require(
        state.holds,
        expected=_("predictions of the trained network for the test file, and a result shown"),
        observed=state.words,
        cells=state.cells,
    )


def metric(student: Reading, name: str) -> Finding:
    """The metric is computed on the test set, and its value is right."""
    state = measured.metric(student, name)
    return require(
        state.holds,
        expected=state.expected,
        observed=state.words,
        cells=state.cells,
    )


def base_and_adapted_compared(student: Reading) -> Finding:
    """The base network and the adapted one are evaluated on the same data and compared."""
    state = measured.compared(student)
    return require(
        state.holds,
        expected=_("figures of the base network and of the adapted network on the same rows"),
        observed=state.words,
        cells=state.cells,
    )


def accuracy_checked(student: Reading, threshold: float = 0.69, data: str = "cifar100") -> Finding:
    """The accuracy of the pretrained network on its own test images is computed, shown, and above
    the threshold."""
    state = image_accuracy.accuracy_above(student, threshold, data)
    return require(
        state.holds,
        expected=_("accuracy above {threshold:.0%} on the test images of {data}, shown").format(
            threshold=threshold, data=data
        ),
        observed=state.words,
        cells=state.cells,
    )
