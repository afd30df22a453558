"""Which tensors come from the pretrained weights, also after they were trained or copied?"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

from graders.analysis.network import Network
from graders.analysis.pretrained import PretrainedBook
from graders.evidence.model import Entry, State


class Lineage:
    """What each tensor held over time, and which array of the weights file it began as.

    A tensor belongs to an array from the moment it held it; so does a copy of what became of it.
    """

    def __init__(self, states: Iterable[State], book: PretrainedBook) -> None:
        self._book = book
        self._states = sorted(states, key=lambda s: s.moment)
        self._history: dict[int, list[tuple[int, Entry]]] = defaultdict(list)
        self._keys: dict[int, str] = {}  # by tensor
        self._derived: dict[str, str] = {}  # by content, the file's own and what became of it
        for state in self._states:
            taken: set[str] = set()
            for entry in state.entries:
                self._history[entry.uid].append((state.moment, entry))
                key = self._key_now(entry, taken)
                if key is not None:
                    taken.add(key)
                    self._keys[entry.uid] = key
                    self._derived.setdefault(entry.digest, key)

    def _key_now(self, entry: Entry, taken: set[str]) -> str | None:
        known = self._keys.get(entry.uid)
        if known is not None and self._derived.get(entry.digest) == known:
            return known
        held = self._book.keys_of(entry.digest)
        if known is not None and (not held or known in held):
            return known
        if held:  # two arrays that are the same, all zeros perhaps: each is given once
            return next((k for k in held if k not in taken), held[0])
        return self._derived.get(entry.digest)

    def key(self, uid: int, digest: str) -> str | None:
        """The file's array that a tensor, or its content, comes from; None when from none."""
        known = self._keys.get(uid) or self._derived.get(digest)
        return known or next(iter(self._book.keys_of(digest)), None)

    def in_network(self, network: Network, values: Iterable[int]) -> dict[str, int]:
        """Tensors among these values of a network that come from the file: identities by key."""
        found: dict[str, int] = {}
        for value in sorted(set(values)):
            leaf = network.leaves.get(value)
            if leaf is not None and (key := self.key(leaf.uid, leaf.digest)) is not None:
                found.setdefault(key, leaf.uid)
        return found

    def in_model(self, model: int, moment: int) -> dict[str, int]:
        """The same for all tensors of a model as last seen at or before a moment."""
        seen = next(
            (s for s in reversed(self._states) if s.model == model and s.moment <= moment), None
        )
        found: dict[str, int] = {}
        for entry in seen.entries if seen is not None else ():
            if (key := self.key(entry.uid, entry.digest)) is not None:
                found.setdefault(key, entry.uid)
        return found

    # -- contents over time ----------------------------------------------------------------
    def at(self, uid: int, moment: int) -> Entry | None:
        """A tensor as last seen at or before a moment."""
        seen = self._history.get(uid, [])
        place = bisect_right(seen, moment, key=lambda item: item[0])
        return seen[place - 1][1] if place else None

    def after(self, uid: int, moment: int) -> Entry | None:
        """A tensor as first seen after a moment."""
        seen = self._history.get(uid, [])
        place = bisect_right(seen, moment, key=lambda item: item[0])
        return seen[place][1] if place < len(seen) else None

    def between(self, uid: int, start: int, end: int) -> list[Entry]:
        """A tensor at every look after a moment and up to another one."""
        return [e for m, e in self._history.get(uid, []) if start < m <= end]
