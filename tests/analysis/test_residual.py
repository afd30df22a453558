"""Residual connections in the styles that students write, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from graders.analysis.network import Network
from graders.analysis.residual import residual_blocks

Draw = Callable[..., Network]
D = 12


class Block(nn.Module):
    """A block whose forward is given: f(self, x)."""

    def __init__(self, forward, d: int = D) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.n1, self.n2 = nn.BatchNorm1d(d), nn.LayerNorm(d)
        self.drop = nn.Dropout(0.2)
        self.gain = nn.Parameter(torch.zeros(1))
        self.relu = nn.ReLU(inplace=True)
        self.run = forward

    def forward(self, x):
        return self.run(self, x)


def _plus_equals(m, x):
    h = m.b(F.relu(m.a(x)))
    h += x
    return F.relu(h)


def _inplace_relu(m, x):
    skip = x
    h = m.relu(m.n1(m.a(x)))
    h = m.b(h)
    return m.relu(h + skip)


GENUINE = {
    "operator": lambda m, x: x + m.b(F.relu(m.a(x))),
    "reversed": lambda m, x: m.b(F.relu(m.a(x))) + x,
    "torch.add": lambda m, x: torch.add(x, m.b(F.gelu(m.a(x)))),
    "method add": lambda m, x: m.b(F.silu(m.a(x))).add(x),
    "plus equals": _plus_equals,
    "in-place relu": _inplace_relu,
    "pre-activation": lambda m, x: x + m.b(F.relu(m.n2(m.a(F.relu(m.n1(x)))))),
    "activated twice": lambda m, x: F.relu(x) + m.b(F.relu(m.a(F.relu(x)))),
    "projection": lambda m, x: F.relu(m.c(x) + m.b(F.relu(m.a(x)))),
    "projection and norm": lambda m, x: F.relu(m.n1(m.c(x)) + m.n2(m.b(F.relu(m.a(x))))),
    "dropout on the way": lambda m, x: x + m.drop(m.b(m.drop(F.relu(m.a(x))))),
    "gain that starts at zero": lambda m, x: x + m.gain * m.b(F.relu(m.a(x))),
    "scaled": lambda m, x: 0.5 * x + 0.5 * m.b(F.relu(m.a(x))),
    "difference": lambda m, x: x - m.b(F.relu(m.a(x))),
    "add with alpha": lambda m, x: torch.add(x, m.b(F.relu(m.a(x))), alpha=0.3),
    "matmul by hand": lambda m, x: (
        x + (F.relu(x @ m.a.weight.T + m.a.bias) @ m.b.weight.T + m.b.bias)
    ),
    "einsum": lambda m, x: (
        x + torch.einsum("ni,oi->no", F.relu(torch.einsum("ni,oi->no", x, m.a.weight)), m.b.weight)
    ),
    "addmm": lambda m, x: (
        x + torch.addmm(m.b.bias, F.relu(torch.addmm(m.a.bias, x, m.a.weight.t())), m.b.weight.t())
    ),
    "three layers": lambda m, x: x + m.c(F.relu(m.b(F.relu(m.a(x))))),
    "reshaped": lambda m, x: (x.view(-1, D) + m.b(F.relu(m.a(x)))).reshape(x.shape),
}


def _overwritten(m, x):
    identity = x
    h = F.relu(m.a(x))
    h = h + identity
    h = F.relu(m.a(x))
    return m.b(h)


def _after_return(m, x):
    return m.b(F.relu(m.a(x)))


FAKE = {
    "no skip": _after_return,
    "constant added": lambda m, x: torch.ones(D) + m.b(F.relu(m.a(x))),
    "parameter added": lambda m, x: m.gain + m.b(F.relu(m.a(x))),
    "overwritten": _overwritten,
    "two towers": lambda m, x: m.b(F.relu(m.a(x))) + F.relu(m.c(x)),
    "parallel layers": lambda m, x: m.a(x) + m.b(x),
    "low rank beside": lambda m, x: m.a(x) + m.c(m.b(x)),
    "skip of the output": lambda m, x: (lambda h: h + h)(m.b(F.relu(m.a(x)))),
    "multiplied by zero": lambda m, x: 0 * x + m.b(F.relu(m.a(x))),
    "zeros like": lambda m, x: torch.zeros_like(x) + m.b(F.relu(m.a(x))),
}


def _net(forward, n: int = 2) -> nn.Module:
    return nn.Sequential(nn.Linear(5, D), *[Block(forward) for _ in range(n)], nn.Linear(D, 1))


@pytest.mark.parametrize("style", GENUINE)
def test_each_style_is_seen(draw: Draw, style: str) -> None:
    blocks = residual_blocks(draw(_net(GENUINE[style]), torch.randn(9, 5)))
    assert [b.join for b in blocks] == ["add", "add"]
    assert all(b.layers >= 2 for b in blocks)


@pytest.mark.parametrize("style", FAKE)
def test_what_only_looks_like_a_skip_is_not_counted(draw: Draw, style: str) -> None:
    assert residual_blocks(draw(_net(FAKE[style]), torch.randn(9, 5))) == ()


def test_one_layer_inside_is_counted_as_one(draw: Draw) -> None:
    blocks = residual_blocks(draw(_net(lambda m, x: x + F.relu(m.a(x))), torch.randn(9, 5)))
    assert [b.layers for b in blocks] == [1, 1]


def test_dense_blocks(draw: Draw) -> None:
    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(
                nn.Sequential(nn.Linear(6 + 4 * i, 8), nn.ReLU(), nn.Linear(8, 4)) for i in range(3)
            )
            self.out = nn.Linear(6 + 4 * 3, 2)

        def forward(self, x):
            features = [x]
            for layer in self.layers:
                features.append(layer(torch.cat(features, dim=1)))
            return self.out(torch.cat(features, dim=1))

    blocks = residual_blocks(draw(Dense(), torch.randn(7, 6)))
    assert len(blocks) == 3
    assert {b.join for b in blocks} == {"concat"}
    assert all(b.layers >= 2 for b in blocks)


def test_blocks_that_are_never_called_do_not_count(draw: Draw) -> None:
    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(5, D), nn.Linear(D, 1)
            self.blocks = nn.ModuleList(Block(GENUINE["operator"]) for _ in range(3))

        def forward(self, x):
            h = F.relu(self.first(x))
            for block in self.blocks:
                block(h)
            return self.last(h)

    assert residual_blocks(draw(Unused(), torch.randn(9, 5))) == ()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    styles=st.lists(st.sampled_from([*GENUINE, *FAKE]), min_size=1, max_size=6),
    rows=st.integers(2, 20),
)
def test_as_many_as_were_written(draw: Draw, styles: list[str], rows: int) -> None:
    every = GENUINE | FAKE
    net = nn.Sequential(nn.Linear(5, D), *[Block(every[s]) for s in styles], nn.Linear(D, 1))
    blocks = residual_blocks(draw(net, torch.randn(rows, 5)))
    assert len(blocks) == sum(s in GENUINE for s in styles)
