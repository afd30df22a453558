"""The small networks that several of the textbook's notebooks define, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def relu(values: Array) -> Array:
    """The rectified linear unit."""
    return np.maximum(values, 0.0)


def three_units(x: Array, phi: Sequence[float], theta: Sequence[Sequence[float]]) -> Array:
    """phi_0 + sum of phi_i ReLU(theta_i0 + theta_i1 x), i = 1, 2, 3; as of equation 3.1.

    `phi` has four numbers, `theta` three pairs.
    """
    total = np.full_like(x, phi[0], dtype=np.float64)
    for weight, (offset, slope) in zip(phi[1:], theta, strict=True):
        total = total + weight * relu(offset + slope * x)
    return total


def deep(
    x: Array,
    weights: Sequence[Array],
    biases: Sequence[Array],
    activation: Callable[[Array], Array] = relu,
) -> tuple[Array, list[Array]]:
    """Output and preactivations of a network; x is (D_in, n)."""
    hidden, before = x, []
    for weight, bias in zip(weights, biases, strict=True):
        before.append(bias + weight @ hidden)
        hidden = activation(before[-1])
    return before[-1], before


def layers(sizes: Sequence[int], seed: int, spread: float = 1.0) -> tuple[list[Array], list[Array]]:
    """Random weights (out x in) and biases (out x 1) of a network of these sizes."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, spread, (b, a)) for a, b in pairwise(sizes)]
    biases = [rng.normal(0, spread, (b, 1)) for b in sizes[1:]]
    return weights, biases
