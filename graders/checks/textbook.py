"""Checks of what a textbook's notebooks leave to be done."""

from __future__ import annotations

from graders.analysis import textbook
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, require
from graders.language import _


def todo(student: Reading, name: str) -> Finding:
    """What the notebook leaves to be done is done, and is right on inputs of ours."""
    wanted = textbook.find(name)
    judgement = wanted.judge(student.ask(*wanted.questions))
    observed = judgement.observed
    if judgement.holds is False and set(wanted.cells) <= student.unchanged:
        observed = _("the cell to fill in is as it was handed out") + "; " + observed
    return require(judgement.holds, expected=wanted.expected, observed=observed)
