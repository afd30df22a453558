"""Which tensors come from the pretrained weights, also after they were trained or copied?"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator

from graders.analysis.network import Network
from graders.analysis.pretrained import PretrainedBook
from graders.evidence.model import Entry, State, TrainingRun


class Lineage:
    """What each tensor held over time, and which array of the weights file it began as.

    A tensor belongs to an array from the moment it held it; so does a copy of what became of it.
    """

    def __init__(
        self, states: Iterable[State], book: PretrainedBook, runs: Iterable[TrainingRun] = ()
    ) -> None:
        self._book = book
        self._states = sorted([*states, *_ends_of(runs)], key=lambda s: s.moment)
        self._history: dict[int, list[tuple[int, Entry]]] = defaultdict(list)
        self._begins = {s.moment for s in self._states if s.why == "run_start"}
        self._keys: dict[int, str] = {}  # by tensor
        self._derived: dict[str, str] = {}  # by content, the file's own and what became of it
        for state in self._states:
            self._read(state)

    def _read(self, state: State) -> None:
        taken: set[str] = set()
        beside: set[str] = set()  # paths of layers that hold something of the file
        plain: list[tuple[Entry, tuple[str, ...]]] = []
        for entry in state.entries:
            self._history[entry.uid].append((state.moment, entry))
            known = self._keys.get(entry.uid)
            held = self._held(entry, known)
            if known is None and held and self._is_plain(held[0]):
                plain.append((entry, held))
                continue
            key = known if known in held or not held else held[0]
            key = key or self._derived.get(entry.digest)
            if key is not None:
                self._found(entry, key, taken, beside)
        for entry, held in plain:  # ones and zeros are everybody's: their neighbours tell
            if entry.name and _layer(entry.name) in beside:
                key = next((k for k in held if k not in taken), held[0])
                self._found(entry, key, taken, beside)

    def _held(self, entry: Entry, known: str | None) -> tuple[str, ...]:
        """Keys of the file's arrays that a tensor holds; looked up only when it may be news."""
        if known is not None and self._derived.get(entry.digest) == known:
            return (known,)
        return self._book.keys_of(entry.digest)

    def _is_plain(self, key: str) -> bool:
        array = self._book.pretrained.arrays[key]
        return array.size > 0 and array.min() == array.max()

    def _found(self, entry: Entry, key: str, taken: set[str], beside: set[str]) -> None:
        self._keys[entry.uid] = key
        if not self._is_plain(key):
            self._derived.setdefault(entry.digest, key)
        taken.add(key)
        beside.add(_layer(entry.name))

    def key(self, uid: int, digest: str) -> str | None:
        """The file's array that a tensor, or its content, comes from; None when from none."""
        known = self._keys.get(uid) or self._derived.get(digest)
        held = self._book.keys_of(digest) if known is None else ()
        return next((k for k in held if not self._is_plain(k)), known)

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

    def held_at(self, moment: int) -> dict[str, int]:
        """The same for all tensors seen at or before a moment, whatever they are part of."""
        found: dict[str, int] = {}
        for uid, key in self._keys.items():
            if self._history[uid][0][0] <= moment:
                found.setdefault(key, uid)
        return found

    def reads(self, numbers: int) -> bool:
        """Does a matrix of the file take so many numbers for each row, as its last layer does?"""
        arrays = self._book.pretrained.arrays.values()
        return any(a.ndim == 2 and numbers in a.shape for a in arrays)

    def has_kernels(self, keys: Iterable[str]) -> bool:
        """Is a convolution's kernel among these arrays of the file?"""
        return any(self._book.pretrained.arrays[key].ndim == 4 for key in keys)

    # -- contents over time ----------------------------------------------------------------
    def at(self, uid: int, moment: int) -> Entry | None:
        """A tensor as last seen at or before a moment."""
        seen = self._history.get(uid, [])
        place = bisect_right(seen, moment, key=lambda item: item[0])
        return seen[place - 1][1] if place else None

    def begun(self, uid: int, moment: int) -> Entry | None:
        """A tensor as it was when a run began at this moment: all models are looked at then, just
        after it. What was seen before may be older than what was loaded since."""
        seen = self._history.get(uid, [])
        place = bisect_right(seen, moment, key=lambda item: item[0])
        later = seen[place:]
        return later[0][1] if later and later[0][0] in self._begins else self.at(uid, moment)

    def after(self, uid: int, moment: int) -> Entry | None:
        """A tensor as first seen after a moment; None where that does not tell (`unsettled`)."""
        return None if self.unsettled(uid, moment) else self._next(uid, moment)[1]

    def unsettled(self, uid: int, moment: int) -> bool:
        """Is a running statistic first seen after a moment when another run begins, changed?

        That run's first forward pass is over then, and may be what has moved it.
        """
        looked_at, entry = self._next(uid, moment)
        if entry is None or entry.role != "buffer" or looked_at not in self._begins:
            return False
        was = self.at(uid, moment)
        return was is None or was.digest != entry.digest

    def _next(self, uid: int, moment: int) -> tuple[int, Entry | None]:
        seen = self._history.get(uid, [])
        place = bisect_right(seen, moment, key=lambda item: item[0])
        return seen[place] if place < len(seen) else (moment, None)

    def between(self, uid: int, start: int, end: int) -> list[Entry]:
        """A tensor at every look after a moment and up to another one."""
        return [e for m, e in self._history.get(uid, []) if start < m <= end]


def _ends_of(runs: Iterable[TrainingRun]) -> Iterator[State]:
    """What trained tensors held when a run began and when it ended, as states of no model: a
    network that is no module may be seen nowhere else."""
    for run in runs:
        for moment, end in ((run.moment, False), (run.last_moment, True)):
            entries = tuple(r.entry(end=end) for r in run.reached)
            yield State(
                model=-1, why="run", training=True, entries=entries, cell=run.cell,
                moment=moment,
            )  # fmt: skip


def _layer(name: str) -> str:
    """Path of the layer that a tensor is of, as torch or Keras writes it."""
    return name.rpartition("/" if "/" in name else ".")[0]
