"""What is said to be kept is what autograd keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from graders.analysis.memory import kept, needed
from graders.analysis.network import Network
from tests.analysis.tuned import NEW, SIDE, freeze
from tests.analysis.tuned import Network as Tuned

ROWS = 24
Draw = Callable[..., Network]


def really_kept(step: Callable[[], torch.Tensor], net: nn.Module) -> int:
    """Bytes of activations that autograd saves for the way back from step()'s loss."""
    weights = {t.untyped_storage().data_ptr() for t in [*net.parameters(), *net.buffers()]}
    held: dict[int, int] = {}
    alive: list[Any] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in weights:
            held[place] = tensor.untyped_storage().nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(held.values())


def iteration(net: nn.Module, x: torch.Tensor) -> Callable[[], torch.Tensor]:
    y = torch.arange(len(x)) % NEW
    return lambda: nn.functional.cross_entropy(net(x), y)


def images() -> torch.Tensor:
    return torch.randn(ROWS, 3, SIDE, SIDE)


class Detached(Tuned):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(x).detach())


class Without(Tuned):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            rows = self.backbone(x)
        return self.head(rows)


def trained() -> nn.Module:
    return Tuned(NEW)


def in_evaluation() -> nn.Module:
    return Tuned(NEW).eval()


def frozen() -> nn.Module:
    net = Tuned(NEW)
    freeze(net.backbone)
    return net


def first_frozen() -> nn.Module:
    net = Tuned(NEW)
    freeze(net.backbone.first)
    freeze(net.backbone.blocks[0])
    return net


def norms_frozen() -> nn.Module:
    net = Tuned(NEW)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            freeze(module)
    return net


def deeper() -> nn.Module:
    net = frozen()
    net.head = nn.Sequential(
        nn.Linear(8, 32), nn.ReLU(), nn.BatchNorm1d(32), nn.Dropout(0.3), nn.Linear(32, 16),
        nn.Tanh(), nn.Linear(16, NEW),
    )  # fmt: skip
    return net


NETWORKS = [
    trained, in_evaluation, frozen, first_frozen, norms_frozen, deeper,
    lambda: Detached(NEW), lambda: Without(NEW),
]  # fmt: skip


@pytest.mark.parametrize("make", NETWORKS)
def test_what_autograd_keeps(draw_step: Draw, make: Callable[[], nn.Module]) -> None:
    net = make()
    step = iteration(net, images())
    network = draw_step(step)
    expected = really_kept(step, net)
    if net.__class__ is Detached:  # saved, and let go with the graph before the loss
        expected = really_kept(iteration(net.head, torch.randn(ROWS, 8)), net.head)
    assert kept(network) == pytest.approx(expected, rel=0.03, abs=64)


@pytest.mark.parametrize("make", [trained, in_evaluation])
def test_the_least_to_train_the_head(draw_step: Draw, make: Callable[[], nn.Module]) -> None:
    """Told from the tape of a whole network with gradients, as if only the head had any."""
    net = make()
    x = images()
    network = draw_step(iteration(net, x))
    head = {leaf.uid for leaf in network.leaves.values() if leaf.name.startswith("head")}
    freeze(net.backbone)
    least = needed(network, head or _small(network))
    assert least == pytest.approx(really_kept(iteration(net, x), net), rel=0.03, abs=64)
    assert kept(network) > 100 * least


def _small(network: Network) -> set[int]:
    """The last layer's tensors, where leaves have no names."""
    last = network.layers[-1]
    return {leaf.uid for leaf in network.weight_leaves(last.weight)}
