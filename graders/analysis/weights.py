"""What did weights hold at a moment, and did they move?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graders.evidence.model import Entry, Evidence


@dataclass(frozen=True)
class Move:
    """A tensor that changed between two moments."""

    name: str
    role: str
    before: str
    after: str


def history(evidence: Evidence, uid: int) -> tuple[tuple[int, Entry], ...]:
    """(moment, entry) of one tensor through all states, in order."""
    return tuple(
        sorted(
            ((s.moment, e) for s in evidence.states for e in s.entries if e.uid == uid),
            key=lambda item: item[0],
        )
    )


def content_at(evidence: Evidence, uid: int, moment: int) -> Entry | None:
    """The tensor as last seen at or before a moment."""
    return next((e for m, e in reversed(history(evidence, uid)) if m <= moment), None)


def content_after(evidence: Evidence, uid: int, moment: int) -> Entry | None:
    """The tensor as first seen after a moment."""
    return next((e for m, e in history(evidence, uid) if m > moment), None)


def moves(
    evidence: Evidence,
    uids: Iterable[int],
    start: int,
    end: int,
    begun: Mapping[int, str] | None = None,
) -> tuple[Move, ...]:
    """Tensors that are not bit-identical between the start and the first look after the end.

    `begun` has contents for tensors that were not looked at before the start.
    """
    found = []
    for uid in dict.fromkeys(uids):
        before, after = content_at(evidence, uid, start), content_after(evidence, uid, end)
        first = before.digest if before is not None else (begun or {}).get(uid)
        if first is not None and after is not None and first != after.digest:
            found.append(Move(after.name, after.role, first, after.digest))
    return tuple(found)
