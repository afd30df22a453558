"""Notebook 7.3, initialisation: its two experiments, seen in the variables that cells leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graders.analysis.reading import Reading
from graders.analysis.textbook.todo import Judgement
from graders.language import _

LAYERS, UNITS = 50, 80
HE = 2 / UNITS  # variance of the weights that keeps that of the units: equation 7.32
NEAR, FAR = 0.12, 0.3  # relative distance: over 50 layers 12 % is a factor of 20
CELLS = {False: "VL_SO4tar3DC", True: "gtokc0VX0839"}  # forward, backward


def experiment(reading: Reading, backward: bool) -> Judgement:
    """Was a network of 50 layers of 80 units initialised so that the forward pass (or the
    gradients) neither explodes nor vanishes?"""
    tried = [state for state in _states(reading, backward) if _large(state)]
    if not tried:
        if CELLS[backward] in reading.unchanged:
            return Judgement(
                False, _("no network of 50 layers with 80 units was seen; the cell is as it was")
            )
        return Judgement(None, _("no network of 50 layers with 80 units was seen"))
    distances = [_distance(state) for state in tried]
    best = min(distances)
    words = _("50 layers of 80 units; the variance nearest to 2/80 is {best:.0%} away from it")
    if best <= NEAR:
        return Judgement(True, words.format(best=best))
    return Judgement(None if best <= FAR else False, words.format(best=min(best, 99.0)))


def _states(reading: Reading, backward: bool) -> Iterator[Mapping[str, float]]:
    """Numbers in variables after each cell that computes in this direction."""
    ran = [cell for cell in reading.evidence.run.cells if cell.executed]
    changed = {event.cell: event.values for event in reading.evidence.numbers}
    state: dict[str, float] = {}
    for number, cell in enumerate(ran):
        state |= changed.get(number, {})
        # What computes gradients computes the network forward too.
        computes = "backward_pass" in cell.source if backward else "init_params" in cell.source
        if computes or "sigma" in cell.source:
            yield dict(state)


def _large(state: Mapping[str, float]) -> bool:
    if "K" in state and "D" in state:
        return state["K"] == LAYERS and state["D"] == UNITS
    return LAYERS in state.values() and UNITS in state.values()


def _distance(state: Mapping[str, float]) -> float:
    """Of the variance from 2 / D, relative; of the nearest where several were tried."""
    named = [value for name, value in state.items() if "sigma" in name.casefold()]
    tried = [value for value in (named or state.values()) if value > 0]
    return min((abs(value / HE - 1) for value in tried), default=float("inf"))
