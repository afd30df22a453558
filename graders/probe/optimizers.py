"""What does an optimizer say of itself? Its name, its settings, its learning rates."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

GRID = 256  # steps at which a schedule is asked for its rate
MAX_RATES = 5000


class Stepper(Protocol):
    """An optimizer, whichever library made it. One object for each optimizer."""

    name: str

    def settings(self) -> dict[str, Any]:
        """What it was made with, as plain values."""

    def rates(self) -> list[float]:
        """Its learning rates now."""

    def groups(self) -> list[list[Any]]:
        """The tensors that it steps, those of one learning rate together."""


class TorchStepper:
    """An optimizer of torch's."""

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self.name = type(optimizer).__name__

    def settings(self) -> dict[str, Any]:
        return plain(self._optimizer.defaults)

    def rates(self) -> list[float]:
        return [group["lr"] for group in self._optimizer.param_groups]

    def groups(self) -> list[list[Any]]:
        return [list(group["params"]) for group in self._optimizer.param_groups]


class KerasStepper:
    """An optimizer of Keras', on any backend. `tensor_of` gives a variable's lasting tensor."""

    def __init__(self, optimizer: Any, tensor_of: Any) -> None:
        self._optimizer = optimizer
        self._tensor_of = tensor_of
        self.name = type(optimizer).__name__

    def settings(self) -> dict[str, Any]:
        try:
            return plain(self._optimizer.get_config())
        except Exception:  # an optimizer of the notebook's own may not say
            return {}

    @property
    def scheduled(self) -> bool:
        """Its rate is a function, of the number of steps or of something else."""
        rate = self._optimizer._learning_rate
        return callable(rate) and not hasattr(rate, "assign")

    def rates(self) -> list[float]:
        rate = self._optimizer._learning_rate
        if self.scheduled:
            rate = self._optimizer.learning_rate
        return [number(rate)]

    def rate_at(self, step: int) -> float:
        """What its schedule gives for the step of this number, from 0."""
        return number(self._optimizer._learning_rate(step))

    @property
    def counts_steps(self) -> bool:
        """Its rate follows from the number of steps that it has made."""
        from keras.optimizers.schedules import LearningRateSchedule

        return isinstance(self._optimizer._learning_rate, LearningRateSchedule)

    def count(self) -> int:
        """Steps made so far, by its own counter."""
        return int(number(self._optimizer._iterations))

    def counter(self) -> Any:
        """The variable that it counts its steps in."""
        return self._optimizer._iterations

    def groups(self) -> list[list[Any]]:
        known = getattr(self._optimizer, "_trainable_variables", None) or []
        return [[self._tensor_of(variable) for variable in known]]


class Steppers:
    """One stepper for each optimizer, as long as somebody holds it (a run does)."""

    def __init__(self) -> None:
        self._known: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    def of(self, optimizer: Any, make: Any, *args: Any) -> Any:
        """The optimizer's stepper, made as `make(optimizer, *args)` at first."""
        stepper = self._known.get(id(optimizer))  # it holds the optimizer: the id is not reused
        if stepper is None:
            stepper = self._known[id(optimizer)] = make(optimizer, *args)
        return stepper


def number(thing: Any) -> float:
    """A variable's, tensor's or plain number's value."""
    if hasattr(thing, "numpy"):
        thing = thing.numpy()
    return float(thing)


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Those of the settings that are numbers, true or false, or text."""
    return {k: v for k, v in settings.items() if isinstance(v, (int, float, bool, str))}


def schedule(rate_at: Any, first: int, steps: int) -> list[tuple[int, list[float]]]:
    """(step from 1, [rate]) of a schedule over so many steps, the first of which is its step of
    number `first`; where it changes, at no more than `GRID` places."""
    if steps <= 0:
        return []
    places = sorted({round(i * (steps - 1) / (GRID - 1)) for i in range(GRID)})
    found: list[tuple[int, list[float]]] = []
    for place in places:
        rates = [rate_at(first + place)]
        if not found or rates != found[-1][1]:
            found.append((place + 1, rates))
    return found
