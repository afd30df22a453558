"""Which images was a fine-tuning shown, and were the labels given to its loss the set's own?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.image_changes import changes_of
from graders.analysis.image_places import Recognised
from graders.analysis.image_sources import as_images, images_of
from graders.analysis.network import Network
from graders.analysis.reading import Reading
from graders.analysis.replay import Replay, ReplayError
from graders.analysis.runs import TrainedRun
from graders.analysis.thumbnails import shrunk
from graders.language import _

Array = NDArray[Any]
MOSTLY = 0.5  # of the images that were recognised
FOREIGN = 0.1  # share of images of the test part, as they stand
LIKE_FOREIGN = 0.3  # of images that may only look like them: moved ones are taken for others
ENOUGH = 12  # rows of a batch whose image is known, to judge its labels by
OTHERS = 0.7  # agreement below which labels are not the set's


def strange_images(reading: Reading, parts: Sequence[TrainedRun], data: str) -> str:
    """What speaks against the images being the training images of a set; "" when nothing does."""
    seen = images_of(reading, parts)
    if seen is None or not seen.sure:
        return ""
    known = reading.image_book.recognise(seen.thumbnails, thoroughly=True)
    if known is None or known.known.mean() < FOREIGN:
        return ""
    if known.data != data and known.known.mean() > MOSTLY:
        return _("it was trained on images of {data}").format(data=known.data)
    mine = known.test & known.known if known.data == data else np.zeros_like(known.known)
    test = mine.sum() / known.known.sum()
    as_they_stand = (mine & known.untouched).sum() / known.known.sum()
    if as_they_stand >= FOREIGN or test >= LIKE_FOREIGN:
        return _("{share:.0%} of the images it was trained on are of the test set").format(
            share=test
        )
    return ""


def of_old_task(reading: Reading, run: TrainedRun) -> bool:
    """Was it trained on images of as many classes as the pretrained network tells apart? That is
    no fine-tuning, but the training of the network itself."""
    network = run.network
    if reading.pretrained is None or network is None or network.output is None:
        return False
    arrays = reading.pretrained.pretrained.arrays.values()
    old = {a.shape[-1] for a in arrays if a.ndim == 2}
    if not old & set(network.shape(network.output)[-1:]):
        return False
    seen = images_of(reading, (run,))
    if seen is None or not seen.sure:
        return False
    known = reading.image_book.recognise(seen.thumbnails, thoroughly=True)
    if known is None or known.known.mean() < MOSTLY:
        return False
    return reading.images[known.data].classes in old


def strange_labels(reading: Reading, parts: Sequence[TrainedRun], data: str) -> str:
    """What speaks against the labels given to the loss being the set's; "" when nothing does."""
    shares = [s for part in parts if (s := agreement(reading, part, data)) is not None]
    if shares and max(shares) < OTHERS:
        return _(
            "the labels given to its loss are not those of {data}: {share:.0%} of a batch agree"
        ).format(data=data, share=max(shares))
    return ""


def agreement(reading: Reading, run: TrainedRun, data: str) -> float | None:
    """Share of the rows of a recorded batch whose label, as the loss was given it, is the set's;
    None when the images or the labels are not known."""
    network = run.network
    if network is None or network.graph.loss is None or not network.inputs:
        return None
    truth = _true_labels(reading, network, data)
    if truth is None or (truth >= 0).sum() < ENOUGH:
        return None
    known = truth >= 0
    shares = [
        float((labels[known] == truth[known]).mean())
        for labels in _label_like(reading, network, len(truth), reading.images[data].classes)
    ]
    return max(shares, default=None)


def _true_labels(reading: Reading, network: Network, data: str) -> NDArray[np.int64] | None:
    """The teacher's label of each row of the batch, -1 where its image is not known."""
    leaf = network.leaves[network.inputs[0]]
    if data not in reading.images or not reading.blobs.has(leaf.digest):
        return None
    rows = reading.blobs.load(leaf.digest)
    if rows.ndim < 2 or len(rows) != network.shape(network.inputs[0])[0]:
        return None
    index, test = _places(reading, rows, data)
    found = np.full(len(rows), -1, dtype=np.int64)
    for is_test, part in ((False, "train"), (True, "test")):
        mine = (index >= 0) & (test == is_test)
        found[mine] = reading.images[data].split(part)[1][index[mine]]
    return found


def _places(reading: Reading, rows: Array, data: str) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Place of each row's image in the set, and whether it is of the test part."""
    nothing = np.full(len(rows), -1, dtype=np.intp), np.zeros(len(rows), dtype=bool)
    pictures = as_images(rows)
    if pictures is None:
        traced = reading.pass_book.trace(rows)
        images = reading.pass_book.images_behind(traced) if traced is not None else None
        return (images.index, images.test) if images and images.data == data else nothing
    known: Recognised | None = reading.image_book.recognise(shrunk(pictures), only=data)
    if known is not None and known.known.mean() > MOSTLY:
        return known.index, known.test
    changes = changes_of(pictures, reading.images[data].x_train)  # mirrored, shifted, ...
    index = nothing[0]
    for row, change, place in zip(changes.rows, changes.change, changes.index, strict=True):
        if change is not None:
            index[row] = place
    return index, nothing[1]


def _label_like(
    reading: Reading, network: Network, rows: int, classes: int
) -> list[NDArray[np.int64]]:
    """Values of the tape that name a class for each row and do not come from the input: numbers
    of classes, or one place for each class."""
    used = {s for sources in network.sources for s in sources} - network.fed - set(network.inputs)
    replay = Replay(network, reading.blobs)
    found = []
    for value in sorted(used):
        shape = network.shape(value)
        if shape not in ((rows,), (rows, 1), (rows, classes)):
            continue
        try:
            array = replay.compute([value], {})[0].numpy()
        except ReplayError:
            continue
        if array.shape != shape:
            continue
        wide = shape == (rows, classes) and classes > 1
        numbers = array.argmax(axis=1) if wide else array.reshape(-1)
        whole = np.rint(numbers).astype(np.int64)
        if (np.abs(numbers - whole) < 1e-6).all() and 0 <= whole.min() <= whole.max() < classes:
            found.append(whole)
    return found
