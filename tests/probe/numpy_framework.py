"""A framework of layers made of NumPy arrays, for what the probe asks of any."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from graders.probe.frameworks.seam import Entry


class Box:
    """A tensor: values, and whether it came of something that learns."""

    def __init__(self, array: Any, *, learns: bool = False) -> None:
        self.array, self.learns = np.asarray(array, dtype=np.float32), learns


class Layer:
    """x @ weight, with a counter of calls that nobody learns."""

    def __init__(self, width: int = 2) -> None:
        self.weight, self.calls = Box(np.eye(width), learns=True), Box(0)

    def __call__(self, x: Box) -> Box:
        self.calls.array = self.calls.array + 1
        return Box(x.array @ self.weight.array)


class Boxes:
    def is_tensor(self, thing: Any) -> bool:
        return isinstance(thing, Box)

    def is_weight(self, thing: Any) -> bool:
        return isinstance(thing, Box)

    def learns(self, tensor: Box) -> bool:
        return tensor.learns

    def has_history(self, tensor: Box) -> bool:
        return tensor.learns

    def detached(self, tensor: Box) -> Box:
        return Box(tensor.array)

    def to_numpy(self, tensor: Box) -> Any:
        return tensor.array

    def copied(self, tensor: Box) -> Box:
        return Box(tensor.array.copy())

    def print_of(self, copied: Box | None) -> Any:
        return copied and copied.array.tobytes()

    def mark(self, tensor: Box) -> Any:
        return tensor.array.tobytes()

    def rows(self, tensor: Box, first: int, count: int) -> Box:
        return Box(tensor.array[first : first + count])

    def fresh_rows(self, given: Box, count: int) -> Box:
        return Box(np.ones((count, *given.array.shape[1:])))

    def shape(self, tensor: Box) -> tuple[int, ...]:
        return tensor.array.shape

    def nbytes(self, tensor: Box) -> int:
        return tensor.array.nbytes

    def number(self, tensor: Box) -> float | None:
        return float(tensor.array) if tensor.array.size == 1 else None

    def randomness_kept(self) -> Any:
        return contextlib.nullcontext()

    def new_tape(self) -> Any:
        raise NotImplementedError


class Layers:
    name = "keras"

    def __init__(self) -> None:
        self.tensors = Boxes()

    def is_model(self, thing: Any) -> bool:
        return isinstance(thing, Layer)

    def is_layer(self, thing: Any) -> bool:
        return False

    def has_parameters(self, model: Any) -> bool:
        return True

    def entries(self, model: Any) -> list[Entry]:
        return [
            Entry("weight", "parameter", model.weight, model.weight.learns),
            Entry("calls", "buffer", model.calls, False),
        ]

    def parts(self, model: Any) -> Any:
        return [("", model)]

    def in_training(self, model: Any) -> bool:
        return False

    def can_be_called(self, model: Any) -> bool:
        return False

    def evaluating(self, model: Any) -> Any:
        return contextlib.nullcontext()

    def call(self, model: Any, inputs: tuple[Any, ...]) -> Any:
        return model(*inputs)

    def likely_inputs(self, model: Any) -> Iterator[tuple[Any, ...]]:
        return iter(())
