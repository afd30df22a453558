"""What does an optimizer say of itself? Its name, its settings, its learning rates."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

GRID = 128  # steps at which a schedule is asked for its rate
MAX_RATES = 5000


class Stepper(Protocol):
    """An optimizer, whichever library made it. One object for each optimizer."""

    name: str

    def settings(self) -> dict[str, Any]:
        """What it was made with, as plain values."""

    def rates(self) -> list[float]:
        """Its learning rates now; none where they follow from `rates_of`."""

    def count(self) -> int:
        """Steps that it made so far, where its rates follow from that."""

    def rates_of(self, first: int, steps: int) -> list[tuple[int, list[float]]] | None:
        """(step from 1, rates) over so many steps, `first` having been made before; None when
        `rates` tells."""

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

    def count(self) -> int:
        return 0

    def rates_of(self, first: int, steps: int) -> None:
        return None

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

    def rates(self) -> list[float]:
        """Its rate, where it is a number; what a function says is not asked for at each step."""
        rate = self._optimizer._learning_rate
        return [] if callable(rate) and not hasattr(rate, "assign") else [number(rate)]

    def rates_of(self, first: int, steps: int) -> list[tuple[int, list[float]]] | None:
        """What its schedule says of so many steps, from the one with this number (from 0) on;
        None without a schedule."""
        from keras.optimizers.schedules import LearningRateSchedule

        found = self._optimizer._learning_rate
        if not isinstance(found, LearningRateSchedule):
            return None
        return schedule(lambda step: number(found(step)), first, steps)

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
    """A variable's, tensor's or plain number's value; 0.001 for the float32 nearest to it."""
    if hasattr(thing, "numpy"):
        thing = thing.numpy()
    return float(f"{float(thing):.7g}")


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
