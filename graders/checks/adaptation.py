"""Checks of the low-rank adaptation and of the merged network."""

from __future__ import annotations

from graders.analysis import adaptation, frozen, gradients
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, require
from graders.language import _


def base_frozen(student: Reading, running_statistics: bool = True) -> Finding:
    """All weights of the base network stay as they were during the fine-tuning."""
    state = frozen.frozen(student, running_statistics=running_statistics)
    return require(
        state.holds,
        expected=_(
            "every tensor of the base network bit-identical before and after the fine-tuning"
        ),
        observed=state.words,
        cells=state.cells,
    )


def ab_shapes(student: Reading) -> Finding:
    """Linear layers carry two matrices A (r x in) and B (out x r) whose product has W's shape."""
    state = adaptation.shapes(student)
    return require(
        state.holds,
        expected=_(
            "two trainable matrices A (r x d_in) and B (d_out x r) beside each weight matrix W"
        ),
        observed=state.words,
        cells=state.cells,
    )


def low_rank(student: Reading) -> Finding:
    """The rank r is small compared with the layers it adapts."""
    state = adaptation.low_rank(student)
    return require(
        state.holds,
        expected=_("r much smaller than the smaller dimension of the layers"),
        observed=state.words,
        cells=state.cells,
    )


def b_zero_a_random(student: Reading) -> Finding:
    """When the fine-tuning begins, A is random and B is zero."""
    state = adaptation.initial_values(student)
    return require(
        state.holds,
        expected=_("A random and B = 0 before the first step"),
        observed=state.words,
        cells=state.cells,
    )


def forward_formula(student: Reading) -> Finding:
    """The adapted layers compute y = (W + alpha B A) x + b."""
    state = adaptation.follows_formula(student)
    return require(
        state.holds,
        expected="y = (W + α·B·A)·x + b",
        observed=state.words,
        cells=state.cells,
    )


def only_ab_gradients(student: Reading) -> Finding:
    """Only A and B have gradients; W and everything else of the base has none."""
    state = gradients.gradients(student)
    return require(
        state.holds,
        expected=_("gradients in A and B only"),
        observed=state.words,
        cells=state.cells,
    )


def alpha_range(student: Reading, low: float = 0, high: float = 1) -> Finding:
    """The factor alpha lies in the asked range."""
    state = adaptation.alpha(student, low, high)
    return require(
        state.holds,
        expected=_("{low} < α ≤ {high}").format(low=low, high=high),
        observed=state.words,
        cells=state.cells,
    )


def every_linear_layer(student: Reading) -> Finding:
    """Every linear layer of the network carries an adapter."""
    state = adaptation.every_layer(student)
    return require(
        state.holds,
        expected=_("an adapter on every linear layer of the base network"),
        observed=state.words,
        cells=state.cells,
    )


def adapted_trained(student: Reading) -> Finding:
    """The adapted network was trained on the new data set."""
    state = adaptation.trained_on_extra(student)
    return require(
        state.holds,
        expected=_("a training run on the extra data that moves A and B and lowers the loss"),
        observed=state.words,
        cells=state.cells,
    )


def merged_single_matrix(student: Reading) -> Finding:
    """W, A and B are folded into one matrix, and the network is as large as the base again."""
    state = adaptation.merged(student)
    return require(
        state.holds,
        expected=_("one matrix W + α·B·A in each layer, and no A or B left"),
        observed=state.words,
        cells=state.cells,
    )


def merge_equivalence_checked(student: Reading) -> Finding:
    """It is checked that the merged network gives the same result as the adapted one."""
    state = adaptation.equivalence(student)
    return require(
        state.holds,
        expected=_(
            "outputs (or figures) of the adapted and the merged network compared on the same rows"
        ),
        observed=state.words,
        cells=state.cells,
    )
