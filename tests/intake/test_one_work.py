"""Folders of one submission, whatever they are called: each holds other notebooks of the book."""

import json
from pathlib import Path

import pytest

from graders.intake import collect
from graders.intake.fingerprints import fingerprint
from graders.rubric.model import Rubric, Template, Text

TEXT = Text(es="x", en="x")


def notebook(number, function):
    heading = {"cell_type": "markdown", "metadata": {}, "source": f"# Notebook {number}: of it"}
    code = {
        "cell_type": "code",
        "metadata": {"id": f"i{number}"},
        "source": f"# TODO\ndef {function}(x):\n  return 0",
        "outputs": [],
        "execution_count": None,
    }
    return [heading, code]


BOOKS = {
    "nb3_4": notebook("3.4", "sigmoid"),
    "nb4_1": notebook("4.1", "shallow"),
    "nb6_4": notebook("6.4", "momentum"),
}
RUBRIC = Rubric(
    assignment="t1",
    title=TEXT,
    exercises=(),
    notebooks=tuple(Template(id=name, **fingerprint(cells)) for name, cells in BOOKS.items()),
)


def put(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": BOOKS[name]}
    path.write_text(json.dumps(whole))


@pytest.mark.parametrize(
    "folders",
    [
        ("Chap03", "Chap04", "Chap06"),
        ("Notebooks/Chap03", "Notebooks/Chap04", "Notebooks/Chap06"),
        ("tarea1", "tarea1", "tarea1/final"),
        ("Activation functions", "Composing", "Momentum"),
        ("ana", "luis", "ana"),
    ],
)
def test_one_submission(tmp_path, folders):
    for folder, name in zip(folders, BOOKS, strict=True):
        put(tmp_path / "maria" / folder / f"{name}.ipynb", name)
    [found] = collect([tmp_path / "maria"], RUBRIC)
    assert sorted(found.copies) == sorted(BOOKS)
    assert not found.problems


def test_a_class_in_which_everybody_has_the_same(tmp_path):
    for person in ("ana", "luis"):
        for name in BOOKS:
            put(tmp_path / person / f"{name}.ipynb", name)
    assert [s.id for s in collect([tmp_path], RUBRIC)] == ["ana", "luis"]


def test_a_class_in_which_some_have_little(tmp_path):
    for name in BOOKS:
        put(tmp_path / "ana" / f"{name}.ipynb", name)
    put(tmp_path / "luis" / "Chap03" / "a.ipynb", "nb3_4")
    assert [s.id for s in collect([tmp_path], RUBRIC)] == ["ana", "luis"]


def test_two_copies_in_one_submission(tmp_path):
    put(tmp_path / "maria" / "Chap03" / "a.ipynb", "nb3_4")
    put(tmp_path / "maria" / "a (1).ipynb", "nb3_4")
    [found] = collect([tmp_path / "maria"], RUBRIC)
    copy = found.copies["nb3_4"]
    assert {copy.path, *copy.repeated} == {Path("Chap03/a.ipynb"), Path("a (1).ipynb")}
    assert len(found.notebooks) == 1
