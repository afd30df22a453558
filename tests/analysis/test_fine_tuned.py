"""Fine-tunings that only look like ones, beside honest ones that could be taken for them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from graders.analysis.adaptation import (
    every_layer,
    follows_formula,
    initial_values,
    trained_on_extra,
)
from graders.analysis.frozen import frozen
from graders.analysis.gradients import gradients
from graders.analysis.reading import Reading
from tests.analysis.watched import WIDTH, Adapted, Notebook, network, with_adapters


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path)


@pytest.fixture
def base(notebook: Notebook) -> nn.Module:
    """A base network that was trained in the first cell."""
    net = network()
    notebook.train(net, notebook.x["train"], notebook.y["train"])
    return net


def adapt(notebook: Notebook, net: nn.Module, **how: Any) -> Reading:
    how = {"x": notebook.x["extra"], "y": notebook.y["extra"], **how}
    notebook.book.meet(net, "net")
    notebook.end_cell()
    notebook.train(net, **how)
    return notebook.reading()


def stays(reading: Reading) -> bool | None:
    return frozen(reading, running_statistics=True).holds


# -- honest ---------------------------------------------------------------------------------
@pytest.mark.parametrize("how", [{}, {"rate": 1e-3, "epochs": 1}], ids=["well", "gently"])
def test_an_adaptation(notebook: Notebook, base: nn.Module, how: dict[str, Any]) -> None:
    reading = adapt(notebook, with_adapters(copy.deepcopy(base)), **how)
    assert trained_on_extra(reading).holds
    assert stays(reading)
    assert gradients(reading).holds
    assert every_layer(reading).holds
    assert initial_values(reading).holds
    assert follows_formula(reading).holds


def test_extra_scaled_by_itself(notebook: Notebook, base: nn.Module) -> None:
    x = notebook.x["extra"][:400]
    reading = adapt(
        notebook, with_adapters(base),
        x=(x - x.mean(dim=0)) / x.std(dim=0) * 0.7 + 0.1, y=notebook.y["extra"][:400],
    )  # fmt: skip
    assert trained_on_extra(reading).holds


def test_a_mean_of_the_base_is_adapted(notebook: Notebook, base: nn.Module) -> None:
    mean = torch.optim.swa_utils.AveragedModel(base)
    notebook.train(base, notebook.x["train"], notebook.y["train"], epochs=2)
    mean.update_parameters(base)
    assert stays(adapt(notebook, with_adapters(mean.module)))


class Folding(Adapted):
    """Adds B A to W to evaluate and takes it away to train, which leaves another last digit."""

    folded = False

    def fold(self) -> None:
        with torch.no_grad():
            sign = -1 if self.folded else 1
            self.layer.weight += sign * 0.5 * self.B @ self.A
        self.folded = not self.folded


def test_adapters_folded_in_between(notebook: Notebook, base: nn.Module) -> None:
    net = with_adapters(base, Folding)
    layers = [m for m in net.modules() if isinstance(m, Folding)]

    def evaluate(step: int) -> None:
        if step % 10 == 5:
            for _ in range(2):
                for layer in layers:
                    layer.fold()

    answer = frozen(adapt(notebook, net, between=evaluate), running_statistics=True)
    assert "put back" not in answer.words


# -- not so ---------------------------------------------------------------------------------
def test_shuffled_labels(notebook: Notebook, base: nn.Module) -> None:
    y = notebook.y["extra"]
    reading = adapt(notebook, with_adapters(base), y=y[torch.randperm(len(y))])
    assert trained_on_extra(reading).holds is None


def test_noise_in_place_of_rows(notebook: Notebook, base: nn.Module) -> None:
    reading = adapt(notebook, with_adapters(base), x=torch.randn(600, WIDTH))
    assert trained_on_extra(reading).holds is None


def test_training_rows_scaled_anew(notebook: Notebook, base: nn.Module) -> None:
    x, y = notebook.x["train"][:400], notebook.y["train"][:400]
    reading = adapt(notebook, with_adapters(base), x=x * 1.3 + 0.2, y=y)
    assert trained_on_extra(reading).holds is None


def test_one_tiny_step(notebook: Notebook, base: nn.Module) -> None:
    reading = adapt(notebook, with_adapters(base), epochs=1, rate=1e-7, batch=600)
    assert trained_on_extra(reading).holds is not True


def test_a_new_network_is_adapted(notebook: Notebook, base: nn.Module) -> None:
    reading = adapt(notebook, with_adapters(network()))
    assert stays(reading) is None
    assert every_layer(reading).holds is None


def test_weights_put_back(notebook: Notebook, base: nn.Module) -> None:
    net = with_adapters(base)
    frozen_ones = [p for p in net.parameters() if not p.requires_grad]
    before = [p.detach().clone() for p in frozen_ones]
    for p in frozen_ones:
        p.requires_grad_(True)
    steps = 6 * 10 - 1

    def restore(step: int) -> None:
        if step == steps:
            with torch.no_grad():
                for p, old in zip(frozen_ones, before, strict=True):
                    p.copy_(old)
                    p.grad = None

    reading = adapt(notebook, net, between=restore)
    assert stays(reading) is False
    assert gradients(reading).holds is False


def test_weights_freed_between_the_steps_that_are_known(
    notebook: Notebook, base: nn.Module
) -> None:
    net = with_adapters(base)
    matrices = [m.layer.weight for m in net.modules() if isinstance(m, Adapted)]

    def free(step: int) -> None:
        known = any((step + 1 + d) & (step + d) == 0 for d in (-1, 0, 1))
        for p in matrices:
            p.requires_grad_(not known)

    notebook.book.meet(net, "net")
    assert gradients(adapt(notebook, net, between=free, epochs=20)).holds is False


def test_weights_moved_where_nobody_looked(notebook: Notebook, base: nn.Module) -> None:
    """W has no gradient at any look, is something else at many, and is back at the end."""
    net = with_adapters(base)
    matrices = [m.layer.weight for m in net.modules() if isinstance(m, Adapted)]
    before = [w.clone() for w in matrices]

    def move(step: int) -> None:
        with torch.no_grad():
            for w, old in zip(matrices, before, strict=True):
                w.copy_(old if step == 6 * 10 - 1 else old + 0.1 * torch.randn_like(w))

    assert stays(adapt(notebook, net, between=move)) is None


class Cancelling(Adapted):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        added = 0.5 * (x @ self.A.T @ self.B.T)
        return self.layer(x) + added - added.detach()


def test_adapters_taken_away_again(notebook: Notebook, base: nn.Module) -> None:
    reading = adapt(notebook, with_adapters(base, Cancelling))
    assert follows_formula(reading).holds is not True


class Watched(Adapted):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) if self.training else self.layer(x)


def test_adapters_left_out_in_evaluation(notebook: Notebook, base: nn.Module) -> None:
    reading = adapt(notebook, with_adapters(base, Watched))
    assert follows_formula(reading).holds is None


def test_b_filled_after_the_first_pass(notebook: Notebook, base: nn.Module) -> None:
    net = with_adapters(base)

    def fill(step: int) -> None:
        if step == 0:
            for m in net.modules():
                if isinstance(m, Adapted):
                    m.B.data.normal_(0, 2.0)

    assert initial_values(adapt(notebook, net, between=fill)).holds is None


def test_a_layer_that_does_not_look_like_one(notebook: Notebook, base: nn.Module) -> None:
    class Written(nn.Module):
        def __init__(self, layer: nn.Linear) -> None:
            super().__init__()
            self.layer = layer.requires_grad_(False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x * self.layer.weight).sum(dim=1, keepdim=True) + self.layer.bias

    last = base[3]
    base[3] = nn.Identity()
    net = with_adapters(base)
    net[3] = Written(last)
    assert every_layer(adapt(notebook, net)).holds is None
