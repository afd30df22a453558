"""Copies of handed-out notebooks are known by what they hold, whatever their file is called."""

from pathlib import Path

import pytest

from graders.intake.fingerprints import code_digest, fingerprint
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
