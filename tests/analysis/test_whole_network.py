"""The whole pretrained network but its last layer, with new outputs, however it is put together."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from graders.analysis.statement import Answer
from graders.analysis.whole_network import whole
from tests.analysis.tuned import CHANNELS, NEW, OLD, Network, Studio, freeze

BACKBONE = 9 + 7 * 2  # kernels, gammas and betas


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def judged(studio: Studio) -> Answer:
    reading = studio.reading()
    tuning = reading.fine_tunings.frozen or reading.fine_tunings.free
    assert tuning is not None
    return whole(reading, tuning, NEW)


def train(studio: Studio, net: nn.Module) -> None:
    studio.tune(lambda x: studio.call(net, x), net.parameters(), rate=1e-4, epochs=1)


# -- honest ---------------------------------------------------------------------------------
def test_a_new_last_layer(studio: Studio) -> None:
    train(studio, studio.renewed())
    answer = judged(studio)
    assert answer.holds
    assert f"all {BACKBONE}" in answer.words


def test_more_layers_between(studio: Studio) -> None:
    net = studio.pretrained()
    net.head = nn.Sequential(
        nn.BatchNorm1d(CHANNELS[-1]), nn.Linear(CHANNELS[-1], 12), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(12, NEW), nn.LogSoftmax(dim=1),
    )  # fmt: skip
    train(studio, net)
    assert judged(studio).holds


@pytest.mark.parametrize("same", [True, None])
def test_features_computed_once(studio: Studio, same: bool | None) -> None:
    net = freeze(studio.pretrained())
    rows = studio.features(net.backbone, studio.images)
    studio.end_cell()
    head = nn.Linear(CHANNELS[-1], NEW)
    if not same:  # normalised since then: they are not what the network answered
        rows = (rows - rows.mean(dim=0)) / rows.std(dim=0)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows, epochs=1)
    assert judged(studio).holds is same


def test_features_computed_layer_by_layer(studio: Studio) -> None:
    net = freeze(studio.pretrained()).backbone
    last = nn.Sequential(net.norm, nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    rows = studio.images
    for layer in [net.first, *net.blocks, last]:
        studio.book.meet(layer, "layer")
        rows = studio.features(layer, rows)
    studio.end_cell()
    head = nn.Linear(CHANNELS[-1], NEW)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows, epochs=1)
    assert judged(studio).holds


def test_all_but_the_last_blocks_computed_once(studio: Studio) -> None:
    net = freeze(studio.pretrained()).backbone
    first = nn.Sequential(net.first, net.blocks)
    studio.book.meet(first, "first")
    rows = studio.features(first, studio.images)
    studio.end_cell()
    rest = nn.Sequential(
        net.norm, nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS[-1], NEW)
    )
    studio.tune(lambda x: studio.call(rest, x), rest[-1].parameters(), x=rows, epochs=1)
    assert judged(studio).holds


def test_features_of_a_backbone_in_the_loop(studio: Studio) -> None:
    net = freeze(studio.renewed())
    net.head.requires_grad_(True)
    studio.tune(
        lambda x: studio.call(net.head, studio.call(net.backbone, x)), net.head.parameters()
    )
    assert judged(studio).holds


# -- not so ---------------------------------------------------------------------------------
def test_old_outputs_kept(studio: Studio) -> None:
    train(studio, studio.pretrained())
    answer = judged(studio)
    assert answer.holds is False
    assert f"{OLD} outputs" in answer.words


def test_a_new_layer_on_the_old_outputs(studio: Studio) -> None:
    net = studio.pretrained()
    train(studio, nn.Sequential(net, nn.SiLU(), nn.Linear(OLD, NEW)))
    assert judged(studio).holds is False


def test_a_block_dropped(studio: Studio) -> None:
    net = studio.renewed()
    net.backbone.blocks[1] = nn.Identity()
    train(studio, net)
    answer = judged(studio)
    assert answer.holds is False
    assert f"6 of {BACKBONE}" in answer.words
    assert "blocks.1" in answer.words


def test_a_backbone_cut(studio: Studio) -> None:
    net = studio.pretrained().backbone
    cut = nn.Sequential(net.first, net.blocks[:2], nn.AdaptiveAvgPool2d(1), nn.Flatten())
    train(studio, nn.Sequential(cut, nn.Linear(CHANNELS[2], NEW)))
    assert judged(studio).holds is False


@pytest.mark.parametrize("width", [CHANNELS[2], CHANNELS[3]])
def test_features_of_a_cut_backbone(studio: Studio, width: int) -> None:
    """Also when the whole network was called before, and has something of the same form."""
    net = freeze(studio.pretrained())
    studio.evaluate(net)
    until = net.backbone.blocks[:2] if width == CHANNELS[2] else net.backbone.blocks
    cut = nn.Sequential(net.backbone.first, until, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    studio.book.meet(cut, "cut")
    rows = studio.features(cut, studio.images)
    studio.end_cell()
    head = nn.Linear(width, NEW)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows, epochs=1)
    assert judged(studio).holds is False


def test_weights_of_nobody(studio: Studio) -> None:
    train(studio, Network(NEW))
    answer = judged(studio)
    assert answer.holds is False
    assert "none of the pretrained weights" in answer.words


def test_an_output_too_many(studio: Studio) -> None:
    net = studio.pretrained()
    net.head = nn.Linear(CHANNELS[-1], NEW + 1)
    train(studio, net)
    assert judged(studio).holds is False


def test_features_of_a_network_that_is_gone(studio: Studio) -> None:
    """A function computed them with a module of its own: nobody saw how."""

    def computed() -> torch.Tensor:
        cut = nn.Sequential(freeze(studio.pretrained()).backbone)
        return studio.features(cut, studio.images)

    rows = computed()
    head = nn.Linear(CHANNELS[-1], NEW)
    studio.tune(lambda x: studio.call(head, x), head.parameters(), x=rows, epochs=1)
    assert judged(studio).holds is None
