"""Are these images a set's images mirrored, shifted, turned, zoomed or recoloured?

The middle of each is looked for everywhere in the images of the set, as it is and mirrored, then
turned and zoomed. What is found in the same place of every image is no augmentation: what differs
from image to image is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.thumbnails import forms, shrunk

Array = NDArray[Any]
FOUND = 0.965  # alike: 5 % of another set's images come as near, 3/4 of shifted ones do
NEARLY = 0.7  # alike: worth a look one pixel further
CELLS, CELL, STEP = 4, 6, 2  # the middle is CELLS x CELLS cells of CELL pixels, moved by STEP
ROWS = 64  # that are looked for
TURNED_ROWS = 32  # of those not found, looked for turned and zoomed
TURNS = (-32, -16, 16, 32)  # degrees
ZOOMS = (0.85, 1.18)
CHUNK = 4000  # images at a time


@dataclass(frozen=True)
class Change:
    """What was done to an image: mirrored, moved by so many pixels, turned or zoomed."""

    mirrored: bool = False
    down: int = 0
    across: int = 0
    turned: int = 0
    zoom: float = 1.0

    @property
    def none(self) -> bool:
        return self == Change()


@dataclass(frozen=True)
class Changes:
    """The change of each picture that was looked for (`rows` are their places), None where its
    image was not found; the image's place, and how alike they are."""

    rows: NDArray[np.intp]
    change: tuple[Change | None, ...]
    index: NDArray[np.intp]
    alike: Array

    @property
    def found(self) -> float:
        """Share of the rows whose image was found."""
        return sum(c is not None for c in self.change) / max(len(self.change), 1)

    @property
    def common(self) -> tuple[Change | None, float]:
        """The change found most often, and its share of those found."""
        counts = Counter(c for c in self.change if c is not None)
        if not counts:
            return None, 0.0
        change, times = counts.most_common(1)[0]
        return change, times / counts.total()


def changes_of(pictures: Array, images: Array) -> Changes:
    """How pictures (n, height, width, 3) became of images (uint8, of a set); at most ROWS of the
    pictures, evenly chosen."""
    some = np.linspace(0, len(pictures) - 1, min(ROWS, len(pictures))).astype(np.intp)
    side = images.shape[1]
    if side != images.shape[2] or side < CELLS * CELL:
        return Changes(some, (None,) * len(some), np.full(len(some), -1), np.zeros(len(some)))
    rows = pictures[some].astype(np.float32)
    if rows.shape[1:3] != (side, side):
        rows = shrunk(rows, side)
    search = _Search(len(rows))
    plain = [Change(mirrored=m) for m in (False, True)]
    search.among(rows, np.arange(len(rows)), plain, images)
    search.refine(rows, images)
    lost = np.flatnonzero(search.alike < FOUND)
    if 2 * (search.alike >= FOUND).sum() < len(rows):
        kinds = [(turn, 1.0) for turn in TURNS] + [(0, zoom) for zoom in ZOOMS]
        lost = lost[:TURNED_ROWS]
        others = [Change(mirrored=m, turned=t, zoom=z) for m in (False, True) for t, z in kinds]
        search.among(rows[lost], lost, others, images)
        search.refine(rows, images)
    looked = np.union1d(np.flatnonzero(search.alike >= FOUND), lost)
    found = search.alike[looked] >= FOUND
    return Changes(
        some[looked],
        tuple(c if f else None for c, f in zip(search.change[looked], found, strict=True)),
        search.index[looked],
        search.alike[looked],
    )


class _Search:
    """The best place found so far for each row."""

    def __init__(self, rows: int) -> None:
        self.alike = np.full(rows, -1.0, dtype=np.float32)
        self.index = np.full(rows, -1, dtype=np.intp)
        self.change = np.full(rows, None, dtype=object)

    def among(
        self, rows: Array, which: NDArray[np.intp], kinds: list[Change], images: Array
    ) -> None:
        """Look for the rows, changed back in each of these ways, everywhere in the images."""
        if not len(rows):
            return
        middles = np.concatenate([forms(_middle(rows, kind)) for kind in kinds])
        for first, down, across, windows in _windows(images):
            products = (middles @ forms(windows).T).reshape(len(kinds), len(rows), -1)
            place = products.argmax(axis=2)
            near = np.take_along_axis(products, place[:, :, None], axis=2)[:, :, 0]
            best = near.argmax(axis=0)
            value = near[best, np.arange(len(rows))]
            for i in np.flatnonzero(value > self.alike[which]):
                kind, row = kinds[best[i]], which[i]
                self.alike[row] = value[i]
                self.index[row] = first + place[best[i], i]
                self.change[row] = Change(kind.mirrored, down, across, kind.turned, kind.zoom)

    def refine(self, rows: Array, images: Array) -> None:
        """Look one pixel further around where a row was nearly found."""
        margin = (images.shape[1] - CELLS * CELL) // 2
        for row in np.flatnonzero((self.alike >= NEARLY) & (self.alike < FOUND)):
            found = self.change[row]
            middle = forms(_middle(rows[row : row + 1], found))
            picture = images[self.index[row]]
            for down in range(found.down - 1, found.down + 2):
                for across in range(found.across - 1, found.across + 2):
                    top, left = margin + down, margin + across
                    if min(top, left) < 0 or max(top, left) > 2 * margin:
                        continue
                    part = picture[top : top + CELLS * CELL, left : left + CELLS * CELL]
                    value = float((middle @ forms(shrunk(part[None], CELLS)).T)[0, 0])
                    if value > self.alike[row]:
                        self.alike[row] = value
                        self.change[row] = replace(found, down=down, across=across)


def _middle(rows: Array, kind: Change) -> Array:
    """Cells of the middle of each row, changed back."""
    half = CELLS * CELL / 2
    at = np.arange(CELLS * CELL) + 0.5 - half
    y, x = np.meshgrid(at, at, indexing="ij")
    if kind.mirrored:
        x = -x
    angle, centre = radians(kind.turned), rows.shape[1] / 2
    down = (cos(angle) * y - sin(angle) * x) * kind.zoom + centre
    across = (sin(angle) * y + cos(angle) * x) * kind.zoom + centre
    last = rows.shape[1] - 1
    lines = np.clip(np.floor(down), 0, last).astype(np.intp)
    columns = np.clip(np.floor(across), 0, last).astype(np.intp)
    return shrunk(rows[:, lines, columns], CELLS)


def _windows(images: Array) -> Iterator[tuple[int, int, int, Array]]:
    """(first image, pixels down, pixels across, cells of this window) of parts of the images."""
    margin = (images.shape[1] - CELLS * CELL) // 2
    apart = CELL // STEP
    span = (CELLS - 1) * apart + 1
    for first in range(0, len(images), CHUNK):
        part = np.pad(images[first : first + CHUNK].astype(np.float32), _FRAME)
        sums = part.cumsum(axis=1).cumsum(axis=2)
        means = sums[:, CELL:, CELL:] - sums[:, :-CELL, CELL:]
        means += sums[:, :-CELL, :-CELL] - sums[:, CELL:, :-CELL]
        grid = means[:, ::STEP, ::STEP] / CELL**2
        places = range(grid.shape[1] - span + 1)
        for i in places:
            for j in places:
                window = grid[:, i : i + span : apart, j : j + span : apart]
                yield first, i * STEP - margin, j * STEP - margin, window


_FRAME = ((0, 0), (1, 0), (1, 0), (0, 0))
