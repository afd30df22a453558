"""Which classes were chosen for which images of a test set, and how many of them are right?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.evaluations import Scored
from graders.analysis.image_files import ImageSet
from graders.analysis.image_passes import PassBook
from graders.analysis.predictions import CLASS_ACCURACY
from graders.evidence.model import ForwardPass
from graders.evidence.reading import Blobs

Array = NDArray[Any]
FEWEST = 20  # images of a test set; fewer are a try-out
NEARLY_ALL = 0.9  # of the test images, in their order: the rest did not fill a batch
BY_CHANCE = 3.0  # times as many right as by chance: the labels' order is the rows'


@dataclass(frozen=True)
class ImageEvaluation:
    """The rows of a pass that are images of a set's test part.

    `chosen` is the class with the largest output, `truth` the teacher's label. `part` is the share
    of the test images among them; `batch_mean` the mean of the batches' accuracies.
    """

    seen: ForwardPass
    data: str
    chosen: NDArray[np.int64]
    truth: NDArray[np.int64]
    part: float
    batch_mean: float

    @property
    def rows(self) -> int:
        return len(self.chosen)

    @property
    def right(self) -> int:
        """How many are right."""
        return int((self.chosen == self.truth).sum())

    @property
    def accuracy(self) -> float:
        return self.right / max(self.rows, 1)

    @property
    def scored(self) -> Scored:
        """The same as predictions whose figures can be looked for."""
        values = tuple(dict.fromkeys((self.accuracy, self.batch_mean)))
        seen = self.seen
        return Scored({CLASS_ACCURACY: values}, self.chosen, self.truth, seen.cell, seen.moment)


def image_evaluations(
    blobs: Blobs, sets: Mapping[str, ImageSet], book: PassBook
) -> tuple[ImageEvaluation, ...]:
    """Every pass over images of a test set, those of models first."""
    if not sets:
        return ()
    return tuple(_found(blobs, sets, book))


def _found(blobs: Blobs, sets: Mapping[str, ImageSet], book: PassBook) -> Iterator[ImageEvaluation]:
    for number, seen in enumerate(book.passes):
        if seen.chosen is None or not blobs.has(seen.chosen):
            continue
        chosen = blobs.load(seen.chosen).astype(np.int64).reshape(-1)
        images = book.images_of(number)
        if images is not None:
            count = min(len(chosen), len(images.index))
            rows = np.flatnonzero(images.test[:count] & (images.index[:count] >= 0))
            there = len(sets[images.data].y_test)
            if len(rows) >= min(FEWEST, there):
                if len(chosen) == there and np.array_equal(images.index[rows], rows):
                    # The passes of layers called one by one are many, and some were not kept:
                    # what is known of the rows says that they are the set's, in its order.
                    rows = np.arange(there)
                    yield _evaluation(seen, images.data, chosen, rows, rows, sets)
                else:
                    yield _evaluation(seen, images.data, chosen, rows, images.index[rows], sets)
                continue
            if (images.index >= 0).mean() > 0.5:
                continue  # training images
        for name, held in sets.items():
            # Images that are not recognised: in order, when the labels say so.
            if NEARLY_ALL * len(held.y_test) <= len(chosen) <= len(held.y_test):
                rows = np.arange(len(chosen))
                one = _evaluation(seen, name, chosen, rows, rows, sets)
                if one.accuracy > BY_CHANCE / held.classes:
                    yield one
                    break


def _evaluation(
    seen: ForwardPass,
    data: str,
    chosen: NDArray[np.int64],
    rows: NDArray[np.intp],
    index: NDArray[np.intp],
    sets: Mapping[str, ImageSet],
) -> ImageEvaluation:
    labels = sets[data].y_test
    truth = labels[index]
    right = chosen[rows] == truth
    ends = np.searchsorted(rows, np.cumsum([0, *seen.rows]))
    batches = [right[a:b].mean() for a, b in pairwise(ends) if b > a]
    return ImageEvaluation(
        seen=seen,
        data=data,
        chosen=chosen[rows],
        truth=truth,
        part=len(np.unique(index)) / len(labels),
        batch_mean=float(np.mean(batches)) if batches else 0.0,
    )
