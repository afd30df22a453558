"""Which verdict stands for each criterion, after the checks and after what a person decided?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graders.language import _
from graders.rubric import Criterion, Rubric, order
from graders.scoring.prerequisites import blocked
from graders.scoring.result import Flag, Verdict, VerdictKind

Overrides = Mapping[str, tuple[VerdictKind, str]]
"""By criterion id, the verdict that a person gives and the reason."""


@dataclass(frozen=True)
class Decisions:
    """A verdict for each criterion of the rubric, and the flags of those a person decided."""

    verdicts: Mapping[str, Verdict]
    by_person: frozenset[str]
    flags: tuple[Flag, ...]


def decide(rubric: Rubric, found: Mapping[str, Verdict], overrides: Overrides) -> Decisions:
    """What stands for each criterion.

    A check that gave no verdict is a fault of the grader; a manual criterion waits for a person.
    A criterion that was not assessed and that a person's decision unblocks becomes undecided,
    since nobody has looked at it; one that a person's decision would block keeps its verdict.
    Raises ValueError for a criterion that the rubric does not have, or under another's id.
    """
    known = {criterion.id for criterion in rubric.criteria}
    if unknown := sorted((found.keys() | overrides.keys()) - known):
        raise ValueError(f"not in the rubric {rubric.assignment}: {', '.join(unknown)}")
    if astray := sorted(name for name, verdict in found.items() if verdict.id != name):
        raise ValueError(f"verdicts under the id of another criterion: {', '.join(astray)}")
    checked = {c.id: found.get(c.id) or _missing(c) for c in rubric.criteria}
    stands: dict[str, Verdict] = {}
    flags: list[Flag] = []
    for criterion in order(rubric):
        verdict = checked[criterion.id]
        if criterion.id in overrides:
            answer, reason = overrides[criterion.id]
            kind = VerdictKind(answer)
            if not criterion.manual:  # there the grader had nothing to say
                flags.append(_flag(verdict, kind, reason))
            verdict = verdict.model_copy(
                update={"verdict": kind, "message": reason, "grader_fault": False}
            )
        elif (
            verdict.verdict is VerdictKind.NOT_ASSESSED
            and blocked(criterion, checked)
            and not blocked(criterion, stands)
        ):
            verdict = Verdict(
                id=criterion.id,
                verdict=VerdictKind.UNDECIDED,
                message=_("A person settled what this depends on, and must now assess this too."),
            )
        stands[criterion.id] = verdict
    return Decisions(stands, frozenset(overrides), tuple(flags))


def _missing(criterion: Criterion) -> Verdict:
    if criterion.manual:
        return Verdict(id=criterion.id, verdict=VerdictKind.UNDECIDED)
    return Verdict(
        id=criterion.id,
        verdict=VerdictKind.UNDECIDED,
        message=_("The grader gave no verdict on this criterion."),
        grader_fault=True,
    )


def _flag(verdict: Verdict, kind: VerdictKind, reason: str) -> Flag:
    message = _("{id}: a person decided '{now}' where the grader had '{before}'. {reason}")
    return Flag(
        id="decided_by_person",
        message=message.format(
            id=verdict.id, now=said(kind), before=said(verdict.verdict), reason=reason
        ).rstrip(),
        cells=verdict.cells,
    )


def said(kind: VerdictKind) -> str:
    """The verdict as a word of the language now spoken."""
    match kind:
        case VerdictKind.MET:
            return _("met")
        case VerdictKind.VIOLATED:
            return _("violated")
        case VerdictKind.UNDECIDED:
            return _("undecided")
        case VerdictKind.NOT_ASSESSED:
            return _("not assessed")
