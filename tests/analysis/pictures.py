"""The residual network of the second assignment in PyTorch, in pieces that tests put otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graders.analysis.reading import Reading
from graders.evidence.reading import read
from graders.evidence.run_record import CellRecord, RunRecord
from graders.probe.graphs import draw
from graders.probe.models import ModelBook
from graders.probe.states import copy_state, write_state

Block = Callable[[int, int, int], nn.Module]
WIDTHS = ((16, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1))


def conv(into: int, out: int, kernel: int = 3, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(into, out, kernel, stride, padding=kernel // 2, bias=bias)


class Residual(nn.Module):
    """The block as the statement draws it; `run` may be another way to write it."""

    def __init__(self, into: int, out: int, stride: int = 1, run: Any = None) -> None:
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(into), nn.BatchNorm2d(out)
        self.conv1, self.conv2 = conv(into, out, stride=stride), conv(out, out)
        self.short = conv(into, out, 1, stride) if into != out else None
        self.act = nn.SiLU()
        self.run = run
        for norm in (self.bn1, self.bn2):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias)

    def skip(self, x: torch.Tensor) -> torch.Tensor:
        return x if self.short is None else self.short(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.run is not None:
            return self.run(self, x)
        h = self.conv1(self.act(self.bn1(x)))
        return self.conv2(self.act(self.bn2(h))) + self.skip(x)


def network(
    block: Block = Residual,
    widths: tuple[tuple[int, int, int], ...] = WIDTHS,
    outputs: int = 100,
    act: Callable[[], nn.Module] = nn.SiLU,
    first: nn.Module | None = None,
) -> nn.Sequential:
    """A network of these blocks, like the one of Figure 1."""
    last = widths[-1][1]
    return nn.Sequential(
        first or conv(3, widths[0][0]),
        *(block(*width) for width in widths),
        nn.BatchNorm2d(last),
        act(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(last, outputs),
    )


FIGURE = (
    (16, 64, 1), (64, 64, 1), (64, 64, 1),
    (64, 128, 2), (128, 128, 1), (128, 128, 1),
    (128, 256, 2), (256, 256, 1), (256, 256, 1),
)  # fmt: skip


class Sheet:
    """A notebook in which modules are called, cell after cell."""

    def __init__(self, book: ModelBook, folder: Path) -> None:
        self.book, self.folder = book, folder

    def call(self, module: nn.Module, x: torch.Tensor | None = None, name: str = "") -> None:
        """Show a module some pictures, and draw it."""
        x = torch.randn(2, 3, 8, 8) if x is None else x
        model = self.book.meet(module, name)
        assert model is not None
        model.sample = (x,)
        state = copy_state(self.book, model, "cell_end")
        write_state(self.book, state)
        assert draw(self.book, model, module, state.moment)

    def reading(self, **given: Any) -> Reading:
        self.book.log.flush()
        cells = (CellRecord(index=0, notebook="a", source="", executed=True),)
        record = RunRecord(ended="finished", cells=cells)
        (self.folder / "run.json").write_text(record.model_dump_json())
        return Reading(read(self.folder), self.folder, {}, **given)
