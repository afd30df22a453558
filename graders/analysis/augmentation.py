"""Were the images that a network was trained on changed anew, or did they come as they stand?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.image_changes import Changes, changes_of
from graders.analysis.image_places import LIKE, ImageBook
from graders.analysis.image_sources import Seen, images_before, images_of
from graders.analysis.network import Network
from graders.analysis.operations import bare
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.statement import Answer
from graders.analysis.thumbnails import shrunk
from graders.evidence.model import Node
from graders.language import _

Array = NDArray[Any]
AS_THEY_STAND = 0.97  # of the rows: what is left are images that cannot be told
MANY = 0.1  # of the rows changed
MIN_ROWS = 24
MOST_ROWS = 512  # rows that are looked for as they stand
RECOGNISED = 0.35  # of the changed pictures; of another set's a fifth is found by chance
SAME_FOR_ALL = 0.9  # of the pictures: prepared so, not augmented
SPREAD = 0.01  # of how alike they are, when some are turned a little more than others
RECOLOURED = 0.03  # spread of the pictures' contrast or brightness
SPATIAL = frozenset("flip fliplr flipud rot90 roll grid_sample affine_grid".split())


@dataclass(frozen=True)
class Mixture:
    """Of `rows` that a network was trained on: the share `standing` that are images of the set as
    they stand, and what was done to the others; None when there are none."""

    rows: int
    standing: float
    others: Changes | None
    recoloured: bool = False

    @property
    def differs(self) -> bool:
        """Does the change differ from picture to picture?"""
        if self.others is None:
            return False
        common, share = self.others.common
        found = self.others.alike[[c is not None for c in self.others.change]]
        return bool(
            self.standing >= MANY
            or share < SAME_FOR_ALL
            or (len(found) > 1 and float(np.std(found)) > SPREAD)
            or (common is not None and common.none and self.recoloured)
        )


def augmented(
    reading: Reading, parts: TrainedRun | Sequence[TrainedRun] | None, data: str = "cifar10"
) -> Answer:
    """Whether the images of a set that a training (in one or more parts) was given, directly or
    through features, were changed at random."""
    runs = (parts,) if isinstance(parts, TrainedRun) else tuple(parts or ())
    if data not in reading.images:
        return Answer(None, _("the grader has no image set '{data}'").format(data=data))
    if not runs:
        return Answer(False, _("there is no trained network"))
    cells = tuple({reading.cell(run.run.cell): 0 for run in runs})
    inside = tuple(dict.fromkeys(name for run in runs for name in random_layers(run)))
    if inside:
        words = _("the network itself changes its images at random: {layers}")
        return Answer(True, words.format(layers=", ".join(inside)), cells)
    seen = images_of(reading, runs)
    if seen is None:
        return Answer(None, _("the images that it was trained on were not seen"), cells)
    mixture = mixture_of(reading.image_book, seen, data)
    holds = _judged(mixture)
    if holds is False and not seen.sure:
        # What it was given is not known, unless no other images were given to any network.
        every = images_before(reading, runs, data)
        holds = _judged(mixture_of(reading.image_book, every, data)) if every else None
        holds = None if holds else holds
    if holds is False and any(_turns_inside(run) for run in runs):
        holds = None
    return Answer(holds, _described(mixture, data), cells)


def _judged(mixture: Mixture) -> bool | None:
    if mixture.rows < MIN_ROWS:
        return None
    if mixture.standing >= AS_THEY_STAND:
        return False
    if mixture.others is None or 1 - mixture.standing < MANY:
        return None
    return True if mixture.others.found >= RECOGNISED and mixture.differs else None


def mixture_of(book: ImageBook, seen: Seen, data: str) -> Mixture:
    """How many of the rows are images of the set as they stand, and what became of the others."""
    rows = seen.thumbnails
    some = np.linspace(0, len(rows) - 1, min(MOST_ROWS, len(rows))).astype(np.intp)
    standing = _standing(book, rows[some], data)
    share = float(standing.mean()) if len(some) else 0.0
    others = seen.pictures[~_standing(book, shrunk(seen.pictures), data)]
    if share >= AS_THEY_STAND or not len(others):
        return Mixture(len(some), share, None)
    images = book.sets[data].x_train
    changes = changes_of(others, images)
    return Mixture(len(some), share, changes, _recoloured(others, images, changes))


def _standing(book: ImageBook, thumbnails: Array, data: str) -> NDArray[np.bool_]:
    """Which rows are images of the set as they stand; when all are nearly so, all of them: they
    were made larger or smaller."""
    known = book.recognise(thumbnails, only=data, thoroughly=True)
    if known is None:
        return np.zeros(len(thumbnails), dtype=bool)
    nearly = known.known & (known.error < LIKE)
    return nearly if nearly.mean() >= AS_THEY_STAND else known.untouched


def _recoloured(pictures: Array, images: Array, changes: Changes) -> bool:
    """Do contrast or brightness differ from one picture to the next that is in its place?"""
    gains, lights = [], []
    for row, change, place in zip(changes.rows, changes.change, changes.index, strict=True):
        if change is None or not change.none or pictures.shape[1:] != images.shape[1:]:
            continue
        x, y = images[place].reshape(-1).astype(np.float64), pictures[row].reshape(-1)
        spread = float(((x - x.mean()) ** 2).sum())
        if spread > 0:
            gain = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
            gains.append(gain)
            lights.append(float(y.mean()) - gain * float(x.mean()))
    if len(gains) < 2:
        return False
    scale = abs(float(np.mean(gains)))
    return bool(np.std(gains) > RECOLOURED * scale or np.std(lights) > RECOLOURED * scale * 255)


def _described(mixture: Mixture, data: str) -> str:
    words = _(
        "{share:.0%} of the {rows} images seen in training are images of {data} as they stand"
    )
    words = words.format(share=mixture.standing, rows=mixture.rows, data=data)
    if mixture.others is None:
        return words
    changes = [c for c in mixture.others.change if c is not None]
    kinds = {
        _("mirrored"): sum(c.mirrored for c in changes),
        _("moved"): sum(bool(c.down or c.across) for c in changes),
        _("turned"): sum(bool(c.turned) for c in changes),
        _("zoomed"): sum(c.zoom != 1 for c in changes),
        _("slightly changed"): sum(c.none for c in changes),
    }
    shown = ", ".join(f"{kind} {count}" for kind, count in kinds.items() if count)
    more = _("of {looked} others, {found} were recognised: {kinds}").format(
        looked=len(mixture.others.rows), found=len(changes), kinds=shown or "-"
    )
    return f"{words}; {more}"


def random_layers(run: TrainedRun) -> Iterator[str]:
    """Built-in layers that change images at random, switched on, on the way to the first
    convolution."""
    for node in _before_first_convolution(run.network):
        # Lowered: the image, the layer's class, and whether it was in training.
        if bare(node.op) == "random_augmentation" and node.args[2:3] == [True]:
            yield str(node.args[1])


def _turns_inside(run: TrainedRun) -> bool:
    """Does the network mirror or warp its images before its first convolution?"""
    return any(bare(node.op) in SPATIAL for node in _before_first_convolution(run.network))


def _before_first_convolution(network: Network | None) -> Iterator[Node]:
    if network is None:
        return
    first = next((x.data for x in network.layers if len(network.shape(x.weight)) == 4), None)
    if first is None:
        return
    before = network.ancestors(first) | {first}
    for node in network.nodes:
        if any(out in before for out in node.outs):
            yield node
