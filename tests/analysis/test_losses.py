"""Losses that can train a classifier, and losses that cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from torch import nn

from graders.analysis.losses import view_loss
from graders.analysis.network import Network
from graders.analysis.replay import Replay
from graders.evidence.reading import Blobs

torch.manual_seed(0)
X = torch.randn(40, 6)
Y = (X[:, 0] > 0).float()


def _net(outputs: int) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, outputs))


ONE, TWO = _net(1), _net(2)


def _by_hand(z: torch.Tensor) -> torch.Tensor:
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return -(Y[:20] * torch.log(p) + (1 - Y[:20]) * torch.log(1 - p)).mean()


def _focal(z: torch.Tensor) -> torch.Tensor:
    losses = F.binary_cross_entropy_with_logits(z, Y[:20], reduction="none")
    return ((1 - torch.exp(-losses)) ** 2 * losses).mean()


def one() -> torch.Tensor:
    return ONE(X[:20]).squeeze(1)


def two() -> torch.Tensor:
    return TWO(X[:20])


GOOD = {
    "bce with logits": lambda: F.binary_cross_entropy_with_logits(one(), Y[:20]),
    "bce with logits, module": lambda: nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.0))(
        ONE(X[:20]), Y[:20].unsqueeze(1)
    ),
    "bce on sigmoid": lambda: nn.BCELoss()(torch.sigmoid(one()), Y[:20]),
    "bce by hand": lambda: _by_hand(one()),
    "focal": lambda: _focal(one()),
    "cross entropy": lambda: F.cross_entropy(two(), Y[:20].long()),
    "cross entropy, weighted": lambda: nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))(
        two(), Y[:20].long()
    ),
    "nll": lambda: F.nll_loss(F.log_softmax(two(), dim=1), Y[:20].long()),
    "one-hot bce": lambda: F.binary_cross_entropy_with_logits(
        two(), F.one_hot(Y[:20].long(), 2).float()
    ),
    "hinge": lambda: torch.clamp(1 - (2 * Y[:20] - 1) * one(), min=0).mean(),
    "soft margin": lambda: F.soft_margin_loss(one(), 2 * Y[:20] - 1),
    "softmax before cross entropy": lambda: F.cross_entropy(
        torch.softmax(two(), dim=1), Y[:20].long()
    ),
    "log by hand": lambda: -torch.log_softmax(two(), 1)[torch.arange(20), Y[:20].long()].mean(),
    "with weight decay": lambda: (
        _by_hand(one()) + 1e-3 * sum(p.pow(2).sum() for p in ONE.parameters())
    ),
}
BAD = {
    "cross entropy on one logit": lambda: F.cross_entropy(ONE(X[:20]), torch.zeros(20).long()),
    "softmax over one output": lambda: F.binary_cross_entropy(
        torch.softmax(ONE(X[:20]), dim=1).squeeze(1), torch.ones(20)
    ),
    "mean of the outputs": lambda: one().mean(),
    "detached": lambda: F.binary_cross_entropy_with_logits(one().detach().requires_grad_(), Y[:20]),
    "one class only asked": lambda: F.binary_cross_entropy_with_logits(one(), torch.ones(20)),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_pushes_the_classes_apart(
    draw_step: Callable[..., Network], blobs: Blobs, name: str
) -> None:
    view = view_loss(Replay(draw_step(GOOD[name]), blobs))
    assert view.asks == "separate", view
    assert view.width in (1, 2)
    assert not view.regression


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_train(draw_step: Callable[..., Network], blobs: Blobs, name: str) -> None:
    assert view_loss(Replay(draw_step(BAD[name]), blobs)).asks in ("nothing", "one_way")


FEW = {
    "bce of a row": lambda: F.binary_cross_entropy_with_logits(one()[:1], Y[:1]),
    "cross entropy, one class": lambda: F.cross_entropy(two()[:6], torch.ones(6).long()),
    "one-hot bce": lambda: F.binary_cross_entropy_with_logits(
        two()[:4], F.one_hot(torch.zeros(4).long(), 2).float()
    ),
}


@pytest.mark.parametrize("name", FEW)
def test_a_small_batch_of_one_class_says_nothing(
    draw_step: Callable[..., Network], blobs: Blobs, name: str
) -> None:
    assert view_loss(Replay(draw_step(FEW[name]), blobs)).asks == "unknown"


def test_a_small_batch_of_both_classes_does(
    draw_step: Callable[..., Network], blobs: Blobs
) -> None:
    good = draw_step(lambda: F.binary_cross_entropy_with_logits(one()[:8], Y[:8]))
    assert view_loss(Replay(good, blobs)).asks == "separate"


def test_a_regression_loss_is_named(draw_step: Callable[..., Network], blobs: Blobs) -> None:
    assert view_loss(Replay(draw_step(lambda: F.mse_loss(one(), Y[:20])), blobs)).regression


def test_sigmoid_twice_is_noted(draw_step: Callable[..., Network], blobs: Blobs) -> None:
    step = lambda: F.binary_cross_entropy_with_logits(torch.sigmoid(one()), Y[:20])  # noqa: E731 - one line says it
    assert view_loss(Replay(draw_step(step), blobs)).squashed == "sigmoid"
