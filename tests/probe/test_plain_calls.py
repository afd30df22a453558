"""A network written as functions: the images it got, and what it chose for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from graders.evidence.model import ForwardPass
from graders.evidence.reading import Blobs
from graders.probe.frameworks.torch_modules import TorchModules
from graders.probe.log import EventLog
from graders.probe.plain_calls import LARGEST_OF, PlainCalls
from graders.probe.torch_tape import Operations
from graders.probe.watch import Watch

KERNEL, MATRIX = torch.randn(4, 3, 3, 3), torch.randn(4, 10)


class Cells:
    current = 0
    moment = 0

    def tick(self) -> int:
        self.moment += 1
        return self.moment


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlainCalls:
    homes: list[tuple[Any, str]] = [(torch.nn.functional, "conv2d")]
    homes += [(home, name) for home in (torch, torch.Tensor) for name in LARGEST_OF]
    for home, name in homes:
        monkeypatch.setattr(home, name, getattr(home, name))  # put back when the test ends
    cells: Any = Cells()
    watch = Watch(EventLog(str(tmp_path)), cells)
    framework = TorchModules(torch)
    watch.add(framework)
    made = PlainCalls(torch, watch, framework.tensors)
    made.install()
    return made


def net(x: torch.Tensor) -> torch.Tensor:
    z = torch.nn.functional.conv2d(x, KERNEL, padding=1).relu()
    z = torch.nn.functional.conv2d(z, torch.eye(4)[:, :, None, None])
    return z.mean(dim=(2, 3)) @ MATRIX


def passes(plain: PlainCalls, folder: Path) -> list[ForwardPass]:
    plain.cell_ended()
    plain.watch.log.flush()
    lines = (folder / "events.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [ForwardPass.model_validate(e) for e in found if e["event"] == "plain_pass"]


ASKED: dict[str, Callable[[torch.Tensor], Any]] = {
    "argmax": lambda out: out.argmax(1),
    "function": lambda out: torch.argmax(out, dim=1),
    "max": lambda out: torch.max(out.softmax(1), 1).indices,
    "method": lambda out: out.max(1)[1],
}


@pytest.mark.parametrize("how", ASKED)
def test_batches_and_their_classes(plain: PlainCalls, tmp_path: Path, how: str) -> None:
    x = torch.randn(50, 3, 32, 32)
    chosen = [ASKED[how](net(part)) for part in x.split(20)]
    (seen,) = passes(plain, tmp_path)
    assert seen.rows == (20, 20, 10)
    assert seen.chosen
    blobs = Blobs(tmp_path / "blobs")
    assert np.array_equal(blobs.load(seen.chosen), torch.cat(chosen).numpy())
    assert seen.thumbnails
    assert len(blobs.load(seen.thumbnails)) == 50


def test_features_are_asked_for_no_class(plain: PlainCalls, tmp_path: Path) -> None:
    net(torch.randn(30, 3, 32, 32))
    (seen,) = passes(plain, tmp_path)
    assert seen.pictures
    assert seen.chosen is None


def test_what_is_no_plain_evaluation(plain: PlainCalls, tmp_path: Path) -> None:
    weight = KERNEL.clone().requires_grad_()
    torch.nn.functional.conv2d(torch.randn(4, 3, 32, 32), weight)  # of a training
    torch.nn.functional.conv2d(torch.randn(4, 5, 32, 32), torch.randn(2, 5, 3, 3))
    torch.randn(4, 10).argmax(1)
    plain.watch.busy = 1  # inside a module
    torch.nn.functional.conv2d(torch.randn(4, 3, 32, 32), KERNEL)
    assert passes(plain, tmp_path) == []


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_the_functions_are_still_themselves(plain: PlainCalls) -> None:
    names = Operations(torch)
    original = torch.nn.functional.conv2d.__wrapped__
    assert names.name(original) == "F.conv2d"
    assert names.name(torch.Tensor.argmax.__wrapped__) == "T.argmax"
    x = torch.randn(2, 3, 8, 8)
    scripted = torch.jit.script(nn.Conv2d(3, 2, 3))
    assert scripted(x).shape == (2, 2, 6, 6)

    def largest(t: torch.Tensor) -> torch.Tensor:
        return torch.argmax(t, dim=1)

    assert torch.jit.script(largest)(x).shape == (2, 8, 8)
