"""Pretrained weights in a network: all of them, each in its place."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from graders.analysis.layer_table import rows_of
from graders.analysis.loaded_weights import loaded
from graders.analysis.parameter_counts import counts
from graders.analysis.statement import Answer
from graders.probe.models import ModelBook
from graders.probe.states import copy_state, write_state
from tests.analysis.pictures import WIDTHS, Sheet, network

WORDS = {"running_mean": "moving_mean", "running_var": "moving_variance"}


@pytest.fixture
def sheet(book: ModelBook, tmp_path: Path) -> Sheet:
    torch.manual_seed(0)
    return Sheet(book, tmp_path)


def pretrained() -> nn.Sequential:
    """With statistics and gains of its own."""
    net = network()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    return net


def as_keras(net: nn.Module) -> dict[str, np.ndarray]:
    """Arrays under the names and in the layout of Keras, in the network's order."""
    counts = {"conv2d": 0, "batch_normalization": 0, "dense": 0}
    found = {}

    def named(kind: str) -> str:
        number, counts[kind] = counts[kind], counts[kind] + 1
        return f"{kind}_{number}" if number else kind

    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            kernel = module.weight.detach().numpy().transpose(2, 3, 1, 0)
            found[f"{named('conv2d')}/kernel"] = kernel.copy()
        elif isinstance(module, nn.Linear):
            name = named("dense")
            found[f"{name}/kernel"] = module.weight.detach().numpy().T.copy()
            found[f"{name}/bias"] = module.bias.detach().numpy().copy()
        elif isinstance(module, nn.BatchNorm2d):
            name = named("batch_normalization")
            found[f"{name}/gamma"] = module.weight.detach().numpy().copy()
            found[f"{name}/beta"] = module.bias.detach().numpy().copy()
            found[f"{name}/moving_mean"] = module.running_mean.numpy().copy()
            found[f"{name}/moving_variance"] = module.running_var.numpy().copy()
    return found


def asked(sheet: Sheet, net: nn.Module, arrays: dict[str, np.ndarray]) -> Answer:
    sheet.call(net)
    path = sheet.folder / "weights.pkl"
    path.write_bytes(pickle.dumps(arrays))
    return loaded(sheet.reading(weights=path))


def test_all_arrays(sheet: Sheet) -> None:
    net = pretrained()
    answer = asked(sheet, net, as_keras(net))
    assert answer.holds is True, answer.words
    assert "all" in answer.words


def test_a_state_dict_as_the_file(sheet: Sheet) -> None:
    net = pretrained()
    arrays = {k: v.numpy() for k, v in net.state_dict().items() if v.ndim}
    assert asked(sheet, net, arrays).holds is True


def test_half_precision_copies(sheet: Sheet) -> None:
    net = pretrained()
    arrays = as_keras(net)
    assert asked(sheet, net.half().float(), arrays).holds is True


def test_the_moment_before_a_fine_tuning_counts(sheet: Sheet) -> None:
    net = pretrained()
    arrays = as_keras(net)
    sheet.call(net)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.01
    assert asked(sheet, net, arrays).holds is True


def test_equal_arrays_may_stand_for_one_another(sheet: Sheet) -> None:
    net = network()  # all statistics are 0 and 1
    assert asked(sheet, net, as_keras(net)).holds is True


def test_none_is_there(sheet: Sheet) -> None:
    answer = asked(sheet, network(), as_keras(pretrained()))
    assert answer.holds is False
    assert "none of the" in answer.words


def swap(net: nn.Module, one: str, other: str) -> None:
    state = net.state_dict()
    state[one], state[other] = state[other].clone(), state[one].clone()
    net.load_state_dict(state)


def swapped_blocks(net: nn.Sequential) -> None:
    one, other = net[2].conv1.weight, net[2].conv2.weight
    kept = one.detach().clone()
    with torch.no_grad():
        one.copy_(other)
        other.copy_(kept)


def head_left_out(net: nn.Sequential) -> None:
    nn.init.normal_(net[-1].weight)


def statistics_left_out(net: nn.Sequential) -> None:
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()


def one_moved(net: nn.Sequential) -> None:
    with torch.no_grad():
        net[3].conv1.weight[0, 0, 0, 0] += 1


WRONG: dict[str, tuple[Callable[[Any], None], str]] = {
    "gamma for beta": (
        lambda net: swap(net, "1.bn2.weight", "1.bn2.bias"),
        "lies in the place of a gamma (gamma of BatchNorm in block 1)",
    ),
    "mean for variance": (
        lambda net: swap(net, "4.bn1.running_mean", "4.bn1.running_var"),
        "in the place of a mean",
    ),
    "convolutions in the wrong order": (
        swapped_blocks,
        "kernel of Conv 3x3 64→64 in block 2",
    ),
    "normalisations of two blocks": (
        lambda net: [
            swap(net, f"1.bn2.{k}", f"2.bn1.{k}")
            for k in ("weight", "bias", "running_mean", "running_var")
        ],
        "of BatchNorm in block 1",
    ),
    "the last layer": (head_left_out, "dense/kernel"),
    "the statistics": (statistics_left_out, "moving_mean"),
    "one kernel": (one_moved, "1 of"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_places_and_partial_loads(fault: str, sheet: Sheet) -> None:
    net = pretrained()
    arrays = as_keras(net)
    spoil, words = WRONG[fault]
    spoil(net)
    answer = asked(sheet, net, arrays)
    assert answer.holds is False, answer.words
    assert words in answer.words


def test_keys_without_names(sheet: Sheet) -> None:
    net = pretrained()
    arrays = {f"{i:03}": a for i, a in enumerate(as_keras(net).values())}
    assert asked(sheet, net, arrays).holds is True
    swap(net, "2.bn2.weight", "2.bn1.weight")
    assert asked(sheet, net, arrays).holds is True  # it was right before
    other = pretrained()
    arrays = {f"{i:03}": a for i, a in enumerate(as_keras(other).values())}
    swap(other, "2.bn2.weight", "2.bn1.weight")
    assert asked(sheet, other, arrays).holds is False


def test_without_a_file(sheet: Sheet) -> None:
    sheet.call(network(widths=WIDTHS[:2]))
    assert loaded(sheet.reading()).holds is None


def test_weights_kept_for_a_network_of_the_same_names(sheet: Sheet) -> None:
    """As in a notebook of plain functions: only the network with ten outputs was ever drawn."""
    net, tuned = pretrained(), network(outputs=10)
    arrays = as_keras(net)
    held = {name: tensor.clone() for name, tensor in net.state_dict().items() if tensor.ndim}
    kept = sheet.book.meet(held, "P")
    assert kept is not None
    write_state(sheet.book, copy_state(sheet.book, kept, "cell_end"))
    answer = asked(sheet, tuned, arrays)
    assert answer.holds is True, answer.words
    reading = sheet.reading(weights=sheet.folder / "weights.pkl")
    rows = rows_of(reading.conv_net, reading.loaded.copy.shapes)
    assert rows[-1].shape == (100,)
    assert rows[-1].params == 12900
    found = counts(reading, 0, 0, 0)
    assert "dense layers 12,900" in found.words
    assert "not used" not in found.words
