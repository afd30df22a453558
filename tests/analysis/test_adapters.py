"""Low-rank adapters in the styles that students write, and the factor they are added with."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrize

from graders.analysis.adapters import (
    adapted_layers,
    dimensions,
    formula,
    plain_layers,
    shapes_fit,
)
from graders.analysis.network import Network
from graders.analysis.replay import Replay
from graders.evidence.reading import Blobs

Draw = Callable[..., Network]
INTO, OUT, R, ALPHA = 10, 7, 3, 0.3


class Adapted(nn.Module):
    """A frozen linear layer with a pair; `run(self, x)` is the style."""

    def __init__(self, run, into: int = INTO, out: int = OUT, r: int = R, alpha: float = ALPHA):
        super().__init__()
        self.base = nn.Linear(into, out).requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, into))
        self.B = nn.Parameter(torch.zeros(out, r))
        self.At = nn.Parameter(torch.randn(into, r))
        self.Bt = nn.Parameter(torch.zeros(r, out))
        self.down, self.up = nn.Linear(into, r, bias=False), nn.Linear(r, out, bias=False)
        self.drop = nn.Dropout(0.1)
        self.alpha = alpha
        self.register_buffer("alpha_buffer", torch.tensor(alpha))
        self.run = run

    def forward(self, x):
        return self.run(self, x)


STYLES = {
    "beside, transposed": lambda m, x: m.base(x) + m.alpha * (x @ m.A.T @ m.B.T),
    "beside, F.linear": lambda m, x: m.base(x) + m.alpha * F.linear(F.linear(x, m.A), m.B),
    "beside, other storage": lambda m, x: m.base(x) + (x @ m.At @ m.Bt) * m.alpha,
    "beside, two layers": lambda m, x: m.base(x) + m.alpha * m.up(m.down(x)),
    "beside, dropout": lambda m, x: m.base(x) + m.alpha * m.up(m.down(m.drop(x))),
    "beside, product first": lambda m, x: m.base(x) + m.alpha * (x @ (m.B @ m.A).T),
    "beside, transposed product": lambda m, x: m.base(x) + m.alpha * (x @ (m.A.T @ m.B.T)),
    "beside, buffer": lambda m, x: m.base(x) + m.alpha_buffer * m.up(m.down(x)),
    "beside, torch.add": lambda m, x: torch.add(m.base(x), m.up(m.down(x)), alpha=m.alpha),
    "beside, column vectors": lambda m, x: m.base(x) + m.alpha * (m.B @ (m.A @ x.T)).T,
    "within": lambda m, x: F.linear(x, m.base.weight + m.alpha * m.B @ m.A, m.base.bias),
    "within, torch.mm": lambda m, x: F.linear(
        x, torch.add(m.base.weight, torch.mm(m.B, m.A) * m.alpha), m.base.bias
    ),
    "within, other storage": lambda m, x: F.linear(
        x, m.base.weight + m.alpha * (m.At @ m.Bt).T, m.base.bias
    ),
    "within, by hand": lambda m, x: x @ (m.base.weight + m.alpha * (m.B @ m.A)).t() + m.base.bias,
    "within, divided": lambda m, x: F.linear(
        x, m.base.weight + (m.alpha * R / R) * (m.B @ m.A), m.base.bias
    ),
    "bias last": lambda m, x: x @ m.base.weight.T + m.alpha * (x @ m.A.T @ m.B.T) + m.base.bias,
    "einsum": lambda m, x: (
        m.base(x) + m.alpha * torch.einsum("nr,or->no", torch.einsum("ni,ri->nr", x, m.A), m.B)
    ),
}


def _net(run) -> nn.Module:
    return nn.Sequential(
        Adapted(run), nn.ReLU(), Adapted(run, OUT, OUT), nn.ReLU(), nn.Linear(OUT, 1)
    )


@pytest.mark.parametrize("style", STYLES)
def test_each_style_is_understood(draw: Draw, blobs: Blobs, style: str) -> None:
    network = draw(_net(STYLES[style]), torch.randn(6, INTO))
    layers = adapted_layers(network)
    assert len(layers) == 2
    assert [dimensions(network, x) for x in layers] == [(OUT, INTO, R), (OUT, OUT, R)]
    assert all(shapes_fit(network, x) for x in layers)
    assert len(plain_layers(network, layers)) == 1
    for layer in layers:
        measured = formula(Replay(network, blobs), layer)
        assert measured.holds
        assert math.isclose(measured.factor, ALPHA, rel_tol=1e-6)


def test_a_is_next_to_the_input(draw: Draw) -> None:
    for style in ("beside, other storage", "within, other storage", "within", "einsum"):
        network = draw(_net(STYLES[style]), torch.randn(6, INTO))
        first = adapted_layers(network)[0]
        names = [network.leaves[v].name.split(".")[-1][0] for v in (first.a, first.b)]
        assert names == ["A", "B"], style


def test_parametrization(draw: Draw, blobs: Blobs) -> None:
    class LowRank(nn.Module):
        def __init__(self, weight: torch.Tensor) -> None:
            super().__init__()
            self.a = nn.Parameter(torch.randn(2, weight.shape[1]))
            self.b = nn.Parameter(torch.zeros(weight.shape[0], 2))

        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return weight + 0.5 * self.b @ self.a

    net = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1)).requires_grad_(False)
    for layer in (net[0], net[2]):
        parametrize.register_parametrization(layer, "weight", LowRank(layer.weight))
    network = draw(net, torch.randn(4, 5))
    found = adapted_layers(network)
    assert [dimensions(network, x) for x in found] == [(8, 5, 2), (1, 8, 2)]
    assert all(math.isclose(formula(Replay(network, blobs), x).factor, 0.5) for x in found)


def test_functional_training_step(draw_step: Callable[..., Network], blobs: Blobs) -> None:
    weights = {"w": torch.randn(6, 4), "b": torch.randn(6), "v": torch.randn(1, 6)}
    pairs = {
        k: (
            torch.randn(2, w.shape[1], requires_grad=True),
            torch.zeros(w.shape[0], 2, requires_grad=True),
        )
        for k, w in weights.items()
        if k != "b"
    }
    x, y = torch.randn(20, 4), torch.randint(0, 2, (20,)).float()

    def step() -> torch.Tensor:
        def lin(h: torch.Tensor, k: str) -> torch.Tensor:
            a, b = pairs[k]
            return F.linear(h, weights[k]) + 0.25 * F.linear(F.linear(h, a), b)

        h = torch.relu(lin(x[:8], "w") + weights["b"])
        return F.binary_cross_entropy_with_logits(lin(h, "v").squeeze(), y[:8])

    network = draw_step(step)
    assert [network.shape(v) for v in network.inputs] == [(8, 4)]
    found = adapted_layers(network)
    assert [dimensions(network, x) for x in found] == [(6, 4, 2), (1, 6, 2)]
    assert all(math.isclose(formula(Replay(network, blobs), x).factor, 0.25) for x in found)


NOT_THE_FORMULA = {
    "activation between": lambda m, x: m.base(x) + m.alpha * m.up(torch.relu(m.down(x))),
    "bias in the pair": lambda m, x: m.base(x) + (m.down(x) + m.drop.p) @ m.Bt**2,
}


@pytest.mark.parametrize("style", NOT_THE_FORMULA)
def test_another_formula_is_not_taken_for_it(draw: Draw, blobs: Blobs, style: str) -> None:
    network = draw(
        nn.Sequential(Adapted(NOT_THE_FORMULA[style]), nn.Linear(OUT, 1)), torch.randn(6, INTO)
    )
    found = adapted_layers(network)
    assert all(not formula(Replay(network, blobs), x).holds for x in found)


def test_a_plain_network_has_no_adapters(draw: Draw) -> None:
    net = nn.Sequential(nn.Linear(5, 8), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
    assert adapted_layers(draw(net, torch.randn(4, 5))) == ()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    style=st.sampled_from([s for s in STYLES if "storage" not in s]),
    into=st.integers(2, 9),
    out=st.integers(1, 9),
    r=st.integers(1, 9),
    alpha=st.floats(0.01, 8),
)
def test_any_size_and_factor(
    draw: Draw, blobs: Blobs, style: str, into: int, out: int, r: int, alpha: float
) -> None:
    network = draw(
        nn.Sequential(Adapted(STYLES[style], into, out, r, alpha), nn.Tanh()), torch.randn(3, into)
    )
    (layer,) = adapted_layers(network)
    assert dimensions(network, layer) == (out, into, r)
    assert math.isclose(formula(Replay(network, blobs), layer).factor, alpha, rel_tol=1e-6)
