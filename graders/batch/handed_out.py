"""What became of each notebook that was handed out?"""

from __future__ import annotations

from collections.abc import Mapping

from graders.batch.part import Part
from graders.rubric.model import Rubric
from graders.scoring.notebooks import NotebookResult, NotebookState
from graders.scoring.result import Verdict, VerdictKind


def notebook_result(
    part: Part, rubric: Rubric, verdicts: Mapping[str, Verdict], *, ran: bool
) -> NotebookResult | None:
    """The line of one handed-out notebook; None for the part of all others."""
    template = part.template
    if template is None:
        return None
    kinds = [verdicts[c.id].verdict for c in part.criteria if c.check and c.id in verdicts]
    copy = part.submission.copies.get(template.id)
    words = template.heading.split()
    return NotebookResult(
        id=template.id,
        title=part.title,
        number=words[1] if len(words) > 1 and words[0] == "notebook" else template.id,
        state=_state(part),
        asked=len(kinds),
        right=kinds.count(VerdictKind.MET),
        open=kinds.count(VerdictKind.UNDECIDED),
        exercises=tuple(
            e.id for e in rubric.exercises if any(c.notebook == template.id for c in e.criteria)
        ),
        file=copy.path.as_posix() if copy else "",
        left_out=tuple(path.as_posix() for path in copy.repeated) if copy else (),
        environment=ran and bool(part.excused.library),
    )


def _state(part: Part) -> NotebookState:
    if part.problem:
        return NotebookState.ABSENT
    todo = frozenset(part.template.todo) if part.template else frozenset()
    left = todo & part.unchanged
    if todo and left == todo:
        return NotebookState.UNTOUCHED
    return NotebookState.PARTLY if left else NotebookState.FILLED_IN
