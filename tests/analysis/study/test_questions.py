"""The study is judged by what was trained on the surface, and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.study import final_model, questions
from graders.analysis.study.surface import surface
from graders.analysis.whole import Whole
from graders.evidence.documents import Document
from graders.probe.frameworks.torch_tensors import to_numpy
from tests.analysis.watched import Notebook

AXIS = np.linspace(-2.5, 2.5, 15)
POINTS = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2)
SGD = partial(torch.optim.SGD)
MOMENTUM = partial(torch.optim.SGD, momentum=0.9)
Ask = Callable[[Reading], Answer]


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path)


def trial(
    notebook: Notebook, stepper: Any = SGD, noise: float = 0.0, units: int = 8, batch: int = 75
) -> nn.Module:
    net = nn.Sequential(nn.Linear(2, units), nn.Tanh(), nn.Linear(units, 1))
    heights = surface(POINTS) + noise * np.random.default_rng(0).normal(size=len(POINTS))
    x = torch.tensor(POINTS, dtype=torch.float32)
    y = torch.tensor(heights, dtype=torch.float32)[:, None]
    notebook.train(
        net, x, y, batch=batch, stepper=stepper, loss=lambda z, t, _x: nn.functional.mse_loss(z, t)
    )
    return net


def read(notebook: Notebook, *, picture: bool = False, prose: str = "", code: str = "") -> Reading:
    reading = notebook.reading()
    data = {"image/png": "iVBOR"} if picture else {"text/plain": "1"}
    output = {"output_type": "display_data", "data": data}
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": "", "metadata": {}, "outputs": []}
        for _cell in reading.evidence.run.cells
    ]
    if cells:
        cells[-1]["outputs"] = [output]
    cells.append({"cell_type": "markdown", "source": prose, "metadata": {}})
    cells.append({"cell_type": "code", "source": code, "metadata": {}, "outputs": []})
    (notebook.folder / "executed.ipynb").write_text(json.dumps({"cells": cells}))
    return reading


@pytest.mark.parametrize(
    ("trials", "ask", "holds"),
    [
        ([{}, {"stepper": MOMENTUM}], questions.optimisers, True),
        ([{}, {"stepper": torch.optim.Adam}], questions.optimisers, True),
        ([{}, {"batch": 15}], questions.optimisers, False),
        ([{"stepper": MOMENTUM}, {"stepper": torch.optim.Adam}], questions.optimisers, False),
        ([{}, {"noise": 0.2}], questions.noise, True),
        ([{"noise": 0.1}, {"noise": 0.3}], questions.noise, True),
        ([{}, {}], questions.noise, False),
        ([{"noise": 0.2, "batch": 225}, {"noise": 0.2, "batch": 225}], questions.noise, False),
        ([{}, {"units": 20}], questions.sizes, True),
        ([{}, {"stepper": MOMENTUM}], questions.sizes, False),
    ],
)
def test_what_was_trained_decides(
    notebook: Notebook, trials: list[dict[str, Any]], ask: Ask, holds: bool
) -> None:
    for how in trials:
        trial(notebook, **how)
    answer = ask(read(notebook))
    assert answer.holds is holds, answer.words
    assert answer.cells


@pytest.mark.parametrize("picture", [True, False])
def test_figures_count_from_the_first_training_on(notebook: Notebook, picture: bool) -> None:
    trial(notebook)
    assert questions.plots(read(notebook, picture=picture)).holds is picture


@pytest.mark.parametrize("ask", [questions.optimisers, questions.noise, questions.sizes])
def test_other_trainings_are_no_study(notebook: Notebook, ask: Ask) -> None:
    net = nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 1))
    notebook.train(net, notebook.x["train"], notebook.y["train"])
    assert ask(read(notebook)).holds is False


@pytest.mark.parametrize("ask", [questions.optimisers, questions.noise, questions.plots])
def test_a_study_that_cannot_be_seen_is_left_to_a_person(notebook: Notebook, ask: Ask) -> None:
    assert ask(read(notebook, prose="$\\sin(0.8 r^2) / r^{1.8}$, del enunciado")).holds is False
    assert ask(read(notebook, code="z = np.sin(.8 * r2) / r2 ** .9")).holds is None
    notebook.hold("X", torch.tensor(POINTS))
    notebook.hold("z", torch.tensor(surface(POINTS)))
    assert ask(read(notebook)).holds is None


def test_a_document_may_tell_of_it(notebook: Notebook) -> None:
    reading = read(notebook)
    assert questions.noise(reading).holds is False
    document = Document(name="informe.pdf", pages=2, text="Conclusiones", pictures=3)
    reading.whole = Whole({"": lambda: reading}, [document])
    assert questions.noise(reading).holds is None


def stored(notebook: Notebook, net: nn.Module, name: str = "modelo.pt") -> None:
    (notebook.folder / "files").mkdir(exist_ok=True)
    digest = f"{len(list((notebook.folder / 'files').iterdir())):032x}"
    path = notebook.folder / "files" / f"{digest}.bin"
    torch.save(net.state_dict(), path)
    notebook.log.write(
        "file",
        path=name,
        size=path.stat().st_size,
        digest=digest,
        cell=notebook.cells.current,
        moment=notebook.cells.tick(),
    )


def test_the_trained_model_is_stored(notebook: Notebook) -> None:
    net = trial(notebook)
    stored(notebook, net)
    answer = final_model.trained_and_stored(read(notebook))
    assert answer.holds is True
    assert "modelo.pt" in answer.words
    assert to_numpy(next(net.parameters())).shape == (8, 2)


def test_a_model_that_was_not_seen_to_be_trained_is_left_to_a_person(notebook: Notebook) -> None:
    trial(notebook)
    stored(notebook, nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)))
    assert final_model.trained_and_stored(read(notebook)).holds is None


def test_no_file_no_model(notebook: Notebook) -> None:
    assert final_model.trained_and_stored(read(notebook)).holds is False
    trial(notebook)
    assert final_model.trained_and_stored(read(notebook)).holds is False
