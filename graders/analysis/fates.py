"""What became of each pretrained tensor while a network was fine-tuned?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from graders.analysis.fine_tunings import FineTuning
from graders.analysis.lineage import Lineage
from graders.evidence.arrays import EvidenceError
from graders.evidence.reading import Blobs


@dataclass(frozen=True)
class Fate:
    """One tensor's, by its key in the weights file.

    `moved` is None when it was not seen both before and after; `back` when it ended as it
    began and was something else at a look between. `by` is the largest change of an entry,
    relative to the tensor's largest."""

    key: str
    uid: int
    name: str
    moved: bool | None
    back: bool = False
    by: float = 0.0


def fates(
    tuning: FineTuning, tensors: Mapping[str, int], lineage: Lineage, blobs: Blobs
) -> tuple[Fate, ...]:
    """What became of these tensors (identities by key) through every look."""
    return tuple(_fate(tuning, key, uid, lineage, blobs) for key, uid in tensors.items())


def _fate(tuning: FineTuning, key: str, uid: int, lineage: Lineage, blobs: Blobs) -> Fate:
    seen = list(_contents(tuning, uid, lineage))
    entry = lineage.at(uid, tuning.end) or lineage.after(uid, tuning.end)
    name = entry.name if entry is not None and entry.name else key
    if not seen:
        return Fate(key, uid, name, None)
    first, last = seen[0], seen[-1]
    others = {digest for digest in seen if digest != first}
    if not others:
        told = len(seen) > 1 and not lineage.unsettled(uid, tuning.end)
        return Fate(key, uid, name, False if told else None)
    other = last if last != first else next(iter(others))
    return Fate(key, uid, name, True, last == first, _change(first, other, blobs))


def _contents(tuning: FineTuning, uid: int, lineage: Lineage) -> Iterator[str]:
    """What a tensor held when the fine-tuning began, at each look, and after it."""
    passes = tuning.feature_passes
    windows = [(s.start, s.end) for s in tuning.stages]
    if passes:  # from when the features were computed, as each network was then
        windows.insert(0, (min(p.state for p in passes) - 1, max(p.moment for p in passes)))
    for start, end in windows:
        begun = any(s.start == start for s in tuning.stages)
        before = lineage.begun(uid, start) if begun else None
        if before is not None:
            yield before.digest
        for stage in tuning.stages:
            if stage.start != start:
                continue
            reached = next((r for r in stage.trained.run.reached if r.uid == uid), None)
            if reached is not None:
                yield reached.start
            for sample in stage.trained.run.samples:
                yield from (p.digest for p in sample.parameters if p.uid == uid and p.digest)
            if reached is not None:
                yield reached.end
            tape = stage.trained.network
            if tape is not None and tape.graph.why == "training":
                yield from (x.digest for x in tape.leaves.values() if x.uid == uid)
        for entry in lineage.between(uid, start, end):
            yield entry.digest
        after = lineage.after(uid, end)
        if after is not None:
            yield after.digest


def _change(first: str, other: str, blobs: Blobs) -> float:
    try:
        before, after = blobs.load(first), blobs.load(other)
    except EvidenceError:
        return float("nan")
    if before.shape != after.shape:
        return float("nan")
    largest = float(np.abs(before).max(initial=0.0))
    return float(np.abs(after.astype(np.float64) - before).max(initial=0.0)) / max(largest, 1e-12)
