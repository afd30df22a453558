"""Does the size of the steps of notebook 6.3 fall while it descends? Seen in its cells run again.

Once with steps of ours in place of the notebook's own, which note the size that they are called
with; once with a gradient of ours that is the same everywhere, so that a step is as long as its
size, whoever makes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Judgement, as_numbers, unanswered
from graders.evidence.questions import Answer, cell, code
from graders.language import _

Array = NDArray[np.float64]
_STEPS = ("stochastic_gradient_descent_step", "gradient_descent_step_fixed_learning_rate")
# A descent begins where a step does not go on from where the last one ended.
_NOTES = """
class Steps:
    def __init__(self):
        self.rates, self.begins, self.last = [], [], None
    def __call__(self, phi, *rest, **named):
        numbers = [v for v in rest if np.ndim(v) == 0 and not callable(v)]
        numbers += [v for v in named.values() if np.size(v) == 1 and not callable(v)]
        said = [named[n] for n in ('alpha', 'lr', 'learning_rate') if n in named]
        self.begins.append(self.last is None or not np.allclose(phi, self.last, 0, 1e-9))
        self.rates.append(float((said + numbers)[0]))
        self.last = np.array(phi, dtype=float) + 0.001
        return self.last.copy()
made = Steps()
"""
_SLOPE = """
class Slope:
    calls = 0
    def __call__(self, *args, **named):
        self.calls += 1
        return np.ones((2, 1))
made = Slope()
"""
_QUIET = {
    name: code("lambda *args, **named: None") for name in ("draw_model", "draw_loss_function")
}
_NOTED = cell(
    *_STEPS,
    given={**_QUIET, **{name: code(_NOTES) for name in _STEPS}},
    wanted=tuple(f"{name}.{what}" for name in _STEPS for what in ("rates", "begins")),
    which="each",
    calls=True,
    seconds=20.0,
)
_LONG = cell(
    *_STEPS,
    "compute_gradient",
    given={
        **_QUIET,
        "compute_gradient": code(_SLOPE),
        "gradient_descent_step": code("lambda phi, *args, **named: phi"),
    },
    wanted=("phi_all", "compute_gradient.calls"),
    which="each",
    calls=True,
    seconds=20.0,
)
QUESTIONS = (_NOTED, _LONG)
_FEW = 3  # steps that are no descent yet


def judge(answers: Sequence[Answer]) -> Judgement:
    """Falls the size in some descent? None when one was seen whose steps could not be."""
    noted, long = answers
    problem = unanswered(_NOTED, noted)
    if problem is not None and noted.outcome != "missing":
        return problem
    descents = list(_descents(noted.value if noted.answered else []))
    unseen = False
    for path, calls in long.value if long.answered else []:
        lengths = _lengths(path)
        if lengths is not None:
            descents.append(lengths)
        elif isinstance(calls, int) and calls > _FEW:
            unseen = True
    falling = [rates for rates in descents if _falls(rates)]
    if falling:
        return Judgement(True, _said(falling[-1]))
    if unseen:
        return Judgement(None, _("the size of the steps of a descent could not be seen"))
    if not descents:
        return Judgement(False, _("no steps of a schedule were seen"))
    if np.any(np.diff(descents[-1]) > 0):
        return Judgement(False, _("the size of the steps rises in between"))
    return Judgement(False, _said(descents[-1]))


def _descents(cells: Sequence[Sequence[object]]) -> Iterator[Array]:
    """The sizes noted in each descent of each cell."""
    for rates_1, begins_1, rates_2, begins_2 in cells:
        for rates, begins in ((rates_1, begins_1), (rates_2, begins_2)):
            sizes, starts = as_numbers(rates), as_numbers(begins)
            if sizes is None or starts is None:
                continue
            at = np.flatnonzero(starts.reshape(-1))[1:]
            yield from (part for part in np.split(sizes.reshape(-1), at) if len(part) > _FEW)


def _lengths(path: object) -> Array | None:
    """How long the steps of a path (2, n) are, up to the last that moved; None when it stays."""
    places = as_numbers(path)
    if places is None or places.ndim != 2 or len(places) != 2:
        return None
    lengths = np.linalg.norm(np.diff(places, axis=1), axis=0)
    moved = np.flatnonzero(lengths > 1e-12)
    if len(moved) <= _FEW:
        return None
    return np.asarray(lengths[: moved[-1] + 1])


def _falls(rates: Array) -> bool:
    falling = np.diff(rates)
    tiny = 1e-6 * float(np.max(np.abs(rates)))
    return bool(np.all(falling <= tiny) and np.any(falling < -tiny))


def _said(rates: Array) -> str:
    words = _("{n} steps, of size {first:.3g} first and {last:.3g} last")
    return words.format(n=len(rates), first=rates[0], last=rates[-1])
