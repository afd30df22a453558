"""Checks of what a textbook's notebooks leave to be done."""

from __future__ import annotations

from graders.analysis import textbook
from graders.analysis.reading import Reading
from graders.analysis.textbook import nb7_3, network_training, networks
from graders.checks.outcome import Finding, require
from graders.language import _


def todo(student: Reading, name: str) -> Finding:
    """What the notebook leaves to be done is done, and is right on inputs of ours."""
    return _done(student, textbook.find(name))


def initialisation(student: Reading, direction: str) -> Finding:
    """The experiment was done with 50 layers of 80 units, and the variance kept from exploding."""
    backward = direction == "backward"
    return _done(student, nb7_3.experiment_variance() if backward else nb7_3.experiment_layers())


def _done(student: Reading, wanted: textbook.Todo) -> Finding:
    judgement = wanted.judgement(student.ask(*wanted.questions))
    observed = judgement.observed
    if judgement.holds is False and set(wanted.cells) <= student.unchanged:
        observed = _("the cell to fill in is as it was handed out") + "; " + observed
    return require(judgement.holds, expected=wanted.expected, observed=observed)


def network(student: Reading, name: str) -> Finding:
    """The network of the notebook has the layers that are asked for."""
    wanted = networks.wanted(name)
    judgement = networks.built(student, wanted)
    return require(judgement.holds, expected=wanted.words, observed=judgement.observed)


def network_trained(student: Reading, name: str) -> Finding:
    """The network that was asked for is trained: its loss falls, and its test error shows it."""
    judgement = network_training.trained(student, networks.wanted(name))
    return require(
        judgement.holds,
        expected=_("the network asked for, trained until it is right on most of the test part"),
        observed=judgement.observed,
    )
