"""Residual connections that matter, in the styles that students write, and those for show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from graders.analysis import ablation
from graders.analysis.ablation import Connections, connections
from graders.analysis.network import Network
from graders.analysis.reading import Reading
from graders.analysis.structure import describe_blocks, idle_columns
from graders.evidence.model import Evidence
from graders.evidence.reading import Blobs
from graders.evidence.run_record import RunRecord
from graders.language import speaking

Draw = Callable[..., Network]
D = 12


class Block(nn.Module):
    """A block whose forward is given: f(self, x). Its last layer can start at zero."""

    def __init__(self, forward, d: int = D, zero: bool = False) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.n1, self.n2 = nn.BatchNorm1d(d), nn.LayerNorm(d)
        self.drop, self.all_dropped = nn.Dropout(0.2), nn.Dropout(1.0)
        self.alpha, self.scale = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.full((d,), 1e-6))
        self.down, self.up = nn.Linear(d, d // 4), nn.Linear(d // 4, d)
        self.register_buffer("zeros", torch.zeros(d))
        if zero:
            nn.init.zeros_(self.b.weight)
            nn.init.zeros_(self.b.bias)
            nn.init.zeros_(self.n1.weight)
        self.run = forward

    def forward(self, x):
        return self.run(self, x)

    def f(self, x):
        return self.b(F.relu(self.a(x)))


def _net(forward, n: int = 2, zero: bool = False) -> nn.Module:
    blocks = [Block(forward, zero=zero) for _ in range(n)]
    return nn.Sequential(nn.Linear(5, D), *blocks, nn.Linear(D, 1))


def _of(network: Network, blobs: Blobs) -> Connections:
    return connections(network, blobs)


HONEST = {
    "plain": lambda m, x: F.relu(x + m.f(x)),
    "rezero": lambda m, x: x + m.alpha * m.f(x),
    "layer scale": lambda m, x: x + m.scale * m.f(x),
    "small constant": lambda m, x: x + 0.05 * m.f(x),
    "batch norm last": lambda m, x: F.relu(x + m.n1(m.f(x))),
    "pre-activation": lambda m, x: x + m.b(F.relu(m.n2(m.a(F.relu(m.n1(x)))))),
    "projection": lambda m, x: F.relu(m.c(x) + m.f(x)),
    "projection, norm": lambda m, x: F.relu(m.n1(m.c(x)) + m.n2(m.f(x))),
    "squashed": lambda m, x: torch.tanh(x + torch.tanh(m.b(torch.sigmoid(m.a(x))))),
    "sigmoid": lambda m, x: torch.sigmoid(x + m.f(x)),
    "squeeze and excite": lambda m, x: x + m.f(x) * torch.sigmoid(m.up(F.relu(m.down(m.f(x))))),
    "gated": lambda m, x: x + torch.sigmoid(m.c(x)) * m.f(x),
    "dropout": lambda m, x: x + m.drop(m.b(m.drop(F.relu(m.a(x))))),
    "softmax in it": lambda m, x: m.n2(x + m.b(torch.softmax(m.a(x), dim=1))),
    "stochastic depth by hand": lambda m, x: x + (torch.rand(1) < 0.5).float() / 0.5 * m.f(x),
    "weights by hand": lambda m, x: x + F.relu(x @ m.a.weight.T) @ m.b.weight.T,
    "shared weights": lambda m, x: x + m.a(F.relu(m.a(x))),
    "learnt shortcut": lambda m, x: m.alpha * x + m.f(x),
    "log of it": lambda m, x: torch.log(F.softplus(x) + F.softplus(m.f(F.softplus(x)))),
    "log of a sum": lambda m, x: (lambda s: torch.log(s + F.softplus(m.f(s))))(torch.exp(x)),
    "leaky": lambda m, x: F.leaky_relu(m.b(F.leaky_relu(m.a(x))) + x, 0.01),
}

# What is added, by what the network then has: nothing, or connections of one layer.
NO_CONNECTION = {
    "times almost zero": lambda m, x: m.f(x) + 1e-12 * x,
    "added and taken away": lambda m, x: m.f(x) + x - x,
    "taken away as a copy": lambda m, x: (lambda t: m.f(x) + t - t)(x * 1.0),
    "taken away first": lambda m, x: m.f(x) + (x - x),
    "twice less twice": lambda m, x: m.f(x) + 2 * x - x - x,
    "buffer of zeros": lambda m, x: m.f(x) + m.zeros * x,
    "constant of zeros": lambda m, x: m.f(x) + torch.zeros(D) * x,
    "dropout of everything": lambda m, x: m.f(x) + F.dropout(x, 1.0),
    "module that drops all": lambda m, x: m.f(x) + m.all_dropped(x),
    "concatenated, cut off": lambda m, x: torch.cat([m.f(x), x], dim=1)[:, :D],
    "alpha of add": lambda m, x: torch.add(m.f(x), x, alpha=1e-10),
    "branch times zero": lambda m, x: x + 0 * m.f(x),
    "branch times a buffer": lambda m, x: x + m.zeros * m.f(x),
    "branch taken away": lambda m, x: (lambda h: x + h - h)(m.f(x)),
}
ONE_LAYER = {
    "second times zero": lambda m, x: (lambda h: x + h + 0 * m.b(h))(F.relu(m.a(x))),
    "second is the identity": lambda m, x: x + F.relu(m.a(x)) @ torch.eye(D),
    "second is a constant": lambda m, x: x + F.linear(F.relu(m.a(x)), torch.ones(D, D)),
    "second of constant weights": lambda m, x: x + F.relu(m.a(x)) @ (torch.eye(D) + 0 * m.b.weight),
    "second is a shade": lambda m, x: x + (lambda h: 1e-9 * m.b(h) + h)(F.relu(m.a(x))),
    "second reads zeros": lambda m, x: (lambda h: x + h + m.b(0 * h))(F.relu(m.a(x))),
}


@pytest.mark.parametrize("zero", [False, True], ids=["", "zero init"])
@pytest.mark.parametrize("style", HONEST)
def test_honest_styles_count(draw: Draw, blobs: Blobs, style: str, zero: bool) -> None:
    found = _of(draw(_net(HONEST[style], zero=zero), torch.randn(9, 5)), blobs)
    assert [b.layers >= 2 for b in found.blocks] == [True, True]
    assert not found.idle
    assert not any(b.idle for b in found.blocks)


@pytest.mark.parametrize("style", HONEST)
def test_honest_styles_count_in_a_training_step(draw_step: Draw, blobs: Blobs, style: str) -> None:
    net = _net(HONEST[style], zero=True).train()
    x, y = torch.randn(16, 5), torch.randint(0, 2, (16, 1)).float()
    network = draw_step(lambda: F.binary_cross_entropy_with_logits(net(x), y))
    assert [b.layers >= 2 for b in _of(network, blobs).blocks] == [True, True]


@pytest.mark.parametrize("style", NO_CONNECTION)
def test_connections_for_show_do_not_count(draw: Draw, blobs: Blobs, style: str) -> None:
    found = _of(draw(_net(NO_CONNECTION[style]), torch.randn(9, 5)), blobs)
    assert found.blocks == ()
    assert not found.unreached


@pytest.mark.parametrize("style", ONE_LAYER)
def test_layers_for_show_do_not_count(draw: Draw, blobs: Blobs, style: str) -> None:
    found = _of(draw(_net(ONE_LAYER[style]), torch.randn(9, 5)), blobs)
    assert [b.layers for b in found.blocks] == [1, 1]


def test_one_shortcut_added_three_times_is_one(draw: Draw, blobs: Blobs) -> None:
    net = _net(lambda m, x: m.f(x) + x - x + x, n=1)
    assert len(_of(draw(net, torch.randn(9, 5)), blobs).blocks) == 1


def test_a_long_shortcut_does_not_lend_its_effect(draw: Draw, blobs: Blobs) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(5, D), nn.Linear(D, 1)
            self.fake = nn.ModuleList(Block(NO_CONNECTION["added and taken away"]) for _ in "ab")

        def forward(self, x):
            h = start = F.relu(self.first(x))
            for block in self.fake:
                h = block(h)
            return self.last(h + start)

    assert len(_of(draw(Net(), torch.randn(9, 5)), blobs).blocks) == 1


def test_a_residual_network_for_show(draw: Draw, blobs: Blobs) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.plain = nn.Sequential(nn.Linear(5, D), nn.ReLU(), nn.Linear(D, 1))
            self.residual = _net(HONEST["plain"])

        def forward(self, x):
            return self.plain(x) + 0 * self.residual(x)

    found = _of(draw(Net(), torch.randn(9, 5)), blobs)
    assert found.blocks == ()
    assert found.unreached


def test_dense_blocks(draw: Draw, blobs: Blobs) -> None:
    class Dense(nn.Module):
        def __init__(self, keep: int) -> None:
            super().__init__()
            self.keep = keep
            self.layers = nn.ModuleList(
                nn.Sequential(nn.Linear(6 + 4 * i, 8), nn.ReLU(), nn.Linear(8, 4)) for i in range(5)
            )
            self.out = nn.Linear(6 + 4 * 5, 2)

        def forward(self, x):
            features = [x]
            for layer in self.layers:
                features.append(layer(torch.cat(features, dim=1)))
            return self.out(torch.cat(features, dim=1))

    blocks = _of(draw(Dense(0), torch.randn(7, 6)), blobs).blocks
    assert len(blocks) == 5
    assert all(b.layers >= 2 for b in blocks)


def test_networks_of_plain_tensors(draw_step: Draw, blobs: Blobs) -> None:
    weights = [torch.randn(5, 5, requires_grad=True) for _ in range(4)]
    out = torch.randn(5, 1, requires_grad=True)

    def step() -> torch.Tensor:
        h = x
        for a, b in (weights[:2], weights[2:]):
            h = h + torch.relu(h @ a) @ b
        return F.binary_cross_entropy_with_logits((h @ out).squeeze(1), y)

    x, y = torch.randn(16, 5), torch.randint(0, 2, (16,)).float()
    blocks = _of(draw_step(step), blobs).blocks
    assert [b.layers for b in blocks] == [2, 2]


def test_a_frozen_network_is_one_too(draw: Draw, blobs: Blobs) -> None:
    net = _net(HONEST["plain"], zero=True).requires_grad_(False)
    assert [b.layers for b in _of(draw(net, torch.randn(9, 5)), blobs).blocks] == [2, 2]


def test_a_parameter_nobody_trains_is_a_constant(draw: Draw, blobs: Blobs) -> None:
    net = _net(HONEST["learnt shortcut"])
    for block in net[1:3]:
        block.alpha.requires_grad_(False)
    assert _of(draw(net, torch.randn(9, 5)), blobs).blocks == ()


def test_a_dead_network_is_believed_with_other_weights(draw: Draw, blobs: Blobs) -> None:
    net = _net(HONEST["plain"])
    for block in net[1:3]:
        nn.init.constant_(block.a.bias, -1e6)  # every ReLU is dead
    assert [b.layers for b in _of(draw(net, torch.randn(9, 5)), blobs).blocks] == [2, 2]


def test_a_network_of_unknown_operations_is_believed(draw: Draw, blobs: Blobs) -> None:
    found = _of(draw(_net(lambda m, x: m.f(torch.i0(x)) + x - 0 * x), torch.randn(9, 5)), blobs)
    assert not found.idle


@pytest.mark.parametrize(
    "label", [lambda x: x.argmax(dim=1), lambda x: (x[:, 0] > 0).float()], ids=["argmax", "above"]
)
def test_labels_hide_no_connection(draw: Draw, blobs: Blobs, label) -> None:
    class Labels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = _net(HONEST["plain"], n=10)
            self.net.append(nn.Linear(1, 2))

        def forward(self, x):
            return label(self.net(x))

    found = _of(draw(Labels(), torch.randn(9, 5)), blobs)
    assert [b.layers for b in found.blocks] == [2] * 10


def test_forty_blocks(draw: Draw, blobs: Blobs) -> None:
    found = _of(draw(_net(HONEST["plain"], n=40), torch.randn(9, 5)), blobs)
    assert len(found.blocks) == 40


@pytest.mark.parametrize("style", ["plain", "branch times zero"])
def test_a_large_network_is_tried_in_part(
    draw: Draw, blobs: Blobs, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = draw(_net((HONEST | NO_CONNECTION)[style], n=8), torch.randn(9, 5))
    monkeypatch.setattr(ablation, "MOST_WORK", 1e5)
    assert len(_of(network, blobs).blocks) == (8 if style in HONEST else 0)
    monkeypatch.setattr(ablation, "TOO_MUCH", 1e3)
    assert len(_of(network, blobs).blocks) == 8


def test_a_difference_beside_a_connection_takes_nothing_away(draw: Draw, blobs: Blobs) -> None:
    def forward(m, x):
        h = x + m.f(x)
        return torch.cat([h, F.relu(h - x)], dim=1)

    net = nn.Sequential(nn.Linear(5, D), Block(forward), nn.Linear(2 * D, 1))
    first, *_others = _of(draw(net, torch.randn(9, 5)), blobs).blocks
    assert first.layers == 2


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kinds=st.lists(
        st.sampled_from(["real", "zero shortcut", "zero branch", "cancelled"]),
        min_size=1,
        max_size=6,
    ),
    width=st.integers(2, 20),
    layers=st.integers(1, 3),
    activation=st.sampled_from([F.relu, torch.tanh, F.gelu, torch.sigmoid]),
    seed=st.integers(0, 99),
)
def test_just_the_real_blocks_count(
    draw: Draw, blobs: Blobs, kinds: list[str], width: int, layers: int, activation, seed: int
) -> None:
    class Mlp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(5, width), nn.Linear(width, 1)
            self.blocks = nn.ModuleList(
                nn.ModuleList(nn.Linear(width, width) for _ in range(layers)) for _ in kinds
            )

        def forward(self, x):
            x = self.first(x)
            for kind, block in zip(kinds, self.blocks, strict=True):
                h = x
                for layer in block:
                    h = activation(layer(h))
                if kind == "real":
                    x = x + h
                elif kind == "zero shortcut":
                    x = 0.0 * x * torch.ones(width) + h
                elif kind == "zero branch":
                    x = x + h * torch.zeros(width)
                else:
                    x = h + x - x
            return self.last(x)

    torch.manual_seed(seed)
    blocks = _of(draw(Mlp(), torch.randn(8, 5)), blobs).blocks
    assert [b.layers for b in blocks] == [layers] * kinds.count("real")


# -- columns ----------------------------------------------------------------------------------
class Columns(nn.Module):
    def __init__(self, enter) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, D), nn.Linear(D, 1)
        self.norm = nn.BatchNorm1d(6)
        self.mask = nn.Parameter(torch.zeros(6))
        self.enter = enter

    def forward(self, x):
        return self.last(torch.tanh(self.enter(self, x)))


SCALES = torch.tensor([1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6])


@pytest.mark.parametrize("scaled", [False, True], ids=["alike", "raw scales"])
@pytest.mark.parametrize(
    "enter",
    [
        lambda m, x: m.first(x),
        lambda m, x: m.first(m.norm(x)),
        lambda m, x: m.first(x * m.mask),
        lambda m, x: m.first(x / SCALES),
        lambda m, x: m.first(torch.log1p(x.abs())),
    ],
    ids=["linear", "norm", "mask", "scaled inside", "log"],
)
def test_every_column_is_used(draw: Draw, blobs: Blobs, enter, scaled: bool) -> None:
    x = torch.randn(9, 6) * (SCALES if scaled else 1)
    if not scaled and enter.__code__.co_names.count("SCALES"):
        pytest.skip("nobody divides standardised columns by their old scale")
    assert idle_columns(draw(Columns(enter).eval(), x), blobs, frozenset()) == ()


@pytest.mark.parametrize(
    "enter",
    [
        lambda m, x: m.first(torch.cat([x[:, :4], 0 * x[:, 4:]], dim=1)),
        lambda m, x: m.first(torch.cat([x[:, :4], 1e-9 * x[:, 4:]], dim=1)),
        lambda m, x: (
            F.linear(x[:, :4], m.first.weight[:, :4]) + 1e-9 * x[:, 4:].sum(dim=1, keepdim=True)
        ),
    ],
    ids=["zero", "almost zero", "almost zero of a sum"],
)
def test_columns_that_hardly_count_are_told(draw: Draw, blobs: Blobs, enter) -> None:
    assert idle_columns(draw(Columns(enter), torch.randn(9, 6)), blobs, frozenset()) == (4, 5)


# -- in words ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("times almost zero", "no residual connection that counts: a connection was found whose"),
        ("branch times zero", "whose layers change nothing in the answer"),
        ("second is a shade", "Linear 12→12 (without effect, or not trainable)"),
        ("plain", "2 residual connections: [Linear 12→12, ReLU, Linear 12→12] + identity"),
    ],
)
def test_students_read_why_a_connection_does_not_count(
    draw: Draw, tmp_path: Path, style: str, said: str
) -> None:
    every = HONEST | NO_CONNECTION | ONE_LAYER
    network = draw(_net(every[style]), torch.randn(9, 5))
    seen = Evidence(run=RunRecord(ended="finished"), graphs=(network.graph,))
    with speaking("en"):
        words = describe_blocks(Reading(seen, tmp_path, {}))
    assert said in words
    assert ("changes nothing" in words) == (style == "times almost zero")
