"""A small pretrained network, its file of weights, and a notebook that fine-tunes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from graders.analysis.image_files import ImageSet
from graders.analysis.reading import Reading
from graders.evidence.reading import read
from graders.evidence.run_record import CellRecord, RunRecord
from tests.analysis.watched import Notebook

SIDE, OLD, NEW = 8, 12, 10
CHANNELS = (4, 6, 6, 8)


class Block(nn.Module):
    """BN - SiLU - conv - BN - SiLU - conv, with a convolution on the skip when channels differ."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.n1, self.n2 = nn.BatchNorm2d(into), nn.BatchNorm2d(out)
        self.c1 = nn.Conv2d(into, out, 3, padding=1, bias=False)
        self.c2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.skip = nn.Conv2d(into, out, 1, bias=False) if into != out else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        silu = nn.functional.silu
        return self.skip(x) + self.c2(silu(self.n2(self.c1(silu(self.n1(x))))))


class Backbone(nn.Module):
    def __init__(self, blocks: int = len(CHANNELS) - 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, CHANNELS[0], 3, padding=1, bias=False)
        pairs = list(pairwise(CHANNELS))[:blocks]
        self.blocks = nn.Sequential(*(Block(a, b) for a, b in pairs))
        self.norm = nn.BatchNorm2d(CHANNELS[blocks])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = nn.functional.silu(self.norm(self.blocks(self.first(x))))
        return z.mean(dim=(2, 3))


class Network(nn.Module):
    def __init__(self, outputs: int = OLD) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.head = nn.Linear(CHANNELS[-1], outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(x))


class Studio(Notebook):
    """`pretrained()` is a network with the file's weights; `weights` is that file, as Keras keeps
    its kernels; `images` are of ten classes that differ in colour."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        torch.manual_seed(1)
        net = Network()
        with torch.no_grad():
            for module in net.modules():
                if isinstance(module, nn.BatchNorm2d):
                    for tensor in (module.weight, module.bias, module.running_mean):
                        assert tensor is not None
                        tensor += 0.1 * torch.randn_like(tensor)
                    assert module.running_var is not None
                    module.running_var += 0.1 * torch.rand_like(module.running_var)
        self._state = {k: v.clone() for k, v in net.state_dict().items()}
        self.weights = folder / "weights.npz"
        turned = {k: v.numpy().transpose(*reversed(range(v.ndim))) for k, v in self._state.items()}
        turned = {
            k: np.swapaxes(v, 0, 1) if v.ndim == 4 else v
            for k, v in turned.items()
            if "num_batches" not in k
        }  # out, in, h, w -> w, h, in, out -> h, w, in, out
        np.savez(self.weights, **turned)
        self.labels = torch.arange(240) % NEW
        colours = torch.rand(NEW, 3)[self.labels][:, :, None, None]
        self.images = (colours + 0.2 * torch.randn(240, 3, SIDE, SIDE)) * 2 - 1
        self.sets: dict[str, ImageSet] = {}

    def pretrained(self) -> Network:
        net = Network()
        net.load_state_dict(self._state)
        self.book.meet(net, "net")
        return net

    def renewed(self) -> Network:
        """The pretrained network with a last layer of its own."""
        net = self.pretrained()
        net.head = nn.Linear(CHANNELS[-1], NEW)
        return net

    def call(self, net: nn.Module, x: torch.Tensor) -> torch.Tensor:
        """A call of a module from the notebook, as the probe sees it."""
        out = net(x)
        self._called(net, x, out)
        return out

    def features(self, net: nn.Module, x: torch.Tensor) -> torch.Tensor:
        """The answers of a network, computed without gradients, batch after batch."""
        with torch.no_grad():
            return torch.cat([self.call(net, part) for part in x.split(48)])

    def tune(
        self,
        answer: Callable[[torch.Tensor], torch.Tensor],
        parameters: Iterable[Any],
        *,
        x: torch.Tensor | None = None,
        y: torch.Tensor | None = None,
        rate: float = 1e-2,
        epochs: int = 4,
        batch: int = 48,
        optimizer: type[torch.optim.Optimizer] = torch.optim.Adam,
        step: bool = True,
        between: Callable[[int], None] = lambda step: None,
        end: bool = True,
    ) -> None:
        """A loop of the notebook's own. `answer` computes the logits of a batch (with `call`),
        `parameters` go to the optimizer, `between` runs after each step."""
        rows = self.images if x is None else x
        labels = self.labels if y is None else y
        chosen = optimizer(list(parameters), lr=rate)
        count = 0
        for _ in range(epochs):
            for index in torch.randperm(len(rows)).split(batch):
                loss = nn.functional.cross_entropy(answer(rows[index]), labels[index])
                chosen.zero_grad()
                self.training.before_backward(loss)
                loss.backward()
                self.training.after_backward()
                if step:
                    self.training.before_step(chosen)
                    chosen.step()
                    self.training.after_step(chosen)
                between(count)
                count += 1
        if end:
            self.end_cell()

    def evaluate(self, net: nn.Module, x: torch.Tensor | None = None) -> None:
        net.eval()
        self.features(net, self.images[:48] if x is None else x)
        self.end_cell()

    def reading(self) -> Reading:
        self.log.flush()
        cells = tuple(
            CellRecord(index=i, notebook="a", source="", executed=True)
            for i in range(self.cells.current)
        )
        record = RunRecord(ended="finished", cells=cells)
        (self.folder / "run.json").write_text(record.model_dump_json())
        return Reading(read(self.folder), self.folder, {}, weights=self.weights, images=self.sets)


def freeze(net: nn.Module) -> nn.Module:
    """A backbone without gradients and in evaluation mode."""
    return net.requires_grad_(False).eval()


def only_kernels(net: nn.Module) -> list[nn.Parameter]:
    """Freezes the batch normalisations; what is left to train."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            freeze(module)
    return [p for p in net.parameters() if p.requires_grad]
