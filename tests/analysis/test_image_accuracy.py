"""The pretrained network's accuracy: computed on its test images, shown, above the threshold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from graders.analysis.image_accuracy import accuracy_above
from graders.analysis.statement import Answer
from tests.analysis.pictured import Gallery, network, scaled


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path)


def pretrained(gallery: Gallery) -> nn.Module:
    """Trained where nobody sees it, on the set of eight classes."""
    held = gallery.sets["cifar100"]
    net = network(held.classes)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-2)
    x, y = scaled(held.x_train), torch.tensor(held.y_train)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    return net


def asked(gallery: Gallery, net: nn.Module, scale: float = 1.0, rows: int = 120) -> float:
    held = gallery.sets["cifar100"]
    answers = gallery.answers(net, scale * scaled(held.x_test[:rows]))
    return float((answers.argmax(1).numpy() == held.y_test[:rows]).mean())


def answer(gallery: Gallery, threshold: float = 0.69) -> Answer:
    gallery.end_cell()
    return accuracy_above(gallery.reading(), threshold)


def test_computed_and_shown(gallery: Gallery) -> None:
    share = asked(gallery, pretrained(gallery))
    assert share > 0.69
    gallery.show(f"accuracy {share:.2%}")
    found = answer(gallery)
    assert found.holds, found.words


def test_computed_and_not_shown(gallery: Gallery) -> None:
    asked(gallery, pretrained(gallery))
    assert answer(gallery).holds is False


def test_typed_in(gallery: Gallery) -> None:
    share = asked(gallery, pretrained(gallery))
    gallery.show(f"accuracy {share:.4f}", f"print('accuracy {share:.4f}')")
    assert answer(gallery).holds is False


def test_below_the_threshold_the_reason_is_said(gallery: Gallery) -> None:
    net = pretrained(gallery)
    share = asked(gallery, net, scale=0.05)
    gallery.show(f"accuracy {share:.2%}")
    found = answer(gallery)
    assert found.holds is False
    assert "-0.05" in found.words


def test_a_part_that_is_just_below_is_left_to_a_person(gallery: Gallery) -> None:
    share = asked(gallery, pretrained(gallery), rows=40)
    gallery.show(f"accuracy {share:.2%}")
    assert answer(gallery, share + 0.01).holds is (None if share < 1 else False)


def test_never_asked(gallery: Gallery) -> None:
    net = pretrained(gallery)
    gallery.answers(net, scaled(gallery.sets["cifar100"].x_train[:64]))
    gallery.show("accuracy 0.71")
    assert answer(gallery).holds is False


def test_only_asked_after_it_was_trained_here(gallery: Gallery) -> None:
    held = gallery.sets["cifar100"]
    net = network(held.classes)
    x, y = scaled(held.x_train), torch.tensor(held.y_train)
    gallery.tune(lambda z: gallery.call(net, z), net.parameters(), x, y=y, epochs=20)
    gallery.show(f"accuracy {asked(gallery, net):.4f}")
    assert answer(gallery, 0.3).holds is False


def test_strange_images_are_left_to_a_person(gallery: Gallery) -> None:
    net = pretrained(gallery)
    gallery.answers(net, torch.randn(200, 3, 32, 32))
    gallery.show("accuracy 0.7134")
    assert answer(gallery).holds is None


def test_without_the_set_nothing_is_said(gallery: Gallery) -> None:
    gallery.end_cell()
    assert accuracy_above(gallery.reading(), 0.69, "other").holds is None
