"""What does each check say of this submission? Checks in, verdicts out; nothing escapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graders import rubric as rubrics
from graders import scoring
from graders.batch.grader_log import note_failure
from graders.checks.outcome import Finding, NotAssessed, Undecided, Violated
from graders.evidence.arrays import EvidenceError
from graders.language import _, speaking
from graders.named import function_in
from graders.rubric.model import Criterion, Rubric
from graders.scoring.result import Verdict, VerdictKind

if TYPE_CHECKING:
    from graders.analysis import Reading

Check = Callable[..., Finding | None]


def resolve(check: str) -> Check:
    """The function that "theme.function" names in graders.checks. Raises LookupError."""
    return function_in("graders.checks", check)


def mark(
    reading: Reading,
    rubric: Rubric,
    *,
    language: str,
    cut_short: str = "",
    log: Path | None = None,
) -> dict[str, Verdict]:
    """A verdict for every criterion, prerequisites first.

    `cut_short` is a sentence on why the run did not get to its end through no fault of the
    student: what was then not seen is undecided, not violated. A check that fails by itself is
    undecided too; its traceback goes to the file `log`.
    """
    return settle(
        lambda criterion: as_far_as_seen(ask(reading, criterion, log), cut_short),
        rubric,
        language=language,
    )


def settle(
    answer: Callable[[Criterion], Verdict], rubric: Rubric, *, language: str
) -> dict[str, Verdict]:
    """A verdict for every criterion, prerequisites first; `answer` puts a check's question."""
    verdicts: dict[str, Verdict] = {}
    with speaking(language):
        for criterion in rubrics.order(rubric):
            verdict = _settled(criterion, rubric, verdicts)
            if verdict is None:
                verdict = answer(criterion)
            verdicts[criterion.id] = verdict
    return verdicts


def as_far_as_seen(verdict: Verdict, cut_short: str) -> Verdict:
    """A violation in a run that was `cut_short` (a sentence; "" when it was not) is undecided."""
    if cut_short and verdict.verdict is VerdictKind.VIOLATED:
        return _left_open(verdict, cut_short)
    return verdict


def _left_open(verdict: Verdict, why: str) -> Verdict:
    message = f"{why} {verdict.message}".strip()
    return verdict.model_copy(update={"verdict": VerdictKind.UNDECIDED, "message": message})


def all_undecided(rubric: Rubric, message: str) -> dict[str, Verdict]:
    """When the grader or the machine failed as a whole: no criterion could be told."""
    return {
        criterion.id: Verdict(
            id=criterion.id,
            verdict=VerdictKind.UNDECIDED,
            message=message,
            grader_fault=not criterion.manual,
        )
        for criterion in rubrics.order(rubric)
    }


def _settled(
    criterion: Criterion, rubric: Rubric, verdicts: Mapping[str, Verdict]
) -> Verdict | None:
    """The verdict that needs no check, if it is one."""
    if criterion.manual:
        return Verdict(
            id=criterion.id, verdict=VerdictKind.UNDECIDED, message=_("A person marks this.")
        )
    blocked_by = scoring.blocked(criterion, verdicts)
    if blocked_by:
        return scoring.not_assessed(criterion, rubric.criterion(blocked_by))
    return None


def ask(reading: Reading, criterion: Criterion, log: Path | None) -> Verdict:
    """What the criterion's check says, as far as the evidence can be believed."""
    verdict = _asked(reading, criterion, log)
    if verdict.verdict not in (VerdictKind.MET, VerdictKind.VIOLATED):
        return verdict
    try:
        doubt = reading.doubt(str(criterion.check).partition(".")[0])
    except Exception:
        return _failed(criterion, f"{criterion.id}: doubts", log)
    if not doubt:
        return verdict
    return _left_open(verdict, doubt)


def _asked(reading: Reading, criterion: Criterion, log: Path | None) -> Verdict:
    """What the criterion's check says; its own failure is a verdict too."""
    try:
        if criterion.check is None:
            raise LookupError(f"{criterion.id} has no check and is not manual")
        finding = resolve(criterion.check)(reading, **criterion.params)
    except Violated as violated:
        return _verdict(criterion, VerdictKind.VIOLATED, violated.finding)
    except Undecided as undecided:
        return _verdict(criterion, VerdictKind.UNDECIDED, undecided.finding)
    except NotAssessed as nothing:
        return _verdict(criterion, VerdictKind.NOT_ASSESSED, nothing.finding)
    except EvidenceError:
        note_failure(log, f"{criterion.id} ({criterion.check})")
        return Verdict(
            id=criterion.id,
            verdict=VerdictKind.UNDECIDED,
            message=_("What was recorded of the run is damaged, so a person has to look at this."),
        )
    except Exception:
        return _failed(criterion, f"{criterion.id} ({criterion.check})", log)
    return _verdict(criterion, VerdictKind.MET, finding or Finding())


def _failed(criterion: Criterion, what: str, log: Path | None) -> Verdict:
    """When the exception being handled is a defect of ours."""
    note_failure(log, what)
    return Verdict(
        id=criterion.id,
        verdict=VerdictKind.UNDECIDED,
        message=_("The grader failed on this criterion, so a person has to look at it."),
        grader_fault=True,
    )


def _verdict(criterion: Criterion, kind: VerdictKind, finding: Finding) -> Verdict:
    return Verdict(
        id=criterion.id,
        verdict=kind,
        message=finding.message,
        expected=finding.expected,
        observed=finding.observed,
        cells=finding.cells,
    )
