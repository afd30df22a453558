"""The exercise's derivatives are what torch's autograd gives, whatever its sizes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.analysis.byhand.exercise import Exercise, exercise


def drawn(seed: int, sizes: tuple[int, ...] = (2, 2, 2, 1), points: int = 3) -> Exercise:
    rng = np.random.default_rng(seed)
    layers = [
        {"weights": rng.normal(0, 1, (out, into)).tolist(), "biases": rng.normal(0, 1, out)}
        for into, out in pairwise(sizes)
    ]
    return exercise(layers, rng.normal(0, 1, (points, sizes[0] + 1)).tolist())


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    hidden=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    points=st.integers(1, 4),
)
def test_derivatives_are_autograds(seed: int, hidden: list[int], points: int) -> None:
    net = drawn(seed, (2, *hidden, 1), points)
    weights = [torch.tensor(w, requires_grad=True) for w in net.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in net.biases]
    values = torch.tensor(net.points)
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        values = values @ w.T + b
        if layer < net.layers - 1:
            values = torch.sigmoid(values)
    loss = ((values[:, 0] - torch.tensor(net.right)) ** 2).sum()
    loss.backward()
    assert np.allclose(net.outputs, values[:, 0].detach().numpy())
    assert np.isclose(net.squares, loss.item())
    for layer in range(net.layers):
        assert np.allclose(net.slopes.weights[layer], weights[layer].grad.numpy())  # type: ignore[union-attr]  # backward was called
        assert np.allclose(net.slopes.biases[layer], biases[layer].grad.numpy())  # type: ignore[union-attr]  # as above
        summed = sum(point.weights[layer] for point in net.by_point)
        assert np.allclose(summed, net.slopes.weights[layer])


def test_a_small_step_lowers_the_loss() -> None:
    net = drawn(1)
    assert net.stepped(1e-3).squares < net.squares


def test_sizes_that_do_not_fit_are_refused() -> None:
    layer = {"weights": [[1, 2], [3, 4]], "biases": [0, 0]}
    with pytest.raises(ValueError, match="fit"):
        exercise([layer], [[1, 1, 1]])  # two outputs
    with pytest.raises(ValueError, match="fit"):
        exercise([layer, {"weights": [[1, 2, 3]], "biases": [0]}], [[1, 1, 1]])
