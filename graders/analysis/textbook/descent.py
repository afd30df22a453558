"""How is a step of gradient descent judged? By direction, length and what it does to the loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Judgement, as_numbers
from graders.language import _

Array = NDArray[np.float64]
PARALLEL = 1e-4  # one minus the cosine


def step_of(value: object, start: Array) -> Array | None:
    """The step (2,) from `start` that an answer means; None when it is no pair of numbers."""
    after = as_numbers(value)
    if after is None or after.shape != (2,):
        return None
    return after - start.reshape(-1)


def downhill(step: Array | None, gradient: Array) -> Judgement | None:
    """What is wrong with a step's direction; None when it goes against the gradient."""
    if step is None:
        return Judgement(False, _("it gives no pair of numbers"))
    length = float(np.linalg.norm(step))
    if length < 1e-12:
        return Judgement(False, _("the parameters stay where they are"))
    along = -float(step @ gradient.reshape(-1)) / (length * float(np.linalg.norm(gradient)))
    if along < 1 - PARALLEL:
        return Judgement(False, _("the step does not go against the gradient"))
    return None
