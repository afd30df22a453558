"""Weights that are only an example make nobody wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graders.analysis import OTHERS, Reading, Whole
from graders.analysis.byhand.exercise import exercise
from graders.checks import byhand
from graders.checks.outcome import Undecided, Violated
from graders.evidence.model import Evidence
from graders.evidence.run_record import RunRecord

LAYERS = [
    {"weights": [[0.5, -0.3], [0.8, 0.2]], "biases": [0.1, -0.2]},
    {"weights": [[0.9, -0.6]], "biases": [0.2]},
]
POINTS = [[1, 1, 1], [0, 2, 1], [-1, 1, 0]]
GIVEN: dict[str, Any] = {"layers": LAYERS, "points": POINTS}


def prose(folder: Path, *texts: str) -> Reading:
    cells = [{"cell_type": "markdown", "source": text, "metadata": {}} for text in texts]
    (folder / "executed.ipynb").write_text(json.dumps({"cells": cells}))
    return Reading(Evidence(run=RunRecord(ended="finished")), folder, {})


def right() -> str:
    slopes = exercise(LAYERS, POINTS).slopes
    arrays = [*slopes.biases, *slopes.weights]
    return "\n".join(" ".join(f"{x:.5f}" for x in array.reshape(-1)) for array in arrays)


def test_right_numbers_are_right_and_say_where(tmp_path: Path) -> None:
    finding = byhand.gradients(prose(tmp_path, "# Parte II", right()), **GIVEN)
    assert finding.cells == (1,)
    assert byhand.gradients(prose(tmp_path, right()), **GIVEN, example=True).observed


def test_wrong_numbers_are_wrong_unless_the_weights_are_an_example(tmp_path: Path) -> None:
    student = prose(tmp_path, right().replace("0.", "0.3"))
    with pytest.raises(Violated) as violated:
        byhand.gradients(student, **GIVEN)
    assert "Ω0" in violated.value.finding.observed
    with pytest.raises(Undecided) as undecided:
        byhand.gradients(student, **GIVEN, example=True)
    assert violated.value.finding.observed in undecided.value.finding.observed


def test_a_photo_may_hold_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Undecided):
        byhand.gradients(prose(tmp_path, "![hoja](attachment:hoja.png)"), **GIVEN)


def test_the_network_is_computed_in_the_notebook_itself(tmp_path: Path) -> None:
    shown = {"output_type": "stream", "text": right()}
    cell = {"cell_type": "code", "source": "f()", "metadata": {}, "outputs": [shown]}
    (tmp_path / "executed.ipynb").write_text(json.dumps({"cells": [cell]}))
    student = Reading(Evidence(run=RunRecord(ended="finished")), tmp_path, {})
    assert byhand.integrated(student, **GIVEN).cells == (0,)
    with pytest.raises(Violated):
        byhand.integrated(prose(tmp_path, right()), **GIVEN)


def test_two_losses_are_easily_met_by_chance(tmp_path: Path) -> None:
    net = exercise(LAYERS, POINTS)
    before, after = net.squares, net.stepped(1.0).squares
    said = f"La pérdida pasa de {before:.4f} a {after:.4f}."
    assert byhand.loss_lowered(prose(tmp_path, said), **GIVEN).cells == (0,)
    numbers = " ".join(f"{n / 100:.2f}" for n in range(400))
    with pytest.raises(Violated):
        byhand.loss_lowered(prose(tmp_path, numbers), **GIVEN)


@pytest.mark.parametrize(
    "check", [byhand.gradients, byhand.new_weights, byhand.loss_lowered, byhand.integrated]
)
def test_untouched_notebooks_answer_nothing_whatever_the_weights(
    check: Any, tmp_path: Path
) -> None:
    student = prose(tmp_path, "# Notebook 7.2")
    student.whole = Whole({OTHERS: lambda: student}, untouched=True)
    with pytest.raises(Violated):
        check(student, **GIVEN, example=True)
