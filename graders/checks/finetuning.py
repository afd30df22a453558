"""Checks of how a pretrained network was fine-tuned, with its backbone frozen and without."""

from __future__ import annotations

from graders.analysis import (
    backbone_state,
    image_results,
    loops,
    memory_use,
    rates,
    tuned_trained,
    whole_network,
)
from graders.analysis.fine_tunings import FineTuning
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, NotAssessed, require
from graders.language import _


def trained_and_test_reported(student: Reading, frozen: bool, data: str = "cifar10") -> Finding:
    """The network was fine-tuned on the new images, and its result on the test set is given.

    `frozen`: it is the training that keeps the pretrained weights fixed.
    """
    expected = _("a training that learns the classes of {data}, and a result on its test images")
    expected = expected.format(data=data)
    tuning = _tuning(student, frozen)
    if tuning is None:
        return require(False, expected=expected, observed=_missing(frozen))
    learnt = tuned_trained.learnt(student, tuning, data)
    result = image_results.result_on_test(student, tuning.parts, data)
    holds = None if learnt.holds is None or result.holds is None else True
    return require(
        False if False in (learnt.holds, result.holds) else holds,
        expected=expected,
        observed=f"{learnt.words}; {result.words}",
        cells=learnt.cells + result.cells,
    )


def full_network_but_last_layer(student: Reading, frozen: bool, outputs: int = 10) -> Finding:
    """The whole pretrained network is used but for its last layer, which is new.

    `frozen`: in the training that keeps the pretrained weights fixed.
    """
    expected = _(
        "every pretrained tensor but the last layer's between the image and {n} new outputs"
    ).format(n=outputs)
    state = whole_network.whole(student, _asked(student, frozen, expected), outputs)
    return require(state.holds, expected=expected, observed=state.words, cells=state.cells)


def backbone_frozen(student: Reading, running_statistics: bool = True) -> Finding:
    """The pretrained weights stay as they were while the new layers are trained."""
    expected = _("every pretrained tensor bit-identical before, during and after the training")
    tuning = _asked(student, True, expected)
    state = backbone_state.stays_frozen(student, tuning, running_statistics=running_statistics)
    return require(state.holds, expected=expected, observed=state.words, cells=state.cells)


def memory_optimised(student: Reading) -> Finding:
    """No activations of the frozen part are kept while the new layers are trained."""
    expected = _("no more activations kept for the backward pass than the new layers need")
    state = memory_use.optimised(student, _asked(student, True, expected))
    return require(state.holds, expected=expected, observed=state.words, cells=state.cells)


def backbone_trainable(student: Reading) -> Finding:
    """The pretrained convolutions are trained too."""
    expected = _("gradients in every convolution kernel of the pretrained network, and all moved")
    state = backbone_state.is_trained(student, _asked(student, False, expected))
    return require(state.holds, expected=expected, observed=state.words, cells=state.cells)


def bn_frozen(student: Reading) -> Finding:
    """The batch normalisations stay frozen: their parameters and their running statistics."""
    expected = _(
        "gamma, beta and running statistics bit-identical, and the batch's own statistics not used"
    )
    state = backbone_state.norms_frozen(student, _asked(student, False, expected))
    return require(state.holds, expected=expected, observed=state.words, cells=state.cells)


def low_learning_rate(student: Reading, maximum: float = 5e-4, plain: float = 2e-3) -> Finding:
    """The pretrained weights are trained with a very low learning rate. `plain` is the limit of
    gradient descent without adaptive steps."""
    expected = _(
        "a learning rate of the pretrained weights of at most {maximum:g} at its peak ({plain:g} "
        "with plain gradient descent)"
    ).format(maximum=maximum, plain=plain)
    state = rates.low_rate(student, _asked(student, False, expected), maximum, plain)
    return require(state.holds, expected=expected, observed=state.words, cells=state.cells)


def own_loop_no_fit(student: Reading, frozen: bool) -> Finding:
    """The fine-tuning's loop is written by hand, without a library's `fit`.

    `frozen`: of the training that keeps the pretrained weights fixed.
    """
    expected = _("optimizer steps made by a loop of the notebook's own")
    state = loops.loop_of(student, _asked(student, frozen, expected).parts)
    return require(state.holds, expected=expected, observed=state.words, cells=state.cells)


def _tuning(student: Reading, frozen: bool) -> FineTuning | None:
    found = student.fine_tunings
    return found.frozen if frozen else found.free


def _asked(student: Reading, frozen: bool, expected: str) -> FineTuning:
    """The fine-tuning that is judged; that there is none is another criterion's matter."""
    tuning = _tuning(student, frozen)
    if tuning is None:
        words = _missing(frozen)
        raise NotAssessed(Finding(words, expected, words))
    return tuning


def _missing(frozen: bool) -> str:
    if frozen:
        return _("no training of new layers on the frozen pretrained network was seen")
    return _("no training of the whole pretrained network was seen")
