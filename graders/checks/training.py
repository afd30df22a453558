"""Checks of how a network was trained."""

from __future__ import annotations

from graders.analysis import kept, learning, loops
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, require
from graders.language import _


def loss_suits(student: Reading) -> Finding:
    """The loss can train this kind of problem: it pushes the two classes apart."""
    view = learning.loss_of(student)
    return require(
        view.suits,
        expected=_("a loss whose gradient pushes the outputs of the two classes apart"),
        observed=view.words,
        cells=view.cells,
    )


def trained(student: Reading) -> Finding:
    """The network was trained: its weights moved and its loss fell, on the training data."""
    state = learning.trained(student, student.base, role="train")
    return require(
        state.holds,
        expected=_(
            "a training run that moves the weights and lowers the loss on the training data"
        ),
        observed=state.words,
        cells=state.cells,
    )


def saved(student: Reading) -> Finding:
    """The trained network was saved to a file."""
    state = kept.saved(student)
    return require(
        state.holds,
        expected=_("a file that holds the trained weights"),
        observed=state.words,
        cells=state.cells,
    )


def network_is_the_one_built(student: Reading) -> Finding:
    """The network that was trained is the residual network of the previous exercise."""
    state = learning.trained_what_was_built(student)
    return require(
        state.holds,
        expected=_("the network with residual connections is the one that is trained"),
        observed=state.words,
        cells=state.cells,
    )


def own_loop(student: Reading) -> Finding:
    """The training loop is written by hand, without a library's `fit`."""
    state = loops.own_loop(student)
    return require(
        state.holds,
        expected=_("optimizer steps made by a loop of the notebook's own"),
        observed=state.words,
        cells=state.cells,
    )
