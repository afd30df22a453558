"""The network of the question on backpropagation: what it computes, and its loss's derivatives.

Hidden layers with a sigmoid, a linear output, squared errors over a few points. Everything in
float64; rows of a weight matrix are the units that it leads to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Slopes:
    """Derivatives of a loss with respect to each layer's biases (n) and weights (n x m)."""

    biases: tuple[Array, ...]
    weights: tuple[Array, ...]

    def __mul__(self, factor: float) -> Slopes:
        return Slopes(
            tuple(factor * b for b in self.biases), tuple(factor * w for w in self.weights)
        )


@dataclass(frozen=True)
class Exercise:
    """`weights` and `biases` of each layer, `points` (one a row) and what is right for each."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    points: Array
    right: Array

    @property
    def layers(self) -> int:
        return len(self.weights)

    def hidden(self, points: Array | None = None) -> list[Array]:
        """What goes into each layer, points first; each has one row a point."""
        values = [self.points if points is None else points]
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values.append(sigmoid(values[-1] @ weights.T + biases))
        return values

    @cached_property
    def outputs(self) -> Array:
        """The network's answer for each point."""
        answers = self.hidden()[-1] @ self.weights[-1].T + self.biases[-1]
        return np.asarray(answers[:, 0], dtype=np.float64)

    @property
    def squares(self) -> float:
        """The sum of the squared errors over the points."""
        return float(np.sum((self.outputs - self.right) ** 2))

    @cached_property
    def by_point(self) -> tuple[Slopes, ...]:
        """Derivatives of each point's squared error."""
        values = self.hidden()
        found = []
        for point in range(len(self.points)):
            slope = np.array([2 * (self.outputs[point] - self.right[point])])
            biases: list[Array] = []
            weights: list[Array] = []
            for layer in range(self.layers - 1, -1, -1):
                given = values[layer][point]
                biases.append(slope)
                weights.append(np.outer(slope, given))
                slope = (self.weights[layer].T @ slope) * given * (1 - given)
            found.append(Slopes(tuple(biases[::-1]), tuple(weights[::-1])))
        return tuple(found)

    @cached_property
    def slopes(self) -> Slopes:
        """Derivatives of the sum of the squared errors."""
        return Slopes(
            tuple(np.sum([s.biases[k] for s in self.by_point], axis=0) for k in range(self.layers)),
            tuple(
                np.sum([s.weights[k] for s in self.by_point], axis=0) for k in range(self.layers)
            ),
        )

    def stepped(self, factor: float) -> Exercise:
        """The network after one step of gradient descent with learning rate 1, where the loss is
        the sum of the squared errors times this factor."""
        down = self.slopes * factor
        return Exercise(
            tuple(w - d for w, d in zip(self.weights, down.weights, strict=True)),
            tuple(b - d for b, d in zip(self.biases, down.biases, strict=True)),
            self.points,
            self.right,
        )

    @property
    def conventions(self) -> tuple[float, ...]:
        """What the sum of the squared errors may be multiplied by to be called the loss: the mean
        over the points, or their sum, or half of either."""
        n = len(self.points)
        return (1 / n, 1.0, 1 / (2 * n), 0.5)


def sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)), dtype=np.float64)


def exercise(layers: Sequence[Mapping[str, Any]], points: Sequence[Sequence[float]]) -> Exercise:
    """The exercise as a rubric gives it: layers with `weights` (a row for each unit) and `biases`,
    points as (x1, ..., y). Raises ValueError when the sizes do not fit."""
    weights = tuple(np.array(layer["weights"], dtype=np.float64, ndmin=2) for layer in layers)
    biases = tuple(np.array(layer["biases"], dtype=np.float64, ndmin=1) for layer in layers)
    table = np.array(points, dtype=np.float64, ndmin=2)
    sizes = [table.shape[1] - 1, *(len(w) for w in weights)]
    fits = all(
        w.shape == (out, into) and b.shape == (out,)
        for w, b, into, out in zip(weights, biases, sizes[:-1], sizes[1:], strict=True)
    )
    if not weights or not fits or sizes[-1] != 1:
        raise ValueError("the layers do not fit each other, the points, or one output")
    return Exercise(weights, biases, table[:, :-1], table[:, -1])
