"""What did not come out as it is meant to? Each surprise names a proof and a criterion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graders.batch.chaffs import Proof
from graders.batch.judging import Judged
from graders.language import _
from graders.rubric.model import Rubric
from graders.scoring.decisions import said
from graders.scoring.result import VerdictKind


@dataclass(frozen=True)
class Surprise:
    """A verdict that is not the expected one. `proof` is "" when no chaff breaks the criterion."""

    proof: str
    criterion: str
    sentence: str


def compare(proof: Proof, judged: Judged, rubric: Rubric) -> Iterator[Surprise]:
    """Where verdicts and flags are not what the proof is meant to show."""
    for flag in sorted(proof.flags - judged.flags):
        yield Surprise(proof.name, flag, _("it is not flagged"))
    for criterion in proven(rubric):
        verdict = judged.verdicts[criterion]
        violated = verdict.verdict is VerdictKind.VIOLATED
        if criterion in proof.breaks:
            expected, fine = _("violated"), violated
        elif criterion in proof.also:
            continue
        else:
            expected, fine = _("met"), verdict.verdict is VerdictKind.MET
        if not fine:
            sentence = _("expected {expected}, but {verdict}: {message}").format(
                expected=expected,
                verdict=said(verdict.verdict),
                message=verdict.message or verdict.observed,
            )
            yield Surprise(proof.name, criterion, sentence)


def unproven(planned: Sequence[Proof], rubric: Rubric) -> Iterator[Surprise]:
    """Criteria that no chaff breaks."""
    broken = frozenset[str]().union(*(proof.breaks for proof in planned))
    for criterion in proven(rubric):
        if criterion not in broken:
            yield Surprise("", criterion, _("no chaff breaks it"))


def unsteady(
    planned: Sequence[Proof], rounds: Sequence[Mapping[str, Judged]], rubric: Rubric
) -> Iterator[Surprise]:
    """Verdicts and flags that differ between rounds (what was judged, by the proof's name)."""
    for proof in planned:
        seen = [judged[proof.name] for judged in rounds]
        for criterion in proven(rubric):
            kinds = [found.verdicts[criterion].verdict for found in seen]
            if len(set(kinds)) > 1:
                words = ", ".join(f"{n}: {said(kind)}" for n, kind in enumerate(kinds, 1))
                sentence = _("not the same verdict in every round ({verdicts})")
                yield Surprise(proof.name, criterion, sentence.format(verdicts=words))
        for flag in sorted(frozenset[str]().union(*(found.flags for found in seen))):
            raised = [str(n) for n, found in enumerate(seen, 1) if flag in found.flags]
            if len(raised) < len(seen):
                sentence = _("flagged in some rounds only ({rounds})")
                yield Surprise(proof.name, flag, sentence.format(rounds=", ".join(raised)))


def proven(rubric: Rubric) -> list[str]:
    """The criteria that are to be proven, those of a check, in the rubric's order."""
    return [criterion.id for criterion in rubric.criteria if not criterion.manual]
