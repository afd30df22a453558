"""Checks of what a textbook's notebooks leave to be done."""

from __future__ import annotations

from graders.analysis import textbook
from graders.analysis.reading import Reading
from graders.analysis.textbook import nb7_3, network_training, networks
from graders.checks.outcome import Finding, require
from graders.language import _


def todo(student: Reading, name: str) -> Finding:
    """What the notebook leaves to be done is done, and is right on inputs of ours."""
    wanted = textbook.find(name)
    judgement = wanted.judge(student.ask(*wanted.questions))
    holds, observed = judgement.holds, judgement.observed
    if holds is False and set(wanted.cells) <= student.unchanged:
        observed = _("the cell to fill in is as it was handed out") + "; " + observed
    elif holds is False and wanted.open:
        holds = None
    return require(holds, expected=wanted.expected, observed=observed)


def initialisation(student: Reading, direction: str) -> Finding:
    """The experiment was done with 50 layers of 80 units, and the variance kept from exploding."""
    judgement = nb7_3.experiment(student, backward=direction == "backward")
    return require(
        judgement.holds,
        expected=_("50 layers of 80 units, weights with a variance near 2/80"),
        observed=judgement.observed,
    )


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
