"""The backbone's rate counts, at its peak; between low and three times low a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from graders.analysis.rates import low_rate
from graders.analysis.statement import Answer
from tests.analysis.tuned import Network, Studio, only_kernels


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def judged(studio: Studio) -> Answer:
    reading = studio.reading()
    assert reading.fine_tunings.free is not None
    return low_rate(reading, reading.fine_tunings.free, 5e-4, 2e-3)


def tune(studio: Studio, parameters: Any = None, net: Network | None = None, **how: Any) -> None:
    net = net or studio.renewed()
    only_kernels(net)
    studio.tune(lambda x: studio.call(net, x), parameters or only_kernels(net), epochs=1, **how)


@pytest.mark.parametrize(
    ("optimizer", "rate", "holds"),
    [
        (torch.optim.Adam, 1e-5, True),
        (torch.optim.Adam, 5e-4, True),
        (torch.optim.Adam, 1e-3, None),
        (torch.optim.Adam, 2e-3, False),
        (torch.optim.SGD, 1e-3, True),
        (torch.optim.SGD, 5e-3, None),
        (torch.optim.SGD, 1e-2, False),
        (torch.optim.RMSprop, 1e-2, False),
    ],
)
def test_rates(studio: Studio, optimizer: Any, rate: float, holds: bool | None) -> None:
    tune(studio, optimizer=optimizer, rate=rate)
    answer = judged(studio)
    assert answer.holds is holds
    assert optimizer.__name__ in answer.words


def test_the_head_may_learn_faster(studio: Studio) -> None:
    net = studio.renewed()
    only_kernels(net)
    backbone = [p for p in net.backbone.parameters() if p.requires_grad]
    groups = [{"params": list(net.head.parameters()), "lr": 1e-2}, {"params": backbone}]
    tune(studio, groups, net, rate=1e-5)
    answer = judged(studio)
    assert answer.holds
    assert "1e-05" in answer.words


def test_two_optimizers(studio: Studio) -> None:
    net = studio.renewed()
    only_kernels(net)
    other = torch.optim.SGD([p for p in net.backbone.parameters() if p.requires_grad], lr=1e-4)

    def also(_step: int) -> None:
        studio.training.before_step(other)
        other.step()
        studio.training.after_step(other)

    tune(studio, net.head.parameters(), net, rate=1e-2, between=also)
    assert judged(studio).holds


def test_a_schedule_is_judged_by_its_peak(studio: Studio) -> None:
    net = studio.renewed()
    chosen: list[torch.optim.Optimizer] = []

    def made(parameters: Any, lr: float) -> torch.optim.Optimizer:
        chosen.append(torch.optim.Adam(parameters, lr=lr))
        return chosen[0]

    def warm(step: int) -> None:
        for group in chosen[0].param_groups:
            group["lr"] = 2e-3 if step == 1 else 1e-6

    tune(studio, net=net, optimizer=made, rate=1e-6, between=warm)
    answer = judged(studio)
    assert answer.holds is False
    assert "0.002" in answer.words


def test_steps_by_hand_are_not_judged(studio: Studio) -> None:
    net = studio.renewed()
    parameters = only_kernels(net)

    def by_hand(_step: int) -> None:
        with torch.no_grad():
            for p in parameters:
                p -= 1e-3 * p.grad

    studio.tune(lambda x: studio.call(net, x), parameters, step=False, between=by_hand, epochs=1)
    assert judged(studio).holds is None
