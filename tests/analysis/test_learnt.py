"""Trainings that only look like ones, beside honest ones that could be taken for them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from graders.analysis.continued import parts_of
from graders.analysis.kept import saved
from graders.analysis.learning import loss_of, trained
from graders.analysis.loops import own_loop
from graders.analysis.noticed import noticed
from graders.analysis.reading import Reading
from graders.analysis.targets import agreement
from tests.analysis.watched import WIDTH, Notebook, network

DIGEST = "ab" * 16  # a file's, whatever it holds


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path)


def verdict(reading: Reading) -> bool | None:
    return trained(reading, reading.base, "train").holds


# -- honest ---------------------------------------------------------------------------------
def test_a_plain_training(notebook: Notebook) -> None:
    notebook.train(network(), notebook.x["train"], notebook.y["train"])
    reading = notebook.reading()
    assert verdict(reading)
    assert own_loop(reading).holds
    assert not noticed(reading)
    assert reading.base is not None
    assert agreement(reading, reading.base) == 1.0


def test_a_poor_training_is_a_training(notebook: Notebook) -> None:
    notebook.train(network(), notebook.x["train"], notebook.y["train"], epochs=1, rate=2e-3)
    assert verdict(notebook.reading())


def test_a_training_in_three_cells_one_of_them_from_a_checkpoint(notebook: Notebook) -> None:
    net = network()
    x, y = notebook.x["train"], notebook.y["train"]
    notebook.train(net, x, y)
    notebook.train(net, x, y, epochs=1, rate=1e-5)
    again = copy.deepcopy(net)
    notebook.train(again, x, y, epochs=2, rate=1e-5)
    reading = notebook.reading()
    assert len(parts_of(reading, reading.runs[-1])) == 3
    assert verdict(reading)
    assert own_loop(reading).holds


def test_softened_labels_and_blurred_rows(notebook: Notebook) -> None:
    x = notebook.x["train"]
    y = 0.05 + 0.9 * notebook.y["train"]
    notebook.train(network(), x + 0.1 * torch.randn_like(x), y)
    reading = notebook.reading()
    assert verdict(reading)
    assert not noticed(reading)


@pytest.mark.parametrize(
    "prepare",
    [
        lambda x: x + 0.05 * torch.randn_like(x),
        lambda x: (x - 0.1) / 1.1,
        lambda x: x.clone().add_(1.0),
        lambda x: torch.stack([x, x]).mean(dim=0),
    ],
    ids=["blurred", "scaled", "in place", "stacked"],
)
def test_rows_prepared_in_the_loop(notebook: Notebook, prepare: Any) -> None:
    notebook.train(network(), notebook.x["train"], notebook.y["train"], prepare=prepare)
    reading = notebook.reading()
    assert not reading.evidence.faults
    assert reading.base is not None
    assert reading.base.network is not None
    assert reading.base.network.graph.why == "training"
    assert verdict(reading)


def test_a_network_that_answers_with_class_0(notebook: Notebook) -> None:
    notebook.train(network(), notebook.x["train"], 1 - notebook.y["train"])
    reading = notebook.reading()
    assert verdict(reading)
    assert own_loop(reading).holds


def test_rows_that_no_variable_holds(notebook: Notebook) -> None:
    """A projection of the columns, made in the loop alone: nothing can be said against it."""
    turned = notebook.x["train"] @ torch.linalg.qr(torch.randn(WIDTH, WIDTH)).Q
    notebook.train(network(), turned, notebook.y["train"])
    assert verdict(notebook.reading())


# -- not so ---------------------------------------------------------------------------------
def test_shuffled_labels(notebook: Notebook) -> None:
    y = notebook.y["train"]
    notebook.train(network(32), notebook.x["train"], y[torch.randperm(len(y))], epochs=20)
    assert verdict(notebook.reading()) is None


def test_labels_made_from_the_inputs(notebook: Notebook) -> None:
    judge = nn.functional.binary_cross_entropy_with_logits
    notebook.train(
        network(), notebook.x["train"], notebook.y["train"],
        loss=lambda z, _y, x: judge(z, (x[:, 3:4] > 0).float()),
    )  # fmt: skip
    reading = notebook.reading()
    assert verdict(reading) is None
    assert loss_of(reading).suits is None


def test_a_factor_that_makes_the_loss_fall(notebook: Notebook) -> None:
    factor = [1.0]

    def shrinking(z: torch.Tensor, y: torch.Tensor, _x: torch.Tensor) -> torch.Tensor:
        factor[0] *= 0.98
        return factor[0] * nn.functional.binary_cross_entropy_with_logits(z, y)

    notebook.train(network(), notebook.x["train"], notebook.y["train"], rate=1e-9, loss=shrinking)
    assert verdict(notebook.reading()) is None


def test_three_steps(notebook: Notebook) -> None:
    x, y = notebook.x["train"][:64], notebook.y["train"][:64]
    notebook.train(network(), x, y, epochs=3, rate=5e-2)
    assert verdict(notebook.reading()) is None


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_rows_of_the_test_file(notebook: Notebook, noise: float) -> None:
    x = torch.cat([notebook.x["train"], notebook.x["test"]])
    y = torch.cat([notebook.y["train"], notebook.y["test"]])
    notebook.train(network(), x + noise * torch.randn_like(x), y)
    reading = notebook.reading()
    assert verdict(reading) is None
    assert [n.id for n in noticed(reading)] == ["trained_on_test"]


def test_somebody_else_trained_it(notebook: Notebook) -> None:
    net = network()
    notebook.train(net, notebook.x["train"], notebook.y["train"], seen=False)
    notebook.train(net, notebook.x["train"], notebook.y["train"], epochs=2, rate=1e-6)
    assert own_loop(notebook.reading()).holds is None


# -- kept -----------------------------------------------------------------------------------
def save(notebook: Notebook, net: nn.Module) -> None:
    path = notebook.folder / "net.pt"
    torch.save(net.state_dict(), path)
    notebook.book.meet(net, "net")
    notebook.end_cell()
    (notebook.folder / "files").mkdir()
    (notebook.folder / "files" / f"{DIGEST}.bin").write_bytes(path.read_bytes())
    notebook.log.write(
        "file", path="net.pt", size=path.stat().st_size, digest=DIGEST,
        cell=notebook.cells.current - 1, moment=notebook.cells.tick(),
    )  # fmt: skip


def test_the_trained_network_is_saved_or_a_mean_of_it(notebook: Notebook) -> None:
    net = network()
    notebook.train(net, notebook.x["train"], notebook.y["train"])
    mean = torch.optim.swa_utils.AveragedModel(net)
    notebook.train(net, notebook.x["train"], notebook.y["train"], epochs=2)
    mean.update_parameters(net)
    save(notebook, mean.module)
    assert saved(notebook.reading()).holds


def test_a_new_network_is_saved(notebook: Notebook) -> None:
    notebook.train(network(), notebook.x["train"], notebook.y["train"])
    save(notebook, network())
    assert saved(notebook.reading()).holds is None
