"""Which image of which set is each of these rows, whatever its values were scaled to?

Rows are known by thumbnails. The form of a thumbnail (each channel's mean and contrast taken out)
names the image; how the values follow from the pixels must then be the same for all rows, and what
is left of the difference tells an image as it stands from one that was changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.image_files import ImageSet
from graders.analysis.thumbnails import forms, nearest, shrunk

Array = NDArray[Any]
SAME_FORM = 0.995  # other sets' images, and changed ones, seldom come as near (0.98)
FEW = 3  # rows recognised by accident
UNTOUCHED = 1.0  # of 255, mean difference of a thumbnail's cells: rounding and little more
LIKE = 5.0  # the same when the image was made larger or smaller
SAMPLE = 256  # rows that tell which set it is
TRIMMED = 3.0  # times the median difference: what is further off does not count in the fit
ROUNDS = 4


@dataclass(frozen=True)
class Scaling:
    """value = gain * pixel + offset in each channel, pixels from 0 to 255."""

    gain: Array
    offset: Array

    def pixels(self, values: Array) -> Array:
        """What the values (n, height, width, channels) were before."""
        back: Array = (values - self.offset) / self.gain
        return back


@dataclass(frozen=True)
class Recognised:
    """`index[i]` is the place of row i's image in the set's training or (`test[i]`) test part,
    -1 when it was not recognised; `error[i]` how far it is from the image as it stands, in mean
    pixels. `scaling` is what all rows' values were scaled by, None when each by its own."""

    data: str
    test: NDArray[np.bool_]
    index: NDArray[np.intp]
    error: Array
    scaling: Scaling | None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows whose image was recognised."""
        return self.index >= 0

    @property
    def untouched(self) -> NDArray[np.bool_]:
        """Rows that are an image as it stands, scaled like all others."""
        return self.known & (self.error < UNTOUCHED)


class ImageBook:
    """Recognises the images of the teacher's sets of colour pictures."""

    def __init__(self, sets: Mapping[str, ImageSet]) -> None:
        self.sets = sets
        coloured = {name: held for name, held in sets.items() if held.x_test.shape[3] == 3}
        self._pages = {name: _Page(held) for name, held in coloured.items()}

    def recognise(
        self, thumbnails: Array, only: str | None = None, *, thoroughly: bool = False
    ) -> Recognised | None:
        """The images of rows' thumbnails, in the set that most of them are of (or in `only` one);
        None when hardly any is of any. Of many rows most are looked for in the test part alone,
        unless `thoroughly`."""
        if thumbnails.ndim != 4 or thumbnails.shape[3] != 3 or not len(thumbnails):
            return None
        if not np.isfinite(thumbnails).all():
            return None
        ours = forms(thumbnails)
        some = np.linspace(0, len(ours) - 1, min(SAMPLE, len(ours))).astype(np.intp)
        best: tuple[int, str, NDArray[np.intp], Array] | None = None
        for name, page in self._pages.items():
            if only is None or name == only:
                place, alike = nearest(ours[some], page.forms)
                found = int((alike >= SAME_FORM).sum())
                if best is None or found > best[0]:
                    best = (found, name, place, alike)
        if best is None or best[0] < min(FEW, len(some)):
            return None
        _found, name, place, alike = best
        page = self._pages[name]
        if len(some) < len(ours) and thoroughly:
            place, alike = nearest(ours, page.forms)
        elif len(some) < len(ours):
            tests = bool(((alike >= SAME_FORM) & (place < len(page.test_forms))).any())
            whole, near = nearest(ours, page.test_forms if tests else page.test_forms[:0])
            near[some], whole[some] = alike, place
            place, alike = whole, near
        return _explained(thumbnails, page, name, place, alike)


def _explained(
    thumbnails: Array, page: _Page, name: str, place: NDArray[np.intp], alike: Array
) -> Recognised:
    """Rows with their images, and how the values of all of them follow from the pixels."""
    sure = alike >= SAME_FORM
    pixels = page.thumbnails[place]
    scaling = fitted(thumbnails[sure], pixels[sure])
    if scaling is not None and np.median(_errors(scaling.pixels(thumbnails), pixels)[sure]) > LIKE:
        scaling = None
    if scaling is not None:
        error = _errors(scaling.pixels(thumbnails), pixels)
    elif each_standardised(thumbnails):
        contrast = pixels.std(axis=(1, 2)).mean(axis=1)
        error = contrast * np.sqrt(np.clip(1 - alike**2, 0, None))
    else:
        error = np.full(len(thumbnails), np.inf)
    known = sure | ((error < LIKE) & (alike >= 0))
    tests = len(page.test_forms)
    return Recognised(
        data=name,
        test=known & (place < tests),
        index=np.where(known, np.where(place < tests, place, place - tests), -1),
        error=np.where(known, error, np.inf),
        scaling=scaling,
    )


def fitted(values: Array, pixels: Array) -> Scaling | None:
    """The scaling that most rows share: least squares, without what is far off; None when the
    values do not grow with the pixels."""
    rows = np.ones(len(values), dtype=bool)
    for _round in range(ROUNDS):
        y, x = values[rows].reshape(-1, 3), pixels[rows].reshape(-1, 3)
        centre_x, centre_y = x.mean(axis=0), y.mean(axis=0)
        spread = ((x - centre_x) ** 2).sum(axis=0)
        gain = ((x - centre_x) * (y - centre_y)).sum(axis=0) / np.maximum(spread, 1e-9)
        if not (gain > 0).all():
            return None
        scaling = Scaling(gain, centre_y - gain * centre_x)
        error = _errors(scaling.pixels(values), pixels)
        rows = error <= max(TRIMMED * float(np.median(error)), UNTOUCHED / 2)
    return scaling


def each_standardised(thumbnails: Array) -> bool:
    """True when every image was given mean 0, or each of its channels: no scaling in common."""
    means = np.abs(thumbnails.mean(axis=(1, 2, 3)))
    return bool(np.median(means) < 0.01 * max(float(thumbnails.std()), 1e-9))


def _errors(ours: Array, theirs: Array) -> Array:
    """Root of the mean square difference of each row's cells."""
    flat = (ours - theirs).reshape(len(ours), -1)
    return np.asarray(np.sqrt((flat**2).mean(axis=1)))


class _Page:
    """Thumbnails of one set, test images first, and their forms."""

    def __init__(self, held: ImageSet) -> None:
        self._set = held

    @cached_property
    def thumbnails(self) -> NDArray[np.float32]:
        return np.concatenate([shrunk(self._set.x_test), shrunk(self._set.x_train)])

    @cached_property
    def forms(self) -> NDArray[np.float32]:
        return forms(self.thumbnails)

    @property
    def test_forms(self) -> NDArray[np.float32]:
        return self.forms[: len(self._set.x_test)]
