"""Checks of how the data were prepared."""

from __future__ import annotations

from graders.analysis import augmentation, image_scaling, preparation
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, NotAssessed, require
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


def images_scaled(
    student: Reading, low: float = -1, high: float = 1, data: str = "cifar100"
) -> Finding:
    """The pretrained network is given images whose values lie between these two."""
    state = image_scaling.scaled_between(student, low, high, data)
    return require(
        state.holds,
        expected=_("images from {low:g} (black) to {high:g} (white)").format(low=low, high=high),
        observed=state.words,
        cells=state.cells,
    )


def augmentation_with_backbone_frozen(student: Reading, data: str = "cifar10") -> Finding:
    """The training images of the fine-tuning with the backbone frozen are changed at random."""
    expected = _("training images that are changed at random: mirrored, moved, turned, recoloured")
    tuning = student.fine_tunings.frozen
    if tuning is None:
        words = _("no fine-tuning with the backbone frozen was seen")
        raise NotAssessed(Finding(words, expected, words))
    state = augmentation.augmented(student, tuning.parts, data)
    return require(state.holds, expected=expected, observed=state.words, cells=state.cells)
