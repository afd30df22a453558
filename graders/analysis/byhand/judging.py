"""From what was found of an answer to a verdict on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from graders.analysis.byhand import backpropagation
from graders.analysis.byhand.backpropagation import Finding
from graders.analysis.byhand.exercise import Exercise
from graders.analysis.byhand.places import COMPUTED, HELD, Place, about, of_part, places
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.whole import OTHERS
from graders.language import _

Search = Callable[[Exercise, Sequence[Place]], Finding]
MANY = 4  # names that are told
ACCIDENT = -1.5  # log10 of a chance at which what agrees is no sign of anything
ACCIDENT_EACH = -0.25  # the same for each of many matrices
LOSS = re.compile(
    r"p[ée]rdida|perte|\bloss|\bmse\b|\becm\b|\berror|\bcost[eo]?\b|fehler|verlust|perda|\bL\d?\b|\\ell",
    re.IGNORECASE,
)


def anywhere(
    reading: Reading, exercise: Exercise, search: Search, word: re.Pattern[str] | None = None
) -> Answer:
    """Is it anywhere in the submission, whoever computed it? Behind a `word`, where one is given,
    fewer figures have to be no accident."""
    whole = reading.whole
    seen = list(places(whole, whole.ask(HELD)))
    if word is not None:
        seen += about(whole, word)
    finding = search(exercise, seen)
    if finding.certain:
        return Answer(True, _said(finding), finding.cells)
    if finding.complete and not _by_chance(finding):
        words = _(
            "numbers that agree stand there, but so coarse or so far apart that it may be chance"
        )
        return Answer(None, words + "; " + _said(finding), finding.cells)
    if finding.missing and len(finding.near) == len(finding.missing):
        words = _("numbers near the right ones stand there: {names}")
        return Answer(None, words.format(names=_names(finding.near)), finding.cells)
    enough = 2 * len(finding.sure) >= len(finding.found) + len(finding.missing)
    if whole.illegible and not enough:
        words = _(
            "not found as text; there are pictures, or documents that cannot be read, on which it "
            "may stand"
        )
        return Answer(None, words, finding.cells)
    return Answer(False, _said(finding), finding.cells)


def integrated(reading: Reading, exercise: Exercise) -> Answer:
    """Was the exercise's network computed in the notebook itself?"""
    whole = reading.whole
    answers = reading.ask(HELD)
    seen = list(of_part(whole, OTHERS, answers, COMPUTED))
    finding = backpropagation.computed(exercise, seen)
    if finding.certain:
        return Answer(True, _said(finding), finding.cells)
    given = backpropagation.held_weights(exercise, seen[2:])
    if given.certain:
        words = _("the weights of the question stand there, but nothing of its network is shown")
        return Answer(None, words, given.cells)
    return Answer(False, _("nothing of the question's network was computed in this notebook"))


def _by_chance(finding: Finding) -> bool:
    return finding.chance > min(ACCIDENT, ACCIDENT_EACH * len(finding.found))


def _said(finding: Finding) -> str:
    if finding.complete and not _by_chance(finding):
        return _("found: {names}").format(names=_names(tuple(finding.found)))
    lacking = tuple(finding.found) if finding.complete else finding.missing
    lacks = _("not found: {names}").format(names=_names(lacking))
    if not finding.sure:
        return lacks
    return _("found: {names}").format(names=_names(finding.sure)) + "; " + lacks


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MANY])
    return (
        shown
        if len(names) <= MANY
        else _("{names} and {n} more").format(names=shown, n=len(names) - MANY)
    )
