"""Backpropagation by hand: are the derivatives, the new weights and the new loss there?

The statement leaves open whether the loss is the mean or the sum over the points, with a half or
without: any of these is right, as long as it is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from graders.analysis.byhand.exercise import Exercise, Slopes
from graders.analysis.byhand.places import Place
from graders.analysis.byhand.sightings import Sighting, Wanted, sighting
from graders.language import _

Array = NDArray[np.float64]
TOGETHER = -6.0  # log10 of the chance for all matrices
SAME = 1e-6  # a number that moves by less does not move


@dataclass(frozen=True)
class Finding:
    """Which of the numbers that belong together were found, by their names; `near` are those of
    the missing that stand there but for rounding. `chance` is log10 of that being an accident."""

    found: dict[str, Sighting]
    missing: tuple[str, ...]
    near: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()  # the place of each that was found

    @property
    def chance(self) -> float:
        """What stands near another one of them, in the same row, has that much less of a choice."""
        return sum(self._chances())

    def _chances(self) -> Iterator[float]:
        before = (-1, 0)
        seen = zip(self.rows, self.found.values(), strict=True)
        for place, one in sorted(seen, key=lambda pair: (pair[0], pair[1].start)):
            beside = place == before[0]
            yield one.chance_beside(before[1]) if beside else one.chance
            before = (place, one.start)

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def certain(self) -> bool:
        """All are there, and that is no accident: each by itself, or together, where it does not
        all hang on one of several."""
        each = tuple(self._chances())
        most = min(each) if len(each) > 1 else 0.0
        together = sum(each) <= TOGETHER and sum(each) - most <= TOGETHER / 2
        return self.complete and (together or all(one.certain for one in self.found.values()))

    @property
    def sure(self) -> tuple[str, ...]:
        """Those that are no accident even alone."""
        return tuple(name for name, one in self.found.items() if one.certain)

    @property
    def cells(self) -> tuple[int, ...]:
        return tuple(sorted({one.cell for one in self.found.values() if one.cell != -1}))


def gradients(exercise: Exercise, places: Sequence[Place]) -> Finding:
    """The derivatives with respect to all weights and biases, over all points or of each one."""
    readings = []
    for factor in exercise.conventions:
        readings.append(list(_of_slopes(exercise.slopes * factor)))
        each = [slopes * factor for slopes in exercise.by_point]
        readings.append(
            [
                Wanted(_("{name} for point {n}").format(name=w.name, n=n), w.values, w.scale)
                for n, slopes in enumerate(each, 1)
                for w in _of_slopes(slopes)
            ]
        )
    return _best(readings, places)


def new_weights(exercise: Exercise, places: Sequence[Place]) -> Finding:
    """The weights and biases after one step of gradient descent with learning rate 1."""
    readings = []
    for factor in exercise.conventions:
        after = exercise.stepped(factor)
        wanted = []
        for layer in range(exercise.layers):
            for name, old, new in (
                ("β{k}", exercise.biases[layer], after.biases[layer]),
                ("Ω{k}", exercise.weights[layer], after.weights[layer]),
            ):
                moved = np.abs(new - old)
                if bool((moved > SAME).any()):
                    wanted.append(Wanted(name.format(k=layer), new, moved))
        readings.append(wanted)
    return _best(readings, places)


def losses(exercise: Exercise, places: Sequence[Place]) -> Finding:
    """The loss before and after the step."""
    readings = []
    for step, factor in product(exercise.conventions, exercise.conventions):
        before, after = factor * exercise.squares, factor * exercise.stepped(step).squares
        scale = np.array([before, min(abs(after - before), abs(after))])
        both = Wanted(_("the loss before and after"), np.array([before, after]), scale)
        readings.append([both])
    return _best(readings, places)


def computed(exercise: Exercise, places: Sequence[Place]) -> Finding:
    """Anything that only this network gives: its answers, its derivatives, its new weights."""
    answers = Wanted(_("the network's outputs"), exercise.outputs, _scale(exercise.outputs))
    found = [
        _best([[answers]], places),
        gradients(exercise, places),
        new_weights(exercise, places),
    ]
    return min(found, key=_rank)


def held_weights(exercise: Exercise, places: Sequence[Place]) -> Finding:
    """The weights and biases that are given, as they stand in the exercise."""
    wanted = []
    for layer in range(exercise.layers):
        for name, given in (("β{k}", exercise.biases[layer]), ("Ω{k}", exercise.weights[layer])):
            wanted.append(Wanted(name.format(k=layer), given, _scale(given)))
    return _best([wanted], places)


def _of_slopes(slopes: Slopes) -> Iterator[Wanted]:
    for layer, (biases, weights) in enumerate(zip(slopes.biases, slopes.weights, strict=True)):
        yield Wanted(f"∂ℓ/∂β{layer}", biases, _scale(biases))
        yield Wanted(f"∂ℓ/∂Ω{layer}", weights, _scale(weights))


def _scale(values: Array) -> Array:
    """Small numbers are among others: not so small as to be told from all of them."""
    return np.maximum(np.abs(values), 0.1 * float(np.max(np.abs(values), initial=1e-9)))


def _best(readings: Sequence[Sequence[Wanted]], places: Sequence[Place]) -> Finding:
    """The way of counting by which most is found, and least by chance."""
    found = [_look(wanted, places) for wanted in readings]
    sure = next((one for one in found if one.certain), None)
    best = sure or min(found, key=_rank)
    if best.complete:
        return best
    if any(_look(wanted, places, loosely=True).certain for wanted in readings):
        return replace(best, near=best.missing)
    return best


def _look(wanted: Sequence[Wanted], places: Sequence[Place], *, loosely: bool = False) -> Finding:
    found: dict[str, Sighting] = {}
    rows = []
    for one in wanted:
        seen = [
            (sighting(place.row, one, loosely=loosely), number)
            for number, place in enumerate(places)
        ]
        sightings = [(s, number) for s, number in seen if s is not None]
        if sightings:
            found[one.name], number = min(sightings, key=lambda pair: pair[0].chance)
            rows.append(number)
    missing = tuple(w.name for w in wanted if w.name not in found)
    return Finding(found, missing, rows=tuple(rows))


def _rank(finding: Finding) -> tuple[float, float]:
    """Lower is better: the share that is missing, then the chance."""
    size = len(finding.found) + len(finding.missing)
    sure = len(finding.sure) / max(1, size)
    return (0.0 if finding.complete else 1.0 - sure, finding.chance)
