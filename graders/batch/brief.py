"""Which proofs say the most in a short time? Every wheat, one chaff a criterion, one a flag."""

from __future__ import annotations

from collections.abc import Sequence

from graders.batch.chaffs import Proof
from graders.batch.surprises import proven
from graders.rubric.model import Rubric


def briefly(planned: Sequence[Proof], rubric: Rubric) -> list[Proof]:
    """The proofs to judge, in their order; the same ones each time.

    A faulty delivery of its own, which breaks much at once, is always one and stands for nothing.
    A chaff of several criteria stands for all of them. Among those that break a criterion the
    choice goes round with its place in the rubric, so that it is not always the first wheat's.
    """
    chosen: set[str] = set()
    covered: set[str] = set()
    for place, criterion in enumerate(proven(rubric)):
        able = [proof for proof in planned if criterion in proof.breaks and not proof.whole]
        if able and criterion not in covered:
            one = able[place % len(able)]
            chosen.add(one.name)
            covered |= one.breaks
    for flag in sorted({flag for proof in planned for flag in proof.flags}):
        able = [proof for proof in planned if flag in proof.flags]
        if not any(proof.name in chosen for proof in able):
            chosen.add(able[0].name)
    return [p for p in planned if p.is_wheat or p.whole or p.name in chosen]
