"""Image sets made up for tests, and a notebook that trains on them and shows what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from graders.analysis.image_files import ImageSet
from graders.analysis.reading import Reading
from graders.evidence.reading import read
from graders.evidence.run_record import CellRecord, Output, RunRecord
from tests.analysis.watched import Notebook

SIDE = 32
Prepare = Callable[[torch.Tensor], torch.Tensor]


def image_set(classes: int = 5, train: int = 240, test: int = 120, seed: int = 0) -> ImageSet:
    """Blurred noise of a colour for each class: learnt at once, and no image like another."""
    rng = np.random.default_rng(seed)
    colours = rng.uniform(60, 190, size=(classes, 3))
    parts = []
    for rows in (train, test):
        labels = np.arange(rows) % classes
        coarse = rng.normal(size=(rows, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2)
        fine = rng.normal(size=(rows, SIDE, SIDE, 3))
        images = colours[labels][:, None, None] + 35 * coarse + 8 * fine
        parts.append((images.clip(0, 255).astype(np.uint8), labels.astype(np.int64)))
    return ImageSet(*parts[0], *parts[1])


def scaled(images: np.ndarray) -> torch.Tensor:
    """From -1 to 1, channels first."""
    return torch.tensor(images.transpose(0, 3, 1, 2) / np.float32(127.5) - 1)


class Body(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 8, 3, padding=1, stride=2)
        self.two = nn.Conv2d(8, 12, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.two(torch.relu(self.one(x)))).mean(dim=(2, 3))


def network(classes: int = 5) -> nn.Module:
    return nn.Sequential(Body(), nn.Linear(12, classes))


class Gallery(Notebook):
    """`show` is what a cell prints; `sets` are the teacher's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sets = {"cifar10": image_set(), "cifar100": image_set(classes=8, seed=1)}
        self.x10, self.t10 = (scaled(a) for a in (self.set10.x_train, self.set10.x_test))
        self.y10 = torch.tensor(self.set10.y_train)
        self._texts: dict[int, str] = {}
        self._sources: dict[int, str] = {}

    @property
    def set10(self) -> ImageSet:
        return self.sets["cifar10"]

    def show(self, text: str, source: str = "print(result)") -> None:
        self._texts[self.cells.current] = self._texts.get(self.cells.current, "") + text + "\n"
        self._sources[self.cells.current] = source

    def call(self, net: nn.Module, x: torch.Tensor) -> torch.Tensor:
        out = net(x)
        self._called(net, x, out)
        return out

    def answers(self, net: nn.Module, x: torch.Tensor, batch: int = 32) -> torch.Tensor:
        """Without gradients, batch after batch: one pass."""
        net.eval()
        self.passes.interrupted()
        with torch.no_grad():
            found = torch.cat([self.call(net, part) for part in x.split(batch)])
        net.train()
        return found

    def tune(
        self,
        answer: Callable[[torch.Tensor], torch.Tensor],
        parameters: Any,
        x: torch.Tensor | None = None,
        *,
        y: torch.Tensor | None = None,
        rate: float = 1e-2,
        epochs: int = 3,
        prepare: Prepare = lambda rows: rows,
    ) -> None:
        """A loop of the notebook's own, in the current cell; `prepare` is applied to each batch."""
        rows = self.x10 if x is None else x
        labels = self.y10 if y is None else y
        optimizer = torch.optim.Adam(list(parameters), lr=rate)
        for _ in range(epochs):
            for index in torch.randperm(len(rows)).split(48):
                loss = nn.functional.cross_entropy(answer(prepare(rows[index])), labels[index])
                optimizer.zero_grad()
                self.training.before_backward(loss)
                loss.backward()
                self.training.after_backward()
                self.training.before_step(optimizer)
                optimizer.step()
                self.training.after_step(optimizer)

    def reading(self) -> Reading:
        self.log.flush()
        cells = tuple(
            CellRecord(
                index=i,
                notebook="a",
                source=self._sources.get(i, ""),
                executed=True,
                outputs=(Output(kind="stream", text=self._texts[i]),) if i in self._texts else (),
            )
            for i in range(self.cells.current)
        )
        record = RunRecord(ended="finished", cells=cells)
        (self.folder / "run.json").write_text(record.model_dump_json())
        return Reading(read(self.folder), self.folder, {}, images=self.sets)
