"""Frozen means frozen at every look; trained means trained by gradients; norms are both halves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from graders.analysis.backbone_state import is_trained, norms_frozen, stays_frozen
from graders.analysis.statement import Answer
from tests.analysis.tuned import CHANNELS, NEW, Network, Studio, freeze, only_kernels


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def frozen(studio: Studio, *, running_statistics: bool = True) -> Answer:
    reading = studio.reading()
    tuning = reading.fine_tunings.frozen or reading.fine_tunings.free
    assert tuning is not None
    return stays_frozen(reading, tuning, running_statistics=running_statistics)


def free(studio: Studio, question: Callable[..., Answer]) -> Answer:
    reading = studio.reading()
    tuning = reading.fine_tunings.free or reading.fine_tunings.frozen
    assert tuning is not None
    return question(reading, tuning)


def norms(net: nn.Module) -> list[nn.BatchNorm2d]:
    return [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]


# -- frozen ---------------------------------------------------------------------------------
def test_frozen(studio: Studio) -> None:
    net = studio.renewed()
    freeze(net.backbone)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters())
    assert frozen(studio).holds


def test_frozen_by_the_optimizer_alone(studio: Studio) -> None:
    net = studio.renewed().eval()
    studio.tune(lambda x: studio.call(net, x), net.head.parameters())
    assert frozen(studio).holds


def test_features_of_a_frozen_backbone(studio: Studio) -> None:
    net = freeze(studio.pretrained())
    rows = studio.features(net.backbone, studio.images)
    head = nn.Linear(CHANNELS[-1], NEW)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows)
    assert frozen(studio).holds


def test_features_of_functions_that_nobody_saw(studio: Studio) -> None:
    """The file's tensors are in a variable, what was computed with them is not."""
    net = freeze(studio.pretrained())
    studio.end_cell()
    with torch.no_grad():
        rows = net.backbone(studio.images)
    head = nn.Linear(CHANNELS[-1], NEW)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows)
    assert frozen(studio).holds


def test_loaded_in_the_cell_in_which_it_is_trained(studio: Studio) -> None:
    """Called before it was loaded, as networks of Keras are to be built."""
    net = Network(NEW).eval()
    studio.features(net, studio.images[:1])
    net.backbone.load_state_dict(studio.pretrained().backbone.state_dict())
    freeze(net.backbone)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters())
    assert frozen(studio).holds


def test_features_in_training_mode_move_the_statistics(studio: Studio) -> None:
    net = studio.pretrained().train()
    rows = studio.features(net.backbone, studio.images)
    head = nn.Linear(CHANNELS[-1], NEW)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows)
    answer = frozen(studio)
    assert answer.holds is False
    assert "14 of 37" in answer.words


def test_running_statistics_are_weights_or_not(studio: Studio) -> None:
    net = studio.renewed()
    net.backbone.requires_grad_(False)
    studio.tune(lambda x: studio.call(net, x), net.head.parameters())
    answer = frozen(studio)
    assert answer.holds is False
    assert "running statistics" in answer.words
    assert frozen(studio, running_statistics=False).holds


def test_nothing_frozen(studio: Studio) -> None:
    net = studio.renewed()
    studio.tune(lambda x: studio.call(net, x), net.parameters())
    answer = frozen(studio)
    assert answer.holds is False
    assert "37 of 37" in answer.words


def test_weight_decay_moves_what_has_gradients_of_zero(studio: Studio) -> None:
    net = studio.renewed()
    net.eval()
    for p in net.backbone.parameters():
        p.register_hook(lambda g: g * 0)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-2, weight_decay=1e-2)
    assert optimizer is not None
    studio.tune(
        lambda x: studio.call(net, x), net.parameters(),
        optimizer=lambda ps, lr: torch.optim.SGD(ps, lr=lr, weight_decay=1e-2),
    )  # fmt: skip
    assert frozen(studio).holds is False


def test_put_back_at_the_end(studio: Studio) -> None:
    net = studio.renewed().eval()
    before = {k: v.clone() for k, v in net.backbone.state_dict().items()}

    def restore(step: int) -> None:
        if step == 19:
            net.backbone.load_state_dict(before)

    studio.tune(lambda x: studio.call(net, x), net.parameters(), between=restore)
    answer = frozen(studio)
    assert answer.holds is False
    assert "put back" in answer.words


# -- trained --------------------------------------------------------------------------------
def tuned(studio: Studio, net: Network, parameters: list[nn.Parameter]) -> None:
    studio.tune(lambda x: studio.call(net, x), parameters, rate=1e-4, epochs=2)


def test_trained_with_its_norms_frozen(studio: Studio) -> None:
    net = studio.renewed()
    tuned(studio, net, only_kernels(net))
    assert free(studio, is_trained).holds
    assert free(studio, norms_frozen).holds


def test_one_block_only(studio: Studio) -> None:
    net = studio.renewed()
    freeze(net.backbone)
    block = net.backbone.blocks[2]
    kernels = [block.c1.weight, block.c2.weight]
    for p in kernels:
        p.requires_grad_(True)
    tuned(studio, net, [*kernels, *net.head.parameters()])
    answer = free(studio, is_trained)
    assert answer.holds is False
    assert "7 of 9" in answer.words


def test_a_loop_that_never_steps(studio: Studio) -> None:
    net = studio.renewed()
    parameters = only_kernels(net)
    studio.tune(lambda x: studio.call(net, x), parameters, step=False)
    assert free(studio, is_trained).holds is False


def test_kernels_that_somebody_else_moves(studio: Studio) -> None:
    net = studio.renewed()
    freeze(net.backbone)

    def jolt(_step: int) -> None:
        with torch.no_grad():
            for p in net.backbone.parameters():
                if p.ndim == 4:
                    p += 1e-4

    studio.tune(lambda x: studio.call(net, x), net.head.parameters(), between=jolt)
    assert free(studio, is_trained).holds is None


# -- norms ----------------------------------------------------------------------------------
def test_norms_trained(studio: Studio) -> None:
    net = studio.renewed().eval()
    tuned(studio, net, list(net.parameters()))
    answer = free(studio, norms_frozen)
    assert answer.holds is False
    assert "14 affine" in answer.words
    assert "running" not in answer.words


def test_frozen_gamma_and_beta_in_training_mode(studio: Studio) -> None:
    net = studio.renewed()
    parameters = only_kernels(net)
    net.train()
    tuned(studio, net, parameters)
    answer = free(studio, norms_frozen)
    assert answer.holds is False
    assert "14 running" in answer.words
    assert "affine" not in answer.words


def test_statistics_of_the_batch_that_leave_no_trace(studio: Studio) -> None:
    net = studio.renewed()
    parameters = only_kernels(net)
    net.train()
    for norm in norms(net):
        norm.momentum = 0.0
    tuned(studio, net, parameters)
    answer = free(studio, norms_frozen)
    assert answer.holds is False
    assert "statistics of their batch" in answer.words


def test_norms_of_the_new_head_may_learn(studio: Studio) -> None:
    net = studio.pretrained()
    net.head = nn.Sequential(nn.BatchNorm1d(CHANNELS[-1]), nn.Linear(CHANNELS[-1], NEW))
    for norm in norms(net):
        freeze(norm)
    tuned(studio, net, [p for p in net.parameters() if p.requires_grad])
    assert free(studio, norms_frozen).holds


def test_weights_of_nobody(studio: Studio) -> None:
    net = Network(NEW)
    tuned(studio, net, only_kernels(net))
    assert free(studio, is_trained).holds is None
    assert free(studio, norms_frozen).holds is None
