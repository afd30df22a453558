"""What the network really gets counts: also when a layer of its own scales it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from graders.analysis.image_scaling import scaled_between
from graders.analysis.statement import Answer
from tests.analysis.pictured import Gallery, network


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path)


class Scaled(nn.Module):
    """A network that scales what it is given."""

    def __init__(self, net: nn.Module, scale: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.net, self.scale = net, scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(self.scale(x))


def answer(gallery: Gallery, net: nn.Module, x: np.ndarray) -> Answer:
    gallery.answers(net, torch.tensor(x.transpose(0, 3, 1, 2), dtype=torch.float32))
    gallery.end_cell()
    return scaled_between(gallery.reading())


RIGHT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "/ 127.5 - 1": lambda p: p / 127.5 - 1,
    "- 127.5 / 128": lambda p: (p - 127.5) / 128,
    "half and half": lambda p: (p / 255 - 0.5) / 0.5,
}
WRONG: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "0 to 1": lambda p: p / 255,
    "0 to 255": lambda p: p.astype(float),
    "mean and spread": lambda p: (p / 255 - [0.507, 0.487, 0.441]) / [0.267, 0.256, 0.276],
    "-0.5 to 0.5": lambda p: p / 255 - 0.5,
}


@pytest.mark.parametrize("how", RIGHT)
def test_from_minus_one_to_one(gallery: Gallery, how: str) -> None:
    found = answer(gallery, network(8), RIGHT[how](gallery.sets["cifar100"].x_test))
    assert found.holds, found.words


@pytest.mark.parametrize("how", WRONG)
def test_between_other_values(gallery: Gallery, how: str) -> None:
    found = answer(gallery, network(8), WRONG[how](gallery.sets["cifar100"].x_test))
    assert found.holds is False, found.words


def test_scaled_by_the_network(gallery: Gallery) -> None:
    raw = gallery.sets["cifar100"].x_test
    found = answer(gallery, Scaled(network(8), lambda x: x / 127.5 - 1), raw)
    assert found.holds, found.words


def test_scaled_twice(gallery: Gallery) -> None:
    x = RIGHT["/ 127.5 - 1"](gallery.sets["cifar100"].x_test)
    found = answer(gallery, Scaled(network(8), lambda x: x / 127.5 - 1), x)
    assert found.holds is False
    assert "-1.01" in found.words


def test_a_normalisation_that_was_fitted(gallery: Gallery) -> None:
    norm = nn.BatchNorm2d(3)
    x = RIGHT["/ 127.5 - 1"](gallery.sets["cifar100"].x_test)
    norm.running_mean, norm.running_var = torch.full((3,), 0.2), torch.full((3,), 0.1)
    found = answer(gallery, Scaled(network(8), norm), x)
    assert found.holds is False, found.words


def test_pale_images_reach_neither_end(gallery: Gallery) -> None:
    raw = gallery.sets["cifar100"].x_test
    pale = [i for i in range(len(raw)) if raw[i].max() < 250 and raw[i].min() > 5]
    found = answer(gallery, network(8), raw[pale[:25]] / 127.5 - 1)
    assert found.holds, found.words


def test_only_other_images_were_seen(gallery: Gallery) -> None:
    found = answer(gallery, network(8), gallery.set10.x_test / 255)
    assert found.holds is False, found.words


def test_nothing_was_seen(gallery: Gallery) -> None:
    gallery.end_cell()
    assert scaled_between(gallery.reading()).holds is None
    assert scaled_between(gallery.reading(), data="other").holds is None
