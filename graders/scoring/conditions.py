"""Does a line of the statement apply? Three-valued logic over verdicts (Kleene's)."""

from __future__ import annotations

from collections.abc import Mapping

from graders.rubric import Condition
from graders.scoring.result import Verdict, VerdictKind


def applies(condition: Condition, verdicts: Mapping[str, Verdict]) -> bool | None:
    """Whether the condition holds, None while what is undecided could still tip it.

    A criterion holds when it is violated; one that was not assessed does not. Raises KeyError for
    a criterion without a verdict.
    """
    entries = [
        _violated(verdicts[entry].verdict) if isinstance(entry, str) else applies(entry, verdicts)
        for entry in condition.any_of or condition.all_of
    ]
    settles = bool(condition.any_of)  # one True settles any_of, one False settles all_of
    if settles in entries:
        return settles
    return None if None in entries else not settles


def line_verdict(condition: Condition, verdicts: Mapping[str, Verdict]) -> VerdictKind:
    """The verdict on a line: violated when its condition applies."""
    if all(verdicts[name].verdict is VerdictKind.NOT_ASSESSED for name in condition.criteria):
        return VerdictKind.NOT_ASSESSED
    match applies(condition, verdicts):
        case True:
            return VerdictKind.VIOLATED
        case False:
            return VerdictKind.MET
        case None:
            return VerdictKind.UNDECIDED


def _violated(verdict: VerdictKind) -> bool | None:
    return None if verdict is VerdictKind.UNDECIDED else verdict is VerdictKind.VIOLATED
