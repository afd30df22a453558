"""A frozen backbone is not differentiated, however that is brought about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from graders.analysis.memory_use import optimised
from graders.analysis.statement import Answer
from tests.analysis.tuned import CHANNELS, NEW, Studio, freeze


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def judged(studio: Studio) -> Answer:
    reading = studio.reading()
    tuning = reading.fine_tunings.frozen or reading.fine_tunings.free
    assert tuning is not None
    return optimised(reading, tuning)


def flags(studio: Studio) -> None:
    net = studio.renewed()
    freeze(net.backbone)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), epochs=1)


def flags_in_training_mode(studio: Studio) -> None:
    net = studio.renewed()
    net.backbone.requires_grad_(False)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), epochs=1)


def without_gradients(studio: Studio) -> None:
    net = studio.renewed().eval()

    def answer(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            rows = studio.call(net.backbone, x)
        return studio.call(net.head, rows)

    studio.tune(answer, net.head.parameters(), epochs=1)


def detached(studio: Studio) -> None:
    net = studio.renewed().eval()
    studio.tune(
        lambda x: studio.call(net.head, studio.call(net.backbone, x).detach()),
        net.head.parameters(), epochs=1,
    )  # fmt: skip


def once(studio: Studio) -> None:
    net = freeze(studio.pretrained())
    rows = studio.features(net.backbone, studio.images)
    head = nn.Sequential(nn.Linear(CHANNELS[-1], 16), nn.ReLU(), nn.Linear(16, NEW))
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows, epochs=1)


@pytest.mark.parametrize("how", [flags, flags_in_training_mode, without_gradients, detached, once])
def test_nothing_is_kept(studio: Studio, how: Callable[[Studio], None]) -> None:
    how(studio)
    answer = judged(studio)
    assert answer.holds
    assert "MiB" in answer.words


def test_only_the_optimizer_knows(studio: Studio) -> None:
    net = studio.renewed().eval()
    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), epochs=1)
    assert judged(studio).holds is False


def test_norms_left_free(studio: Studio) -> None:
    net = studio.renewed().eval()
    for p in net.backbone.parameters():
        p.requires_grad_(p.ndim == 1)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), epochs=1)
    assert judged(studio).holds is False


def test_everything_trained(studio: Studio) -> None:
    net = studio.renewed().eval()
    studio.tune(lambda x: studio.call(net, x), net.parameters(), epochs=1)
    assert judged(studio).holds is False


def test_one_step_shows_no_iteration(studio: Studio) -> None:
    net = studio.renewed()
    freeze(net.backbone)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), epochs=1, batch=240)
    assert judged(studio).holds is None
