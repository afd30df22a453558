"""Models, states and passes know no framework: the probe's questions, asked of a made-up one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from graders.probe.frameworks.torch_modules import TorchModules
from graders.probe.graphs import SAMPLE_IMAGES, SAMPLE_ROWS, sample_rows
from graders.probe.log import EventLog
from graders.probe.models import ModelBook
from graders.probe.passes import Passes
from graders.probe.states import cell_ended

from .numpy_framework import Box, Layer, Layers


class Cells:
    current = 0
    moment = 0

    def tick(self) -> int:
        self.moment += 1
        return self.moment


class Scene:
    """A cell in which layers are called."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.layers = folder, Layers()
        self.log, cells = EventLog(str(folder)), Cells()
        self.book = ModelBook(self.log, cells, self.layers, TorchModules(torch))
        self.passes = Passes(self.log, cells, self.book)

    def call(self, layer: Layer, rows: Any) -> None:
        given = Box(rows)
        self.passes.called(self.layers, layer, (given,), layer(given), training=False)

    def events(self, kind: str) -> list[dict[str, Any]]:
        self.passes.cell_ended()
        cell_ended(self.book)
        self.log.flush()
        lines = (self.folder / "events.jsonl").read_text().splitlines()
        return [e for e in map(json.loads, lines) if e["event"] == kind]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def rows(first: int, count: int) -> Any:
    return np.arange(2 * first, 2 * (first + count)).reshape(count, 2)


def test_batches_of_one_evaluation_are_one_pass(scene: Scene) -> None:
    layer = Layer()
    layer.calls.learns = False
    scene.layers.entries = lambda model: Layers.entries(scene.layers, model)[:1]  # type: ignore[method-assign]
    for first in (0, 4, 8):
        scene.call(layer, rows(first, 4))
    (made,) = scene.events("pass")
    assert made["rows"] == [4, 4, 4]


def test_a_weight_that_was_changed_ends_a_pass(scene: Scene) -> None:
    layer = Layer()
    scene.call(layer, rows(0, 4))  # its own counter is a buffer and changes at each call
    scene.call(layer, rows(4, 4))
    first, second = scene.events("pass")
    assert first["state"] != second["state"]


def test_states_say_what_learns_and_what_only_moves(scene: Scene) -> None:
    layer = Layer()
    scene.book.meet(layer, "net")
    (state,) = scene.events("state")
    assert [(e["name"], e["role"], e["requires_grad"]) for e in state["entries"]] == [
        ("weight", "parameter", True),
        ("calls", "buffer", False),
    ]


def test_each_model_belongs_to_the_first_framework_that_knows_it(scene: Scene) -> None:
    for thing in (Layer(), nn.Linear(2, 2), {"w": Box([[1, 2]])}, [torch.eye(2)]):
        scene.book.meet(thing)
    met = scene.events("model")
    assert [(m["framework"], m["kind"]) for m in met] == [
        ("keras", "module"), ("torch", "module"), ("keras", "collection"), ("torch", "collection"),
    ]  # fmt: skip


def test_networks_of_images_are_drawn_with_few_rows() -> None:
    assert sample_rows((64, 30)) == SAMPLE_ROWS
    assert sample_rows((64, 32, 32, 3)) == SAMPLE_IMAGES < SAMPLE_ROWS
