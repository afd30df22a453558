"""Is this a sample of the surface sin(0.8 r²) / (r²)^0.9, r² = x² + y², with noise or without?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MIN_ROWS = 20
ALIKE = 0.3  # correlation with the surface: noise may be large
SURE, SURE_SCALED = 12.0, 30.0  # squared correlation times rows: chance, and that of many scales
RING = 2.0  # radius of the surface's first ring: scaled points reach beyond it
MAX_ROWS = 2000  # looked at


@dataclass(frozen=True)
class Sample:
    """Points on the surface. `noise` is the share of the values' spread that it does not explain,
    from 0 to 1, and `rows` how many points there are."""

    noise: float
    rows: int

    @property
    def doubt(self) -> float:
        """How far off the share may be, as it is one of so many points."""
        return 2 * self.noise * float(np.sqrt(max(0.0, 1 - self.noise**2) / self.rows))


def surface(points: Array) -> Array:
    """The surface's height at each point (n x 2); 0 in the middle, where it goes to."""
    squared = np.sum(np.asarray(points, dtype=np.float64) ** 2, axis=1)
    safe = np.where(squared > 0, squared, 1.0)
    return np.where(squared > 0, np.sin(0.8 * safe) / safe**0.9, 0.0)


def sample_of(points: NDArray[Any], values: NDArray[Any]) -> Sample | None:
    """What sample of the surface these points (n x 2) and values (n or n x 1) are; None when they
    are none.

    Both may have been scaled, as they are before they are learnt; the points alike in both
    directions.
    """
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < MIN_ROWS:
        return None
    step = max(1, len(points) // MAX_ROWS)
    where = np.asarray(points[::step], dtype=np.float64)
    heights = np.asarray(values, dtype=np.float64).reshape(len(values), -1)[::step, 0]
    if len(where) != len(heights) or not (np.isfinite(where).all() and np.isfinite(heights).all()):
        return None
    plain = _likeness(where, heights)
    scaled = max(_best_scaled(w, heights) for w in (where, where - where.mean(axis=0)))
    if plain < _enough(len(where), SURE) and scaled < _enough(len(where), SURE_SCALED):
        return None
    best = max(plain, scaled)
    return Sample(float(np.sqrt(max(0.0, 1.0 - best**2))), len(points))


def _enough(rows: int, sure: float) -> float:
    return max(ALIKE, float(np.sqrt(sure / rows)))


def _best_scaled(points: Array, heights: Array) -> float:
    """The likeness at the scale of the points that gives most of it."""
    widest = float(np.sqrt(np.max(np.sum(points**2, axis=1))))
    scales = np.geomspace(RING, 10 * RING, 300) / max(widest, 1e-9)
    best = 0.0
    for _time in range(3):  # first everywhere, then around the best one
        found = [_likeness(scale * points, heights) for scale in scales]
        place, best = int(np.argmax(found)), max(best, *found)
        low, high = scales[max(0, place - 1)], scales[min(len(scales) - 1, place + 1)]
        scales = np.linspace(low, high, 40)
    return best


def _likeness(points: Array, heights: Array) -> float:
    """Correlation of the heights with the surface's."""
    wanted = surface(points)
    spread = float(wanted.std() * heights.std())
    if spread < 1e-12:
        return 0.0
    return float(np.mean((wanted - wanted.mean()) * (heights - heights.mean())) / spread)
