"""A fine-tuning is one when the network learnt the set's classes from its training images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from graders.analysis.loops import loop_of
from graders.analysis.statement import Answer
from graders.analysis.tuned_images import agreement
from graders.analysis.tuned_trained import learnt
from tests.analysis.pictured import image_set, scaled
from tests.analysis.tuned import CHANNELS, NEW, OLD, Network, Studio, freeze


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """With images of a set of ten classes, and one of as many as the weights were made for."""
    made = Studio(tmp_path)
    made.sets = {"cifar10": image_set(NEW, 160, 60), "cifar100": image_set(OLD, 160, 60, seed=2)}
    made.images = scaled(made.sets["cifar10"].x_train)
    made.labels = torch.tensor(made.sets["cifar10"].y_train)
    return made


def of_test(studio: Studio) -> torch.Tensor:
    return scaled(studio.sets["cifar10"].x_test)


def frozen(studio: Studio, **how: Any) -> Network:
    net = studio.renewed()
    freeze(net.backbone)
    how = {"rate": 3e-2, "epochs": 6, **how}
    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), **how)
    return net


def judged(studio: Studio) -> Answer:
    reading = studio.reading()
    assert reading.fine_tunings.frozen is not None
    return learnt(reading, reading.fine_tunings.frozen, "cifar10")


# -- honest ---------------------------------------------------------------------------------
def test_a_plain_fine_tuning(studio: Studio) -> None:
    net = frozen(studio)
    studio.evaluate(net, of_test(studio))
    answer = judged(studio)
    assert answer.holds, answer.words
    reading = studio.reading()
    assert agreement(reading, reading.runs[0], "cifar10") == 1.0
    assert loop_of(reading, reading.runs).holds


def test_images_changed_at_random(studio: Studio) -> None:
    net = studio.renewed()
    freeze(net.backbone)

    def answer(x: torch.Tensor) -> torch.Tensor:
        down, across = torch.randint(-3, 4, (2,)).tolist()
        x = x.roll((down, across), dims=(2, 3))
        return studio.call(net, x.flip(3) if torch.rand(()) < 0.5 else x)

    studio.tune(answer, net.head.parameters(), rate=3e-2, epochs=6)
    assert judged(studio).holds


def test_features_computed_once(studio: Studio) -> None:
    net = freeze(studio.pretrained())
    rows = studio.features(net.backbone, studio.images)
    head = nn.Linear(CHANNELS[-1], NEW)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows, rate=3e-2, epochs=6)
    answer = judged(studio)
    assert answer.holds, answer.words
    reading = studio.reading()
    assert agreement(reading, reading.runs[0], "cifar10") == 1.0


def test_training_on_the_old_task_is_none(studio: Studio) -> None:
    net = Network(OLD)
    held = studio.sets["cifar100"]
    studio.tune(
        lambda x: studio.call(net, x), net.parameters(),
        x=scaled(held.x_train), y=torch.tensor(held.y_train), epochs=1,
    )  # fmt: skip
    assert not studio.reading().fine_tunings.all


# -- not so ---------------------------------------------------------------------------------
def test_shuffled_labels(studio: Studio) -> None:
    y = studio.labels[torch.randperm(len(studio.labels))]
    frozen(studio, y=y, epochs=10)
    answer = judged(studio)
    assert not answer.holds
    assert answer.holds is False or "labels" in answer.words


def test_shuffled_labels_of_features(studio: Studio) -> None:
    net = freeze(studio.pretrained())
    rows = studio.features(net.backbone, studio.images)
    head = nn.Linear(CHANNELS[-1], NEW)
    y = studio.labels[torch.randperm(len(studio.labels))]
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows, y=y, epochs=10)
    assert not judged(studio).holds


def test_images_of_the_test_set(studio: Studio) -> None:
    x = torch.cat([studio.images, of_test(studio)])
    y = torch.cat([studio.labels, torch.tensor(studio.sets["cifar10"].y_test)])
    frozen(studio, x=x, y=y)
    answer = judged(studio)
    assert answer.holds is None
    assert "test set" in answer.words


def test_another_set(studio: Studio) -> None:
    held = studio.sets["cifar100"]
    frozen(studio, x=scaled(held.x_train), y=torch.tensor(held.y_train) % NEW)
    answer = judged(studio)
    assert not answer.holds
    assert answer.holds is False or "cifar100" in answer.words


def test_a_loop_that_never_steps(studio: Studio) -> None:
    frozen(studio, step=False)
    assert judged(studio).holds is False


def test_a_loss_that_does_not_fall(studio: Studio) -> None:
    frozen(studio, rate=1e-9)
    assert not judged(studio).holds


def test_a_handful_of_images(studio: Studio) -> None:
    frozen(studio, x=studio.images[:4], y=studio.labels[:4], batch=2, epochs=3, rate=0.1)
    answer = judged(studio)
    assert answer.holds is None
    assert "12 images" in answer.words
