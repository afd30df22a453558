"""Copies of handed-out notebooks are known by what they hold, whatever their file is called."""

import json
from pathlib import Path

import pytest

from graders.intake.fingerprints import code_digest, fingerprint, main
from graders.intake.recognise import places_of, recognise, unchanged_cells
from graders.rubric.model import Template


def notebook(number, name, functions, ids=True):
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": f"# **Notebook {number}: {name}**"}
    ]
    for place, function in enumerate(functions):
        source = f"# TODO\ndef {function}(x):\n  return 0"
        metadata = {"id": f"{number}-{place}"} if ids else {}
        cells.append({"cell_type": "code", "metadata": metadata, "source": source})
    return cells


BOOKS = {
    "nb3_4": notebook("3.4", "Activation functions", ["sigmoid", "heaviside", "lin"]),
    "nb5_2": notebook("5.2", "Binary loss", ["sigmoid", "bernoulli", "likelihood"]),
    "nb5_3": notebook("5.3", "Multiclass loss", ["softmax", "likelihood"]),
}
TEMPLATES = tuple(Template(id=name, **fingerprint(cells)) for name, cells in BOOKS.items())


def solved(cells):
    return [
        {**cell, "source": cell["source"].replace("return 0", "return x + 1  # TODO")}
        for cell in cells
    ]


def without(cells, key):
    if key == "ids":
        return [{**cell, "metadata": {}} for cell in cells]
    if key == "nothing":
        return cells
    if key == "heading":
        return cells[1:]
    return [c for c in cells if c["cell_type"] == "markdown"] + [
        {**c, "source": c["source"].replace("def ", "def my_")}
        for c in cells
        if c["cell_type"] == "code"
    ]


@pytest.mark.parametrize("lost", ["nothing", "ids", "heading", "functions"])
def test_copies_are_known_whatever_one_thing_they_lost(lost):
    given = {
        Path(f"Copia de x ({n}).ipynb"): without(solved(cells), lost)
        if lost != "nothing"
        else cells
        for n, cells in enumerate(BOOKS.values())
    }
    found = recognise(TEMPLATES, given)
    assert [found.copies[name].path for name in BOOKS] == list(given)
    assert found.others == found.repeated == ()


def test_other_notebooks_are_none():
    other = notebook("12.1", "Attention", ["attention", "softmax_of"])
    mine = [{"cell_type": "code", "metadata": {}, "source": "print('evaluación')"}]
    found = recognise(TEMPLATES, {Path("a.ipynb"): other, Path("b.ipynb"): mine})
    assert not found.copies
    assert found.others == (Path("a.ipynb"), Path("b.ipynb"))


def test_of_two_copies_the_one_with_work_in_it_counts():
    blank, done = BOOKS["nb5_3"], solved(BOOKS["nb5_3"])
    found = recognise(TEMPLATES, {Path("z.ipynb"): blank, Path("a.ipynb"): done})
    assert found.copies["nb5_3"].path == Path("a.ipynb")
    assert found.repeated == (("nb5_3", Path("z.ipynb")),)


def test_unchanged_is_what_the_code_does():
    template = TEMPLATES[0]
    cells = [dict(cell) for cell in BOOKS["nb3_4"]]
    cells[1]["source"] = "# solved it!\ndef sigmoid(x):\n\n    return 0  # still"
    cells[2]["source"] = "def heaviside(x):\n  return x >= 0"
    assert unchanged_cells(template, cells) == {"3.4-0", "3.4-2"}
    assert unchanged_cells(template, without(cells, "ids")) == {"3.4-0", "3.4-2"}


def test_magics_and_broken_code_have_a_digest():
    assert code_digest("!pip install x\na = 1") == code_digest("a = 1  # why")
    assert code_digest("a = (") == code_digest("a  = (\n")
    assert code_digest("a = (") != code_digest("a = [")


def test_places_say_where_unchanged_cells_stand_in_the_copy():
    template = TEMPLATES[0]
    cells = [dict(cell) for cell in BOOKS["nb3_4"]]
    cells[2]["source"] = "def heaviside(x):\n  return x >= 0"
    cells.insert(1, {"cell_type": "code", "metadata": {}, "source": "print('mine')"})
    for copy in (cells, without(cells, "ids")):
        unchanged = unchanged_cells(template, copy)
        assert places_of(template, copy, unchanged) == {2: "3.4-0", 4: "3.4-2"}


TWINS = {  # as the textbook's: the second has nearly all that the first has, under the same ids
    "nb7_2": notebook("7.2", "Backpropagation", ["run", "back", "loss"]),
    "nb7_3": notebook("7.2", "Initialization", ["run", "back", "loss", "init"]),
}
TWINS["nb7_3"][0]["source"] = "# **Notebook 7.3: Initialization**"
TWIN_TEMPLATES = tuple(Template(id=name, **fingerprint(cells)) for name, cells in TWINS.items())


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("lost", ["nothing", "ids", "heading"])
def test_what_templates_share_does_not_tell_them_apart(name, lost):
    found = recognise(TWIN_TEMPLATES, {Path("a.ipynb"): without(solved(TWINS[name]), lost)})
    assert list(found.copies) == [name]


def headed(*texts):
    return [{"cell_type": "markdown", "metadata": {}, "source": f"# {text}"} for text in texts]


@pytest.mark.parametrize(
    "heading",
    [
        "Notebook 3.4: solved",
        "NOTEBOOK 3_4",
        "Cuaderno 3.4 -- Funciones de activación",
        "Tarea 1 - 3.4 Activation functions",
        "3.4 **Activation functions**",
    ],
)
def test_headings_that_say_which_it_is(heading):
    found = recognise(TEMPLATES, {Path("a.ipynb"): headed(heading)})
    assert list(found.copies) == ["nb3_4"]


@pytest.mark.parametrize(
    "headings",
    [
        ("3.4 Resultados",),
        ("Lo aprendido con el Notebook 3.4",),
        ("Informe", "Notebook 3.4", "Notebook 5.2", "Notebook 5.3"),
        ("Notebook 3.41",),
    ],
)
def test_a_notebook_that_writes_about_them_is_none(headings):
    assert not recognise(TEMPLATES, {Path("a.ipynb"): headed(*headings)}).copies


def test_another_notebook_of_the_book_is_none_though_its_cells_are_shared():
    other = [*headed("Notebook 11.2: Residual networks"), *BOOKS["nb3_4"][1:]]
    assert not recognise(TEMPLATES, {Path("a.ipynb"): other}).copies


def test_what_is_built_on_a_copy_is_another_notebook():
    copy = solved(BOOKS["nb5_2"])
    reuses = [*headed("Evaluación"), *without(copy[1:], "ids")]
    own = [{"cell_type": "code", "metadata": {}, "source": f"own = {n}"} for n in range(6)]
    extended = [*BOOKS["nb5_2"], *own]
    paths = [Path(name) for name in ("a.ipynb", "b.ipynb", "c.ipynb")]
    found = recognise(TEMPLATES, dict(zip(paths, (reuses, extended, copy), strict=True)))
    assert found.copies["nb5_2"].path == paths[2]
    assert found.others == tuple(paths[:2])
    assert not found.repeated


def test_a_digest_is_of_what_the_code_does():
    assert code_digest("x = 'a'") == code_digest('x = "a"  # b\n')
    assert code_digest("y = (7\n  % 2)") == code_digest("y = (7 % 2)")
    # As every version of Python says it: no empty fields, none that came later.
    assert code_digest("def f():\n  return None") == "55826fad2ee48166"


def test_editions_of_one_notebook_are_one_template(tmp_path):
    for edition, source in (("2023", "def f(x):\n  return 1"), ("2024", "def f(x):\n  return 2")):
        cells = [*headed("Notebook 3.4"), {**BOOKS["nb3_4"][1], "source": source}]
        for cell in cells:
            cell |= {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
        whole = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
        (tmp_path / f"{edition}.ipynb").write_text(json.dumps(whole))
    [(name, facts)] = json.loads(main(tmp_path)).items()
    template = Template(id=name, **facts)
    assert template.cells == {"3.4-0": code_digest("def f(x):\n  return 2")}
    assert template.digests("3.4-0")[1:] == (code_digest("def f(x):\n  return 1"),)
    old = [{**BOOKS["nb3_4"][1], "source": "def f(x):\n  return 1  # as it was"}]
    assert unchanged_cells(template, old) == {"3.4-0"}
