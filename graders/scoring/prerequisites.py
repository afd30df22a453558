"""May this criterion be assessed, after what was found of the ones that it needs?"""

from __future__ import annotations

from collections.abc import Mapping

from graders.language import _, current
from graders.rubric import Criterion
from graders.scoring.result import Verdict, VerdictKind

_BLOCKING = (VerdictKind.VIOLATED, VerdictKind.NOT_ASSESSED)


def blocked(criterion: Criterion, verdicts: Mapping[str, Verdict]) -> str | None:
    """The first criterion that it needs and that was violated or not assessed, or None.

    An undecided one does not block, nor one without a verdict yet. Go through the criteria in
    `graders.rubric.order` so that every prerequisite has its verdict first.
    """
    for need in criterion.needs:
        if need in verdicts and verdicts[need].verdict in _BLOCKING:
            return need
    return None


def not_assessed(criterion: Criterion, need: Criterion) -> Verdict:
    """The verdict on a criterion that `need` blocks, in the language now spoken."""
    message = _("Not assessed, because this comes first: {text}")
    return Verdict(
        id=criterion.id,
        verdict=VerdictKind.NOT_ASSESSED,
        message=message.format(text=need.text.in_language(current())),
    )
