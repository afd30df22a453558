"""Which images was a network given? Small enough to note for every row.

Images are too large to keep, a test set of them too many. A thumbnail of each (the means of a few
cells), some whole ones and the range of their values tell which images they were, in which order,
and what was done to them. Of what is too long to keep whole a few numbers of each row remain, by
which features computed in one pass are found again in the next.
"""

from __future__ import annotations

from secrets import randbelow
from typing import Any

from .log import EventLog

CELLS = 4  # of a thumbnail, along each axis
CHANNELS = (1, 3)
SMALLEST = 8  # pixels; what is smaller is no image but features
LARGEST = 32  # pixels of a picture that is kept; larger ones are made smaller
SAMPLED, OF_A_BATCH = 96, 8  # whole pictures kept of one pass, of one of its batches
MAX_THUMBNAILS = 32 * 2**20  # bytes of one pass
MAX_ROWS = 400_000  # whose marks and choices are noted, of one pass
MARK = 8  # numbers that a row is known by
MAX_LOOK = 2 * 2**20  # bytes of rows kept of one look at a training


def as_images(array: Any) -> Any:
    """The rows as (n, height, width, channels), a view; None when they are no images."""
    if array.ndim != 4 or array.dtype.kind not in "iuf" or not len(array):
        return None
    _rows, first, middle, last = array.shape
    if last in CHANNELS and min(first, middle) >= SMALLEST:
        return array
    if first in CHANNELS and min(middle, last) >= SMALLEST:
        return array.transpose(0, 2, 3, 1)
    return None


def shrunk(images: Any, side: int) -> Any:
    """Images (n, height, width, channels) as means over side x side cells, float32."""
    import numpy as np

    rows, height, width, channels = images.shape
    flat = np.ascontiguousarray(images, dtype=np.float32).reshape(rows, height, width * channels)
    lines = np.matmul(_cells(height, side), flat).reshape(rows * side, width, channels)
    return np.matmul(_cells(width, side), lines).reshape(rows, side, side, channels)


def _cells(size: int, side: int) -> Any:
    """side x size: how much of each cell lies in each pixel."""
    import numpy as np

    edges = np.linspace(0, size, side + 1)
    pixels = np.arange(size)
    shares = np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None])
    weights = np.clip(shares, 0, 1)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def pictures(rows: Any) -> Any:
    """Copies of the rows as images to keep, channels last and not too large; None when they are
    none."""
    images = as_images(rows)
    if images is None:
        return None
    if max(images.shape[1:3]) > LARGEST:
        return shrunk(images, LARGEST)
    return images.copy()


def few_enough(rows: Any) -> Any:
    """The first rows, as many as may be kept of one look."""
    size = max(rows.nbytes // max(len(rows), 1), 1)
    return rows[: max(MAX_LOOK // size, 1)] if rows.ndim > 2 else rows


def marks(rows: Any) -> Any:
    """Numbers at the same places of each row (n x at most 8), by which it is known again."""
    import numpy as np

    flat = rows.reshape(len(rows), -1)
    places = np.linspace(0, flat.shape[1] - 1, min(MARK, flat.shape[1])).astype(int)
    return flat[:, places].astype(np.float32)


class PassPictures:
    """What one pass was given and answered, row by row."""

    def __init__(self) -> None:
        self._rows = self._batches = 0
        self._stride = 1
        self._thumbnails: list[Any] = []
        self._bytes = 0
        self._sampled: list[tuple[int, Any]] = []
        self._given: list[Any] = []
        self._answered: list[Any] = []
        self._chosen: list[Any] = []
        self._least, self._most = float("inf"), float("-inf")

    def note(self, given: Any, out: Any) -> None:
        """One batch: arrays of as many rows, `out` None when what was answered is not known.
        Raises nothing on rows of any other form."""
        import numpy as np

        if given.ndim < 2 or not len(given):
            return
        images = as_images(given)
        if images is not None:
            self._note_images(images)
        if self._rows < MAX_ROWS:
            if images is None:
                self._given.append(marks(given))
            if out is not None and out.ndim >= 2 and out.size and out.dtype.kind in "iuf":
                self._answered.append(marks(out))
                if out.ndim == 2 and out.shape[1] > 1:
                    self._chosen.append(out.argmax(axis=1).astype(np.int32))
        self._rows += len(given)
        self._batches += 1

    def _note_images(self, images: Any) -> None:
        size = len(images) * CELLS * CELLS * images.shape[3] * 4
        if self._bytes + size <= MAX_THUMBNAILS and len(self._thumbnails) == self._batches:
            self._thumbnails.append(shrunk(images, CELLS))
            self._bytes += size
        self._least = min(self._least, float(images.min()))
        self._most = max(self._most, float(images.max()))
        if self._batches % self._stride == 0:
            first = randbelow(max(len(images) - OF_A_BATCH, 0) + 1)
            for place, picture in enumerate(pictures(images[first : first + OF_A_BATCH]), first):
                self._sampled.append((self._rows + place, picture))
            if len(self._sampled) > SAMPLED:
                self._stride *= 2
                self._sampled = self._sampled[::2]

    def fields(self, log: EventLog) -> dict[str, Any]:
        """The fields of the pass's event; the arrays are kept."""
        import numpy as np

        found: dict[str, Any] = {}
        for name, parts in (
            ("thumbnails", self._thumbnails),
            ("given_marks", self._given),
            ("marks", self._answered),
            ("chosen", self._chosen),
        ):
            whole = len(parts) == self._batches or (name == "thumbnails" and parts)
            if whole and len({part.shape[1:] for part in parts}) == 1:
                found[name] = log.keep(np.concatenate(parts))
        if self._sampled and len({picture.shape for _row, picture in self._sampled}) == 1:
            found["pictures"] = log.keep(np.stack([picture for _row, picture in self._sampled]))
            found["picture_rows"] = [row for row, _picture in self._sampled]
        if self._least <= self._most:
            found["range"] = [self._least, self._most]
        return found
