import json

from graders.intake import Submission
from graders.runner.assembly import KEY, assemble, steps


def write(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [
        {"cell_type": kind, "metadata": {"tags": ["raises-exception"]}, "source": source}
        for kind, source in cells
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": made}))


def test_one_notebook_keeps_its_positions(tmp_path):
    write(tmp_path / "a.ipynb", ("markdown", "# P3"), ("code", ""), ("code", "x"), ("raw", "y"))
    whole = assemble(Submission(id="a", root=tmp_path, notebooks=("a.ipynb",)))
    assert [c.cell_type for c in whole.cells] == ["markdown", "code", "code", "raw"]
    assert [step.index for step in steps(whole)] == [2]


def test_several_are_marked_off(tmp_path):
    write(tmp_path / "ej1" / "a.ipynb", ("code", "x"))
    write(tmp_path / "b.ipynb", ("code", "y"))
    whole = assemble(Submission(id="a", root=tmp_path, notebooks=("ej1/a.ipynb", "b.ipynb")))
    assert [c.cell_type for c in whole.cells] == ["markdown", "code"] * 2
    assert whole.cells[2].metadata[KEY] == {"notebook": "b.ipynb", "boundary": True}
    assert [(s.index, str(s.folder)) for s in steps(whole)] == [(1, "ej1"), (3, ".")]
    assert len({c.id for c in whole.cells}) == 4
