"""Which run is which exercise's: by what moved, however the notebook is written."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from graders.analysis.fine_tunings import FineTuning, FineTunings
from graders.analysis.reading import Reading
from tests.analysis.tuned import CHANNELS, NEW, Network, Studio, freeze, only_kernels

KERNELS = 1 + 3 * 2 + 2


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def exercise_3(studio: Studio) -> Network:
    net = studio.renewed()
    freeze(net.backbone)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters())
    return net


def exercise_4(studio: Studio, net: Network | None = None, **how: float) -> Network:
    net = net or studio.renewed()
    net.requires_grad_(True)
    studio.tune(lambda x: studio.call(net, x), only_kernels(net), rate=1e-4, epochs=2)
    return net


def found(studio: Studio) -> FineTunings:
    return studio.reading().fine_tunings


def cells(tuning: FineTuning | None) -> tuple[int, ...]:
    return tuning.cells if tuning is not None else ()


def test_both(studio: Studio) -> None:
    exercise_3(studio)
    exercise_4(studio)
    both = found(studio)
    assert (cells(both.frozen), cells(both.free)) == ((0,), (1,))
    assert both.frozen is not None
    assert both.free is not None
    assert len(both.frozen.kernels) == len(both.free.kernels) == len(both.free.moved) == KERNELS
    assert not both.frozen.moved
    assert len(both.frozen.tensors) == KERNELS + 7 * 4


def test_one_network_through_both_and_epochs_in_cells(studio: Studio) -> None:
    net = studio.renewed()
    freeze(net.backbone)
    for _ in range(2):
        studio.tune(lambda x: studio.call(net, x), net.head.parameters(), epochs=1)
    for _ in range(2):
        exercise_4(studio, net)
    both = found(studio)
    assert (cells(both.frozen), cells(both.free)) == ((0, 1), (2, 3))


def test_features_computed_once(studio: Studio) -> None:
    net = freeze(studio.pretrained())
    rows = studio.features(net.backbone, studio.images)
    studio.end_cell()
    head = nn.Linear(CHANNELS[-1], NEW)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows)
    exercise_4(studio)
    both = found(studio)
    assert (cells(both.frozen), cells(both.free)) == ((1,), (2,))
    assert both.frozen is not None
    assert both.frozen.last.backbone.apart
    assert both.frozen.last.backbone.sure
    assert len(both.frozen.kernels) == KERNELS
    assert both.frozen.feature_passes[0].cell == 0


def test_a_backbone_called_without_gradients_in_the_loop(studio: Studio) -> None:
    net = freeze(studio.renewed())
    net.head.requires_grad_(True)

    def answer(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            rows = studio.call(net.backbone, x)
        return studio.call(net.head, rows)

    studio.tune(answer, net.head.parameters())
    both = found(studio)
    assert both.free is None
    assert both.frozen is not None
    assert len(both.frozen.tensors) == KERNELS + 7 * 4


def test_a_warm_up_belongs_to_the_fourth(studio: Studio) -> None:
    exercise_3(studio)
    net = exercise_3(studio)
    exercise_4(studio, net)
    both = found(studio)
    assert (cells(both.frozen), cells(both.free)) == ((0,), (2,))


def test_a_copy_goes_on(studio: Studio) -> None:
    net = exercise_3(studio)
    exercise_4(studio, copy.deepcopy(net))
    both = found(studio)
    assert (cells(both.frozen), cells(both.free)) == ((0,), (1,))


def test_nothing_was_ever_frozen(studio: Studio) -> None:
    for _ in range(2):
        exercise_4(studio)
    both = found(studio)
    assert (cells(both.frozen), cells(both.free)) == ((0,), (1,))


def test_nothing_was_ever_freed(studio: Studio) -> None:
    net = exercise_3(studio)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), rate=1e-4)
    both = found(studio)
    assert (cells(both.frozen), cells(both.free)) == ((0,), (1,))


@pytest.mark.parametrize("which", [exercise_3, exercise_4])
def test_only_one_was_done(studio: Studio, which: object) -> None:
    assert callable(which)
    which(studio)
    both = found(studio)
    frees = which is exercise_4
    assert (both.frozen is None, both.free is None) == (frees, not frees)


def test_of_two_experiments_the_one_that_was_measured(studio: Studio) -> None:
    net = exercise_3(studio)
    studio.evaluate(net)
    exercise_3(studio)
    assert cells(found(studio).frozen) == (0,)


def test_two_optimizers_in_one_loop_are_one_training(studio: Studio) -> None:
    net = studio.renewed()
    only_kernels(net)
    other = torch.optim.SGD([p for p in net.backbone.parameters() if p.requires_grad], lr=1e-4)

    def also(_step: int) -> None:
        studio.training.before_step(other)
        other.step()
        studio.training.after_step(other)

    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), between=also)
    both = found(studio)
    assert both.frozen is None
    assert both.free is not None
    assert len(both.free.moved) == KERNELS
    assert len(both.all) == 1


def test_a_network_without_the_files_weights(studio: Studio) -> None:
    net = Network(NEW)
    studio.tune(lambda x: studio.call(net, x), net.parameters())
    both = found(studio)
    assert both.free is not None
    assert not both.free.tensors


def test_another_network_is_no_fine_tuning(studio: Studio) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, NEW))
    studio.tune(lambda x: studio.call(net, x), net.parameters())
    assert not found(studio).all


def test_nothing(studio: Studio) -> None:
    reading: Reading = studio.reading()
    assert reading.fine_tunings == FineTunings(None, None)
