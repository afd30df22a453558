import json
import pickle

import pytest

from graders.intake import collect
from graders.rubric.model import DataFile, Rubric, Run, Text
from graders.runner import run
from graders.sandbox import SandboxUnavailable, choose

DATA = (
    DataFile(name="train", files=("higgs_train.pkl", "higgs_train.pk1"), role="train"),
    DataFile(name="test", files=("higgs_test.pkl", "higgs_test.pk1"), role="test"),
)
RUBRIC = Rubric(assignment="p3", title=Text(es="x", en="x"), exercises=(), data=DATA)


def notebook(cells):
    made = []
    for source in cells:
        if source.startswith("# markdown"):
            made.append({"cell_type": "markdown", "metadata": {}, "source": source})
        else:
            cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
            made.append({**cell, "execution_count": None})
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


@pytest.fixture(scope="session", params=["none", "bwrap"])
def sandbox(request):
    try:
        return choose(request.param)
    except SandboxUnavailable as error:
        pytest.skip(f"this sandbox does not work on this machine: {error}")


@pytest.fixture
def execute(tmp_path):
    """Runs cells (a list, or notebooks by name) as a submission; gives the record and `out`."""
    folder = tmp_path / "datos"
    folder.mkdir()
    data = {}
    for number, file in enumerate(DATA):
        path = folder / file.files[0]
        path.write_bytes(pickle.dumps([number, 1, 2]))
        data[file] = path

    def execute(cells, *, sandbox=None, files=None, on_cell=None, **settings):
        root = tmp_path / "ana"
        root.mkdir(exist_ok=True)
        books = cells if isinstance(cells, dict) else {"p3.ipynb": cells}
        for name, sources in books.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(notebook(sources))
        for name, text in (files or {}).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        [submission] = collect([root], RUBRIC)
        limits = Run(**{"budget": 120, "cell_timeout": 60, **settings})
        out = tmp_path / "evidence"
        record = run(submission, limits, data, out, sandbox or choose("none"), on_cell=on_cell)
        return record, out

    return execute
