"""A notebook in a test's own process: what it trains is watched, and read as a submission's is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from graders.analysis.reading import Reading
from graders.analysis.trusted import TrustedTable
from graders.evidence.reading import read
from graders.evidence.run_record import CellRecord, RunRecord
from graders.probe.frameworks.torch_modules import TorchModules
from graders.probe.log import EventLog
from graders.probe.models import ModelBook
from graders.probe.passes import Passes
from graders.probe.states import cell_ended
from graders.probe.training import Training

WIDTH = 8
Loss = Callable[[Any, Any, Any], Any]


class Cells:
    """Stands in for the cells of a notebook."""

    current = 0
    moment = 0

    def tick(self) -> int:
        self.moment += 1
        return self.moment


def tables(seed: int = 0) -> dict[str, TrustedTable]:
    """A task that a small network learns; `extra` is the same task, somewhat turned."""
    made = {}
    for number, (role, rows) in enumerate({"train": 900, "test": 500, "extra": 600}.items()):
        rng = np.random.default_rng(seed + number)
        x = rng.normal(size=(rows, WIDTH)) * np.arange(1, WIDTH + 1)
        score = x[:, 0] + x[:, 1] / 2 + (x[:, 2] if role == "extra" else 0) / 3
        made[role] = TrustedTable(role, x, score + 0.3 * rng.normal(size=rows) > 0)
    return made


class Notebook:
    """Variables, trainings and evaluations of one cell after the other."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(0)
        torch.set_num_threads(1)
        self.folder = folder
        self.tables = tables()
        self.log = EventLog(str(folder))
        self.cells: Any = Cells()
        self.framework = TorchModules(torch)
        self.book = ModelBook(self.log, self.cells, self.framework)
        self.passes = Passes(self.log, self.cells, self.book)
        self.training = Training(self.framework, self.log, self.cells, self.book, self.passes)
        self.scale = self.tables["train"].features.std(axis=0)
        self.x, self.y = {}, {}
        for role, table in self.tables.items():
            self.x[role] = torch.tensor(table.features / self.scale, dtype=torch.float32)
            self.y[role] = torch.tensor(table.labels, dtype=torch.float32)[:, None]
            self.hold(role, self.x[role])

    def hold(self, name: str, tensor: torch.Tensor) -> None:
        """Keep rows in a variable."""
        array = tensor.numpy()
        self.log.write(
            "array", name=name, kind="Tensor", shape=list(array.shape), dtype=str(array.dtype),
            digest=self.log.keep(array), cell=self.cells.current, moment=self.cells.tick(),
        )  # fmt: skip

    def train(
        self,
        net: nn.Module,
        x: torch.Tensor,
        y: torch.Tensor,
        *,
        epochs: int = 6,
        rate: float = 2e-2,
        batch: int = 64,
        loss: Loss | None = None,
        seen: bool = True,
        prepare: Callable[[torch.Tensor], torch.Tensor] = lambda rows: rows,
        between: Callable[[int], None] = lambda step: None,
        stepper: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    ) -> None:
        """A loop of the notebook's own, in a cell of its own. `prepare` is applied to each batch
        in it, `between` runs before each step. Nothing is watched unless `seen`."""
        self.book.meet(net)
        optimizer = stepper([p for p in net.parameters() if p.requires_grad], lr=rate)
        judge = loss or (lambda z, t, _x: nn.functional.binary_cross_entropy_with_logits(z, t))
        net.train()
        step = 0
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(batch):
                xb, yb = prepare(x[rows]), y[rows]
                out = net(xb)
                if seen:
                    self._called(net, xb, out)
                value = judge(out, yb, xb)
                optimizer.zero_grad()
                if seen:
                    self.training.before_backward(value)
                value.backward()
                if seen:
                    self.training.after_backward()
                between(step)
                if seen:
                    self.training.before_step(optimizer)
                optimizer.step()
                if seen:
                    self.training.after_step(optimizer)
                step += 1
        self.end_cell()

    def _called(self, net: nn.Module, x: torch.Tensor, out: torch.Tensor) -> None:
        tape = self.training.iteration.tape
        if tape is not None:
            tape.paused = True
        self.passes.called(self.framework, net, (x,), out, net.training)
        if tape is not None:
            tape.paused = False
            model = self.book.meet(net)
            assert model is not None
            self.training.iteration.root_called(model, (x,), out, out.requires_grad)

    def end_cell(self) -> None:
        self.training.cell_ended()
        self.passes.cell_ended()
        cell_ended(self.book)
        self.cells.current += 1

    def reading(self) -> Reading:
        self.log.flush()
        cells = tuple(
            CellRecord(index=i, notebook="a", source="", executed=True)
            for i in range(self.cells.current)
        )
        record = RunRecord(ended="finished", cells=cells)
        (self.folder / "run.json").write_text(record.model_dump_json())
        return Reading(read(self.folder), self.folder, self.tables)


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.two(torch.relu(self.one(x)))


def network(width: int = 16) -> nn.Module:
    return nn.Sequential(
        nn.Linear(WIDTH, width), Residual(width), Residual(width), nn.Linear(width, 1)
    )


class Adapted(nn.Module):
    """(W + c B A) x + b, with W frozen."""

    def __init__(self, layer: nn.Linear, rank: int = 2) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, layer.in_features) / 4)
        self.B = nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) + 0.5 * (x @ self.A.T @ self.B.T)


def with_adapters(net: nn.Module, kind: type[nn.Module] = Adapted) -> nn.Module:
    """The network with every linear layer wrapped."""
    for name, child in net.named_children():
        if isinstance(child, nn.Linear):
            setattr(net, name, kind(child))
        else:
            with_adapters(child, kind)
    return net
