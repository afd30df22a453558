"""Replaced functions are noticed; what libraries and honest notebooks do is not."""

import builtins
import functools
import json
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.metrics
import torch

from graders.probe.log import EventLog
from graders.probe.tampering import Tampering


class Shell:
    """As much of IPython's shell as is watched."""

    def __init__(self):
        self.events = SimpleNamespace(callbacks={"post_run_cell": [len]})
        self.ast_transformers = []
        self.display_pub = object()

    def run_cell(self):
        """Runs."""


class Cells:
    current, moment = 4, 0

    def tick(self):
        self.moment += 1
        return self.moment


@pytest.fixture
def watch(tmp_path):
    log = EventLog(str(tmp_path))
    tampering = Tampering(log, Cells())
    shell = Shell()
    tampering.shell(shell)
    tampering.torch(torch)
    tampering.metrics(sklearn.metrics)
    tampering.numpy(np)
    tampering.ourselves()

    def told():
        tampering.cell_ended()
        log.flush()
        lines = (tmp_path / "events.jsonl").read_text().splitlines()
        return [json.loads(line)["name"] for line in lines]

    told.shell = shell
    told.log = log
    return told


def from_notebook(source, name):
    """A function as a cell of a notebook defines it."""
    space = {"torch": torch}
    exec(compile(source, "/tmp/ipykernel_7/123.py", "exec"), space)
    return space[name]


def test_nothing_is_told_of_an_honest_notebook(watch, monkeypatch):
    monkeypatch.setattr(torch, "load", functools.partial(torch.load, weights_only=False))
    optimizer = torch.optim.Adam(torch.nn.Linear(2, 1).parameters())  # torch wraps `step` here
    optimizer.step()
    watch.shell.ast_node_interactivity = "all"
    watch.shell.events.callbacks["post_run_cell"].append(print)
    assert watch() == []


@pytest.mark.parametrize(
    ("owner", "name", "told"),
    [
        (builtins, "print", "builtins.print"),
        (torch.Tensor, "backward", "torch.Tensor.backward"),
        (torch.nn.Module, "__call__", "torch.nn.Module.__call__"),
        (torch.nn.functional, "relu", "torch.nn.functional.relu"),
        (torch, "allclose", "torch.allclose"),
        (sklearn.metrics, "accuracy_score", "sklearn.metrics.accuracy_score"),
        (np, "allclose", "numpy.allclose"),
        (EventLog, "keep", "probe.EventLog.keep"),
    ],
)
def test_a_function_of_the_notebooks_in_the_place_of_ours(watch, monkeypatch, owner, name, told):
    false = from_notebook("def false(*args, **kwargs):\n    return None", "false")
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, false)
        found = watch()
    assert found == [told]


def test_what_was_taken_away_is_told(watch):
    watch.shell.events.callbacks["post_run_cell"].clear()
    assert watch() == ["ipython.events.post_run_cell"]


def test_a_transformer_of_the_notebooks(watch):
    transform = from_notebook("class Strip:\n    def visit(self, tree): return tree", "Strip")
    watch.shell.ast_transformers.append(transform())
    assert watch() == ["ipython.ast_transformers"]


def test_it_is_told_once(watch, monkeypatch):
    monkeypatch.setattr(np, "argmax", from_notebook("def f(x): return 0", "f"))
    watch()
    assert watch() == ["numpy.argmax"]
