"""Draws networks with the probe, in this process, so that analysis is tested on real tapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from graders.analysis.network import Network
from graders.evidence.model import Graph
from graders.evidence.reading import Blobs
from graders.language import speaking
from graders.probe.frameworks.torch_modules import TorchModules
from graders.probe.graphs import draw as draw_graph
from graders.probe.graphs import write_graph
from graders.probe.log import EventLog
from graders.probe.models import ModelBook


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """What is said is compared in the words of the code."""
    with speaking("en"):
        yield


class Clock:
    """Stands in for the cells of a notebook."""

    current = 0
    moment = 0

    def tick(self) -> int:
        self.moment += 1
        return self.moment


@pytest.fixture
def book(tmp_path: Path) -> ModelBook:
    log = EventLog(str(tmp_path))
    clock: Any = Clock()
    return ModelBook(log, clock, TorchModules(torch))


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@pytest.fixture
def draw(book: ModelBook, tmp_path: Path) -> Callable[..., Network]:
    """`draw(module, x)`: the network that the module computes on x."""

    def drawn(module: torch.nn.Module, x: torch.Tensor) -> Network:
        model = book.meet(module)
        assert model is not None
        model.sample = (x,)
        draw_graph(book, model, module, 1)
        return Network(last_graph(book, tmp_path))

    return drawn


@pytest.fixture
def draw_step(book: ModelBook, tmp_path: Path) -> Callable[..., Network]:
    """`draw_step(step)`: the network on the tape of one training iteration, step() -> loss."""

    def drawn(step: Callable[[], torch.Tensor]) -> Network:
        tape = book.frameworks[0].tensors.new_tape()
        with tape:
            loss = step()
        write_graph(book, tape, model=None, why="training", moment=1, loss=loss)
        return Network(last_graph(book, tmp_path))

    return drawn


def last_graph(book: ModelBook, folder: Path) -> Graph:
    book.log.flush()
    lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    graph = Graph.model_validate([x for x in lines if x["event"] == "graph"][-1])
    assert not graph.error, graph.error
    return graph
