"""Whose loop makes the steps? Loops of a notebook's own, of libraries, and of both at once."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graders.probe.drivers import Drivers

LIBRARY = """
def step(optimize):                      # an optimizer around another one
    return optimize()

def fit(optimize, batches=6):
    for _ in range(batches):
        one_batch(optimize)

def one_batch(optimize):
    optimize()

def partial_fit(optimize):               # one step for each call
    optimize()

def search(objective):                   # tries settings, each with a training of its own
    for _ in range(2):
        objective()
"""


@pytest.fixture
def library(tmp_path: Path) -> Any:
    """A module that lies where libraries are installed."""
    module = types.ModuleType("trainers")
    module.__file__ = str(tmp_path / "site-packages" / "trainers" / "__init__.py")
    sys.modules["trainers"] = module
    exec(compile(LIBRARY, module.__file__, "exec"), vars(module))
    yield module
    del sys.modules["trainers"]


STEP = """
def step():
    drivers.count(counts)
"""


@pytest.fixture
def steps() -> Any:
    """`steps()` is one step; `steps.counts` who made them."""
    place = {"__name__": "corrige_probe.training", "drivers": Drivers(), "counts": {}}
    exec(compile(STEP, "/x/corrige_probe/training.py", "exec"), place)
    step: Any = place["step"]
    step.counts = place["counts"]
    return step


def cell(source: str, file: str = "<cell 3>", **names: Any) -> None:
    """Run the source as a notebook's cell."""
    exec(compile(source, file, "exec"), {"__name__": "__main__", **names})


OWN = [
    "for _ in range(5): step()",
    "def epoch():\n for _ in range(3): step()\nfor _ in range(2): epoch()",
    "class Net:\n def fit(self):\n  for _ in range(5): step()\nNet().fit()",
    "def train_step(): step()\nfor _ in range(5): train_step()",
    "def train():\n for _ in range(3): step()\nlib.search(train)",
    "for _ in range(5): lib.step(step)",
    "def closure(): step()\nfor _ in range(5): lib.step(closure)",
]


@pytest.mark.parametrize("source", OWN)
def test_a_loop_of_ones_own(source: str, library: Any, steps: Any) -> None:
    cell(source, step=steps, lib=library)
    assert set(steps.counts) == {""}
    assert steps.counts[""] >= 5


def test_a_librarys_loop(library: Any, steps: Any) -> None:
    cell("lib.fit(step)", step=steps, lib=library)
    assert steps.counts == {"trainers.one_batch": 1, "trainers.fit": 5}


@pytest.mark.parametrize(
    "source",
    [
        "class Adam:\n def step(self): step()\nlib.fit(Adam().step)",
        "def train_step(): step()\nlib.fit(train_step)",
    ],
)
def test_a_step_of_ones_own_in_a_librarys_loop(source: str, library: Any, steps: Any) -> None:
    cell(source, step=steps, lib=library)
    assert steps.counts["trainers.fit"] >= 4
    assert steps.counts.get("", 0) <= 1


def test_a_librarys_loop_after_steps_by_hand(library: Any, steps: Any) -> None:
    cell("step(); step()\nlib.fit(step, 20)", step=steps, lib=library)
    assert steps.counts == {"": 2, "trainers.fit": 20}


def test_one_step_asked_of_a_library_each_time(library: Any, steps: Any) -> None:
    cell("for _ in range(5): lib.partial_fit(step)", step=steps, lib=library)
    assert steps.counts == {"trainers.partial_fit": 5}


@pytest.mark.parametrize("file", ["<cell 1>", "<string>", "/x/corrige_probe/training.py"])
def test_a_library_under_another_files_name(file: str, library: Any, steps: Any) -> None:
    for name in ("fit", "one_batch"):
        function: Callable[..., Any] = getattr(library, name)
        function.__code__ = function.__code__.replace(co_filename=file)
    cell("lib.fit(step)", step=steps, lib=library)
    assert steps.counts["trainers.fit"] >= 4
    assert steps.counts.get("", 0) <= 1


def test_modules_that_a_student_brings_are_the_students(tmp_path: Path, steps: Any) -> None:
    cell("for _ in range(5): step()", file=str(tmp_path / "entrenamiento.py"), step=steps)
    assert steps.counts == {"": 5}


KERAS = """
def error_handler(function, *args):
    return function(*args)

def apply_gradients(optimize):
    apply(optimize)

def apply(optimize):
    scaled(optimize)

def function(step):                      # what `train_step` is compiled to
    one_step_on_data(step)

def one_step_on_data(step):
    step()

def fit(step, batches=6):
    for _ in range(batches):
        function(step)

def train_on_batch(step):
    function(step)

def scaled(optimize):                    # an optimizer within an optimizer
    optimize()

def train_step(optimize):
    apply_gradients(optimize)
"""


@pytest.fixture
def keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = types.ModuleType("keras.src.likeness")
    module.__file__ = str(tmp_path / "site-packages" / "keras" / "src" / "likeness.py")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(KERAS, module.__file__, "exec"), vars(module))
    return module


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("for _ in range(5): keras.apply_gradients(step)", {"": 5}),
        ("for _ in range(5): keras.error_handler(keras.apply, step)", {"": 5}),
        ("for _ in range(5): keras.train_step(step)", {"": 5}),
        ("for _ in range(5): keras.function(step)", {"": 5}),
        ("keras.error_handler(keras.fit, step)", {"keras.fit": 6}),
        ("for _ in range(3): keras.fit(step, 2)", {"keras.fit": 6}),
        (
            "def train():\n getattr(keras, 'fit')(lambda: keras.train_step(step))\ntrain()",
            {"keras.fit": 6},
        ),
        ("for _ in range(5): keras.train_on_batch(step)", {"keras.train_on_batch": 5}),
    ],
)
def test_keras(source: str, expected: dict[str, int], keras: Any, steps: Any) -> None:
    cell(source, step=steps, keras=keras)
    assert steps.counts == expected
