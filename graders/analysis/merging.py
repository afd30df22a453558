"""Was the adapter folded into the weights? Looks for W + c B A wherever weights are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.evidence.arrays import EvidenceError
from graders.evidence.model import Entry, State
from graders.evidence.reading import Blobs

Array = NDArray[Any]
TOLERANCE = 1e-4  # relative; weights are float32


@dataclass(frozen=True)
class Target:
    """One adapted layer at the end of its training: W (out x in), B A (out x in), factor c."""

    scope: str
    w: Array
    product: Array
    factor: float

    @property
    def merged(self) -> Array:
        return self.w + self.factor * self.product


@dataclass(frozen=True)
class Merge:
    """A state in which merged weights were found.

    `exact`: layers that hold W + c B A; `other`: layers that hold W + k B A with another k
    (`factor`); `spare` are parameters beyond those of the base network.
    """

    state: State
    exact: int
    other: int
    factor: float | None
    total: int
    spare: tuple[Entry, ...]


def find_merge(
    states: Sequence[State], targets: Sequence[Target], base_parameters: int, blobs: Blobs
) -> Merge | None:
    """The state that holds most merged layers with the fewest spare parameters; None if none."""
    best: Merge | None = None
    for state in states:
        merge = _merge_in(state, targets, base_parameters, blobs)
        if merge is not None and (best is None or _rank(merge) > _rank(best)):
            best = merge
    return best


def _rank(merge: Merge) -> tuple[int, int, int]:
    return merge.exact, merge.other, -len(merge.spare)


def _merge_in(
    state: State, targets: Sequence[Target], base_parameters: int, blobs: Blobs
) -> Merge | None:
    matrices = [e for e in state.parameters if len(e.shape) == 2]
    exact = other = 0
    factors = []
    used: set[int] = set()
    for target in targets:
        shapes = (target.w.shape, target.w.shape[::-1])
        for index, entry in enumerate(matrices):
            if index in used or entry.shape not in shapes:
                continue
            factor = folded_factor(entry.digest, target, blobs)
            if factor is None:
                continue
            if abs(factor - target.factor) <= 1e-3 * max(1.0, abs(target.factor)):
                exact += 1
            else:
                other += 1
                factors.append(factor)
            used.add(index)
            break
    if not exact and not other:
        return None
    spare = _spare(state, matrices, used, targets, base_parameters)
    return Merge(
        state, exact, other, float(np.mean(factors)) if factors else None, len(targets), spare
    )


def folded_factor(digest: str, target: Target, blobs: Blobs) -> float | None:
    """k such that an array is W + k B A; None when it is not, or when k is 0 (W itself)."""
    try:
        held = blobs.load(digest).astype(np.float64)
    except EvidenceError:
        return None
    for matrix in (held, held.T):
        if matrix.ndim != 2 or matrix.shape != target.w.shape:
            continue
        change = matrix - target.w
        size = float((target.product**2).sum())
        if size == 0.0:
            continue
        factor = float((change * target.product).sum() / size)
        rest = np.abs(change - factor * target.product).max()
        if rest <= TOLERANCE * (np.abs(target.w).max() + 1e-6) and abs(factor) > 1e-6:
            return factor
    return None


def _spare(
    state: State,
    matrices: Sequence[Entry],
    used: set[int],
    targets: Sequence[Target],
    base_parameters: int,
) -> tuple[Entry, ...]:
    """Entries that make the state larger than the base network."""
    count = sum(int(np.prod(e.shape)) for e in state.parameters)
    if count <= base_parameters:
        return ()
    shapes = {t.w.shape for t in targets} | {t.w.shape[::-1] for t in targets}
    return tuple(e for i, e in enumerate(matrices) if i not in used and e.shape not in shapes) or (
        tuple(e for i, e in enumerate(matrices) if i not in used)
    )
