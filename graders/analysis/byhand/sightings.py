"""Do certain numbers stand together in a row of figures, and could that be chance?

A few small figures agree with anything. So the numbers of a matrix have to stand together, one
behind the other or at least nearby, and what counts is how unlikely that would be among figures
that have nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.analysis.byhand.figures import Figure

Array = NDArray[np.float64]
CERTAIN = -3.0  # log10 of the chance for one matrix
NEAR_UNITS = 3.0  # who calculates on with rounded numbers is off by a few of the last digit
NEAR_SHARE = 0.03
_WINDOWS = ((4, 12), (12, 40))  # figures among which those of a matrix of k stand: a k + b
_EVERYWHERE = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
_LOOKED_AT = 200  # windows that are weighed


@dataclass(frozen=True)
class Row:
    """Figures in the order in which they stand, and the cell that each stands in (-1: none)."""

    values: Array
    units: Array
    cells: NDArray[np.int64]

    @classmethod
    def of(cls, figures: Sequence[Figure], cells: Sequence[int]) -> Row:
        return cls(
            np.array([f.value for f in figures], dtype=np.float64),
            np.array([f.unit for f in figures], dtype=np.float64),
            np.array(cells, dtype=np.int64),
        )


@dataclass(frozen=True)
class Wanted:
    """Numbers that belong together, as an array, under a name.

    `scale` (same shape) is how far from each of them other numbers would be: from those that stand
    there anyway, as old weights beside new ones.
    """

    name: str
    values: Array
    scale: Array


@dataclass(frozen=True)
class Sighting:
    """Where it was seen: `start` in a row, and its cell. `fits` is log10 of the chance that other
    figures fit at one place, and `tries` is how many places there are."""

    fits: float
    tries: float
    start: int
    cell: int

    @property
    def chance(self) -> float:
        """log10 of how likely it is without meaning anything, at most 0."""
        return min(0.0, self.fits + float(np.log10(max(self.tries, 1.0))))

    def chance_beside(self, other: int) -> float:
        """The same, when it is only looked for near another place of the row."""
        near = min(self.tries, 2.0 * abs(self.start - other) + 1)
        return min(0.0, self.fits + float(np.log10(max(near, 1.0))))

    @property
    def certain(self) -> bool:
        return self.chance <= CERTAIN


def sighting(row: Row, wanted: Wanted, *, loosely: bool = False) -> Sighting | None:
    """The least accidental place at which all these numbers stand together; None when there is
    none. `loosely`, numbers count that would be these, had they been rounded less on the way."""
    values, scale = wanted.values.reshape(-1), wanted.scale.reshape(-1)
    if not len(values) or len(row.values) < len(np.unique(values)):
        return None
    room = np.repeat(row.units[:, None], len(values), axis=1)
    if loosely:
        room = NEAR_UNITS * room + NEAR_SHARE * scale[None, :]
    agrees = np.asarray(np.abs(row.values[:, None] - values[None, :]) <= room + 1e-12)
    if not agrees.any(axis=0).all():
        return None
    near = (_nearby(row, wanted, agrees, room, window) for window in _WINDOWS)
    found = [_in_order(row, wanted, agrees, room), *near]
    return min((f for f in found if f is not None), key=lambda f: f.chance, default=None)


def _in_order(row: Row, wanted: Wanted, agrees: NDArray[np.bool_], room: Array) -> Sighting | None:
    """One behind the other, row by row or column by column."""
    numbers = np.arange(wanted.values.size).reshape(wanted.values.shape)
    size = numbers.size
    starts = len(row.values) - size + 1
    best: Sighting | None = None
    for order in {tuple(numbers.reshape(-1)), tuple(numbers.T.reshape(-1))}:
        agree = np.ones(max(starts, 0), dtype=bool)
        for place, number in enumerate(order):
            agree &= agrees[place : place + len(agree), number]
        for start in np.flatnonzero(agree)[:_LOOKED_AT]:
            units = np.empty(size)
            units[list(order)] = room[np.arange(start, start + size), list(order)]
            fits = _chance(wanted, units, np.ones(size))
            if best is None or fits < best.fits:
                best = Sighting(fits, len(row.values), int(start), int(row.cells[start]))
    return best


def _nearby(
    row: Row, wanted: Wanted, agrees: NDArray[np.bool_], room: Array, window: tuple[int, int]
) -> Sighting | None:
    """All within some figures of each other, in any order."""
    size = len(row.values)
    span = min(size, window[0] * agrees.shape[1] + window[1])
    together = np.flatnonzero(_counts(agrees, span).astype(bool).all(axis=1))
    if not len(together):
        return None
    values, scale = wanted.values.reshape(-1), wanted.scale.reshape(-1)
    best: Sighting | None = None
    for start in together[:: max(1, len(together) // _LOOKED_AT)]:
        here = slice(start, start + span)
        apart = np.abs(row.values[here, None] - values[None, :])
        crowd = np.maximum(1, (apart <= 3 * scale[None, :]).sum(axis=0))
        units = np.where(agrees[here], room[here], np.inf).min(axis=0)
        fits = _chance(wanted, units, crowd / 3)
        if best is None or fits < best.fits:
            first = int(start) + int(np.flatnonzero(agrees[here].any(axis=1))[0])
            best = Sighting(fits, size / span, first, int(row.cells[first]))
    return best


def _counts(agrees: NDArray[np.bool_], span: int) -> NDArray[np.int64]:
    """How often each number stands in each window of so many figures."""
    sums = np.vstack([np.zeros((1, agrees.shape[1]), dtype=np.int64), agrees.cumsum(axis=0)])
    return np.asarray(sums[span:] - sums[:-span], dtype=np.int64)


def _chance(wanted: Wanted, units: Array, crowd: Array) -> float:
    """log10 of the chance that figures so exact agree, equal numbers counted once. Zeros and ones
    stand everywhere, as exact as can be: they tell nothing."""
    values = wanted.values.reshape(-1)
    first = np.unique(np.round(values, 9), return_index=True)[1]
    telling = first[~np.isclose(values[first, None], _EVERYWHERE, rtol=0, atol=1e-9).any(axis=1)]
    scale = np.maximum(wanted.scale.reshape(-1), 1e-12)
    each = np.clip(np.maximum(crowd, 1 / 3) * 2 * units / scale, 1e-8, 1.0)[telling]
    return float(np.log10(each).sum())
