"""Did a fine-tuning learn its new task, on the right images?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graders.analysis.fine_tunings import FineTuning
from graders.analysis.image_results import evaluations_of
from graders.analysis.reading import Reading
from graders.analysis.runs import trend
from graders.analysis.statement import Answer
from graders.analysis.tuned_images import strange_images, strange_labels
from graders.language import _

DEVIATIONS = 3.0  # over chance, of an accuracy that so many images give by chance
BETTER = 1.5  # times chance: a network that learnt little, or none that was unlucky
DIVERGED = 1.5  # times the first loss
NOISE = 2.0  # times what the loss of one batch and the next differ by
FEW = 0.1  # of the training images, shown in all steps together


def learnt(reading: Reading, tuning: FineTuning, data: str) -> Answer:
    """Whether the new layers moved and the loss fell (or the network can tell the classes), on
    training images of the set with its labels."""
    cells = tuple(reading.cell(c) for c in tuning.cells)
    parts = tuning.parts
    old = set(tuning.tensors.values())
    moved = {r.uid for p in parts for r in p.run.reached if r.start != r.end}
    total = {r.uid for p in parts for r in p.run.reached}
    losses = np.concatenate([p.losses for p in parts])
    course = trend(losses)
    words = _(
        "{steps} optimizer steps ({optimizer}), {moved} of {total} weight tensors moved, "
        "loss {first:.4g} → {last:.4g}"
    ).format(
        steps=sum(p.run.steps for p in parts),
        optimizer=next((p.run.optimizer for p in parts if p.run.optimizer), _("by hand")),
        moved=len(moved), total=len(total), first=course.first, last=course.last,
    )  # fmt: skip
    if not moved:
        return Answer(False, words, cells)
    if not moved - old:
        words += "; " + _("none of them is of a new layer")
        return Answer(None, words, cells)
    skill = _skill(reading, tuning, data)
    holds = course.fell
    if holds and course.first - course.last <= NOISE * _noise(losses):
        holds = None
    if not holds and skill == "skilled":
        holds = True
    if holds is False and course.last < DIVERGED * course.first:
        holds = None  # with a low rate, a network that is good already hardly improves
    if holds is False:
        return Answer(False, words, cells)
    doubt = (
        strange_images(reading, parts, data)
        or strange_labels(reading, parts, data)
        or _too_few(reading, tuning, data)
    )
    if not doubt and skill == "by chance":
        doubt = _("afterwards it names the classes of the test images no better than by chance")
    if doubt:
        return Answer(None, f"{doubt}; {words}", cells)
    return Answer(holds, words, cells)


def _noise(losses: NDArray[np.float64]) -> float:
    """How far the means of the first and the last tenth of a curve differ by chance."""
    finite = losses[np.isfinite(losses)]
    if len(finite) < 2:
        return 0.0
    tenth = max(1, len(losses) // 10)
    return float(np.std(np.diff(finite)) / np.sqrt(tenth))


def _skill(reading: Reading, tuning: FineTuning, data: str) -> str | None:
    """`skilled` or `by chance` on the test images afterwards; None when it was not asked, or in
    between."""
    ours = [e for e in evaluations_of(reading, tuning.parts) if e.data == data]
    if not ours:
        return None
    best = max(ours, key=lambda e: e.accuracy)
    chance = 1 / reading.images[data].classes
    spread = (chance * (1 - chance) / best.rows) ** 0.5
    if best.accuracy <= chance + DEVIATIONS * spread:
        return "by chance"
    return (
        "skilled"
        if best.accuracy > max(BETTER * chance, chance + 2 * DEVIATIONS * spread)
        else None
    )


def _too_few(reading: Reading, tuning: FineTuning, data: str) -> str:
    """Why so few images cannot have taught much; "" when they were enough, or not counted."""
    if data not in reading.images or any(not p.run.input_rows for p in tuning.parts):
        return ""
    seen = sum(p.run.input_rows for p in tuning.parts)
    there = len(reading.images[data].y_train)
    if seen >= FEW * there:
        return ""
    words = _("it was shown {seen} images in all its steps, and there are {there} to learn from")
    return words.format(seen=seen, there=there)
