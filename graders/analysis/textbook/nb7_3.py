"""Notebook 7.3, initialisation: its two experiments, seen in the weights that its cells draw.

The cells that initialise a network are run again, and what each draws is noted: how many layers, of
how many units, with what variance. So it does not matter how sizes and variances are called, in
which cell they stand, or which of several that were tried was the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from graders.analysis.textbook.todo import Judgement, Todo, unanswered
from graders.evidence.questions import Answer, cell, code
from graders.language import _

LAYERS, UNITS = 50, 80
HE = 2 / UNITS  # variance of the weights that keeps that of the units: equation 7.32
NEAR, FAR = 0.12, 0.3  # relative distance: over 50 layers 12 % is a factor of 20
_CELLS = {False: "VL_SO4tar3DC", True: "gtokc0VX0839"}  # forward, backward
_NOTES = """
class Notes:
    def __init__(self):
        self.seen = []
    def note(self, weights):
        inner = [np.asarray(w, dtype=float) for w in weights[1:-1]]
        if inner:
            mean = float(np.mean([np.mean(w ** 2) for w in inner]))
            self.seen.append([len(inner) + 1, len(inner[0]), mean])
"""
_DRAWN = (
    _NOTES
    + """
class Draws(Notes):
    def __call__(self, *args, **named):
        made = init_params(*args, **named)
        self.note(made[0])
        return made
made = Draws()
"""
)
_BACKWARD = (
    _NOTES
    + """
class Backwards(Notes):
    last = None
    def __call__(self, all_weights, *args, **named):
        if all_weights is not self.last:
            self.note(all_weights)
        self.last = all_weights
        return backward_pass(all_weights, *args, **named)
made = Backwards()
"""
)
_QUESTION = cell(
    "init_params",
    "backward_pass",
    "K",
    "D",
    "sigma_sq_omega",
    given={
        "init_params": code(_DRAWN, "init_params"),
        "backward_pass": code(_BACKWARD, "backward_pass"),
    },
    wanted=("init_params.seen", "backward_pass.seen"),
    which="all",
    calls=True,
    seconds=30.0,
)
Drawn = tuple[int, int, float]  # layers, units, variance


def experiment_layers() -> Todo:
    """50 layers of 80 units, initialised so that the forward pass neither explodes nor vanishes."""
    return _experiment(backward=False)


def experiment_variance() -> Todo:
    """The same for the gradients."""
    return _experiment(backward=True)


def _experiment(*, backward: bool) -> Todo:
    return Todo(
        cells=(_CELLS[backward],),
        expected=_("50 layers of 80 units, weights with a variance near 2/80"),
        questions=(_QUESTION,),
        judge=_judge(backward),
    )


def _judge(backward: bool) -> Callable[[Sequence[Answer]], Judgement]:
    def judge(answers: Sequence[Answer]) -> Judgement:
        answer = answers[0]
        if answer.outcome == "missing":
            return Judgement(None, _("no cell was seen that initialises a network"))
        problem = unanswered(_QUESTION, answer)
        if problem is not None:
            return problem
        drawn, through = (_networks(seen) for seen in answer.value)
        if not drawn:
            return Judgement(None, _("no cell was seen that initialises a network"))
        if backward:
            return _nearest(list(through))
        only_forward = drawn - through
        if not only_forward:  # one network for both
            return _nearest(list(through))
        found = _nearest(list(only_forward))
        if found.holds is False and _nearest(list(through)).holds:
            # Gradients need the forward pass too: it may have been looked at there.
            return Judgement(None, found.observed)
        return found

    return judge


def _networks(seen: object) -> Counter[Drawn]:
    """How often each network was seen."""
    rows = seen if isinstance(seen, list) else []
    return Counter((int(layers), int(units), float(mean)) for layers, units, mean in rows)


def _nearest(drawn: Sequence[Drawn]) -> Judgement:
    """How near the variance of a large network's weights came to what is right."""
    distances = [
        abs(variance / HE - 1)
        for layers, units, variance in drawn
        if abs(layers - LAYERS) <= 1 and units == UNITS
    ]
    if not distances:
        return Judgement(False, _("no network of 50 layers with 80 units was seen"))
    best = min(distances)
    words = _("50 layers of 80 units; the variance nearest to 2/80 is {best:.0%} away from it")
    holds = True if best <= NEAR else None if best <= FAR else False
    return Judgement(holds, words.format(best=min(best, 99.0)))
