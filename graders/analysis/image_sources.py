"""Which images lie behind what a training was given: its inputs, or those of passes before it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.thumbnails import shrunk
from graders.evidence.model import ForwardPass
from graders.evidence.reading import Blobs

Array = NDArray[Any]
SMALLEST = 8  # pixels, as for the probe


@dataclass(frozen=True)
class Seen:
    """Thumbnails of rows that were trained on, and some whole pictures of such rows. `sure` is
    False when it is only likely that the training was given these."""

    thumbnails: Array
    pictures: Array
    sure: bool


def images_before(reading: Reading, runs: Sequence[TrainedRun], data: str) -> Seen | None:
    """All images but a set's test images, and those of other sets, that any network was given up
    to the end of the runs: what the runs were given must be among them."""
    book, end = reading.pass_book, max(run.run.last_moment for run in runs)
    ours = []
    for number, seen in enumerate(book.passes):
        if seen.pictures is None or seen.moment >= end:
            continue
        images = book.images_of(number)
        known = images.index[images.index >= 0] if images is not None else np.zeros(0)
        if (
            images is None
            or not len(known)
            or (images.data == data and not images.test[images.index >= 0].all())
        ):
            ours.append(seen)
    pictures = _whole(ours, reading.blobs)
    return Seen(shrunk(pictures), pictures, False) if pictures is not None else None


def images_of(reading: Reading, runs: Sequence[TrainedRun]) -> Seen | None:
    """The images that these runs saw, or that their features were computed from; None when it
    cannot be told."""
    pictures = [p for run in runs if (p := _given(reading, run)) is not None]
    pictures = [p for p in pictures if p.shape[1:] == pictures[0].shape[1:]]
    if pictures:
        whole = np.concatenate(pictures)
        return Seen(shrunk(whole), whole, True)
    found = [t for run in runs if (t := _traced(reading, run)) is not None]
    if found:
        return found[-1]
    return _around(reading, runs)


def _given(reading: Reading, run: TrainedRun) -> Array | None:
    """Images that the run's network was given itself."""
    digest = run.run.pictures
    if digest is not None and reading.blobs.has(digest):
        return reading.blobs.load(digest)
    sample = reading.sample_of(run)
    return as_images(sample) if sample is not None else None


def as_images(rows: Array) -> Array | None:
    """The rows as (n, height, width, 3); None when they are no colour images."""
    if rows.ndim != 4 or not len(rows) or rows.dtype.kind not in "iuf":
        return None
    if rows.shape[3] == 3 and min(rows.shape[1:3]) >= SMALLEST:
        return rows
    if rows.shape[1] == 3 and min(rows.shape[2:]) >= SMALLEST:
        return rows.transpose(0, 2, 3, 1)
    return None


def _traced(reading: Reading, run: TrainedRun) -> Seen | None:
    """Images behind the features that the run was given."""
    sample = reading.sample_of(run)
    if sample is None or sample.ndim < 2:
        return None
    traced = reading.pass_book.trace(sample)
    thumbnails = reading.pass_book.thumbnails(traced) if traced is not None else None
    if traced is None or thumbnails is None:
        return None
    pictures = _whole(reading.pass_book.sources(traced), reading.blobs)
    return Seen(thumbnails, pictures, True) if pictures is not None else None


def _around(reading: Reading, runs: Sequence[TrainedRun]) -> Seen | None:
    """Training images that other networks were given up to the end of the runs, when what the
    runs were given cannot be traced; those of the last cell in which there were any."""
    models = {run.run.model for run in runs}
    end = max(run.run.last_moment for run in runs)
    numbered = [
        (number, seen)
        for number, seen in enumerate(reading.pass_book.passes)
        if seen.moment < end and seen.model not in models and seen.pictures is not None
    ]
    ours: list[ForwardPass] = []
    for number, seen in reversed(numbered):
        if ours and seen.cell != ours[-1].cell:
            break
        images = reading.pass_book.images_of(number)
        tests = images is not None and bool(images.test[images.index >= 0].all())
        if not tests or images is None or not (images.index >= 0).any():
            ours.append(seen)
    pictures = _whole(ours, reading.blobs)
    return Seen(shrunk(pictures), pictures, False) if pictures is not None else None


def _whole(passes: Sequence[ForwardPass], blobs: Blobs) -> Array | None:
    """Whole pictures that passes were given."""
    found = [blobs.load(p.pictures) for p in passes if p.pictures and blobs.has(p.pictures)]
    found = [f for f in found if f.shape[1:] == found[0].shape[1:] and f.shape[3] == 3]
    return np.concatenate(found) if found else None
