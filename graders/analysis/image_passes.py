"""Which image is each row of each forward pass? Also of passes over features of images.

What a network was given directly is known by thumbnails. Features that one pass computed are found
again in the next one's inputs, or in a training's, by a few of their numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.image_places import ImageBook, Recognised
from graders.evidence.model import Evidence, ForwardPass
from graders.evidence.reading import Blobs

Array = NDArray[Any]
MARK = 8  # numbers of a row, as the probe notes them
MOST = 0.5  # of the rows that must be found for features to be those of a pass


@dataclass(frozen=True)
class Traced:
    """Row i is row `row[i]` of the pass over images at `source[i]` in the evidence's order; -1 when
    it is not known."""

    source: NDArray[np.intp]
    row: NDArray[np.intp]

    @property
    def known(self) -> NDArray[np.bool_]:
        return self.source >= 0


@dataclass(frozen=True)
class RowImages:
    """The image of each row: of a set, in its test part or not, at which place (-1: unknown)."""

    data: str
    test: NDArray[np.bool_]
    index: NDArray[np.intp]


class PassBook:
    """The images behind the passes of one submission: `passes` are those of models, then those of
    networks that are written as functions."""

    def __init__(self, evidence: Evidence, blobs: Blobs, book: ImageBook) -> None:
        self.passes: tuple[ForwardPass, ...] = (*evidence.passes, *evidence.plain)
        self._blobs = blobs
        self._book = book
        self._known: dict[str, Recognised | None] = {}
        self._sources: list[tuple[Array, Traced]] = []  # marks in order, and where they come from

    def images_of(self, number: int) -> RowImages | None:
        """The images of a pass (by its place in the evidence), direct or behind its features."""
        seen = self.passes[number]
        direct = self.recognised(seen)
        if direct is not None:
            return RowImages(direct.data, direct.test, direct.index)
        traced = self._traces.get(number)
        return self.images_behind(traced) if traced is not None else None

    def images_behind(self, traced: Traced) -> RowImages | None:
        """The images of traced rows; of several sets, the one of most."""
        found: dict[str, RowImages] = {}
        for source in np.unique(traced.source[traced.known]):
            known = self.recognised(self.passes[int(source)])
            if known is None:
                continue
            images = found.setdefault(known.data, _nothing(known.data, len(traced.source)))
            mine = (traced.source == source) & (traced.row < len(known.index))
            images.index[mine] = known.index[traced.row[mine]]
            images.test[mine] = known.test[traced.row[mine]]
        return max(found.values(), key=lambda i: int((i.index >= 0).sum()), default=None)

    def recognised(self, seen: ForwardPass) -> Recognised | None:
        """What a pass was given directly; None when these were no images of a set."""
        digest = seen.thumbnails
        if digest is None or not self._blobs.has(digest):
            return None
        if digest not in self._known:
            self._known[digest] = self._book.recognise(self._blobs.load(digest))
        return self._known[digest]

    def trace(self, rows: Array) -> Traced | None:
        """The passes over images that made these features; None when they are not known."""
        self._traces  # noqa: B018 - fills the sources
        return self._among_known(marks(rows))

    def thumbnails(self, traced: Traced) -> Array | None:
        """Thumbnails of the images behind traced rows, those that are known."""
        parts = []
        for source in np.unique(traced.source[traced.known]):
            digest = self.passes[int(source)].thumbnails
            if digest is not None and self._blobs.has(digest):
                held = self._blobs.load(digest)
                rows = traced.row[traced.source == source]
                parts.append(held[rows[rows < len(held)]])
        return np.concatenate(parts) if parts and len({p.shape[1:] for p in parts}) == 1 else None

    def sources(self, traced: Traced) -> tuple[ForwardPass, ...]:
        """The passes over images behind traced rows."""
        return tuple(self.passes[int(s)] for s in np.unique(traced.source[traced.known]))

    @cached_property
    def _traces(self) -> Mapping[int, Traced]:
        """What passes over features are traced to, each to those before it."""
        found: dict[int, Traced] = {}
        order = sorted(range(len(self.passes)), key=lambda n: self.passes[n].moment)
        for number in order:
            seen = self.passes[number]
            made = self._loaded(seen.marks)
            if seen.thumbnails is not None:
                if made is not None:
                    rows = np.arange(len(made))
                    self._remember(made, Traced(np.full(len(made), number), rows))
                continue
            given = self._loaded(seen.given_marks)
            traced = self._among_known(given) if given is not None else None
            if traced is not None:
                found[number] = traced
                if made is not None and len(made) == len(traced.row):
                    self._remember(made, traced)
        return found

    def _loaded(self, digest: str | None) -> Array | None:
        if digest is None or not self._blobs.has(digest):
            return None
        array = self._blobs.load(digest)
        return array if array.ndim == 2 and array.shape[1] else None

    def _remember(self, made: Array, traced: Traced) -> None:
        keys = _keys(made)
        order = np.argsort(keys, kind="stable")
        self._sources.append((keys[order], Traced(traced.source[order], traced.row[order])))

    def _among_known(self, given: Array) -> Traced | None:
        keys = _keys(given)
        source = np.full(len(keys), -1, dtype=np.intp)
        row = np.zeros(len(keys), dtype=np.intp)
        for known, traced in reversed(self._sources):
            if known.dtype != keys.dtype or not len(known):
                continue
            places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            hits = (known[places] == keys) & (source < 0)
            source[hits], row[hits] = traced.source[places[hits]], traced.row[places[hits]]
        found = Traced(source, row)
        return found if len(keys) and found.known.mean() >= MOST else None


def marks(rows: Array) -> NDArray[np.float32]:
    """Numbers at the same places of each row, as the probe notes them."""
    flat = rows.reshape(len(rows), -1)
    places = np.linspace(0, flat.shape[1] - 1, min(MARK, flat.shape[1])).astype(int)
    return np.asarray(flat[:, places], dtype=np.float32)


def _keys(given: Array) -> NDArray[np.bytes_]:
    """Each row as one comparable item."""
    rows = np.ascontiguousarray(given, dtype=np.float32) + 0.0
    keys: NDArray[np.bytes_] = rows.view(f"S{4 * rows.shape[1]}").ravel()
    return keys


def _nothing(data: str, rows: int) -> RowImages:
    return RowImages(data, np.zeros(rows, dtype=bool), np.full(rows, -1, dtype=np.intp))
