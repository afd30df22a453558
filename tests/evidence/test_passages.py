"""What stands written in an executed notebook is read as text, whoever wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graders.evidence.passages import Passage, passages


def notebook(folder: Path, *cells: dict[str, Any]) -> Path:
    (folder / "executed.ipynb").write_text(json.dumps({"cells": cells}))
    return folder


def markdown(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}, **more}


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": list(outputs)}


def test_prose_code_and_what_was_shown_in_order(tmp_path: Path) -> None:
    stream = {"output_type": "stream", "text": ["0.25\n", "0.5"]}
    shown = {"output_type": "display_data", "data": {"text/latex": "$x$", "text/plain": "<L>"}}
    folder = notebook(tmp_path, markdown(["# a\n", "b"]), code("print(x)", stream, shown))
    assert passages(folder) == (
        Passage("prose", 0, "# a\nb"),
        Passage("code", 1, "print(x)"),
        Passage("shown", 1, "0.25\n0.5"),
        Passage("shown", 1, "$x$\n<L>"),
    )


def test_a_table_keeps_its_rows(tmp_path: Path) -> None:
    html = "<table><style>a{}</style><tr><td>1.5</td><td>2</td></tr><tr><td>3</td></tr></table>"
    output = {"output_type": "execute_result", "data": {"text/html": html}}
    (_code, shown) = passages(notebook(tmp_path, code("t", output)))
    assert [line.split() for line in shown.text.strip().splitlines()] == [["1.5", "2"], ["3"]]


def test_pictures_are_noticed(tmp_path: Path) -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "iVBOR"}}
    folder = notebook(
        tmp_path,
        markdown("![hoja](attachment:hoja.png)"),
        markdown("sin nada", attachments={"hoja.png": {}}),
        markdown("sin nada"),
        markdown('<img src="https://colab.research.google.com/assets/colab-badge.svg"/>'),
        code("Image('hoja.jpg')", picture),
        code("plt.plot(x)", picture),
    )
    found = [(p.kind, p.picture) for p in passages(folder)]
    assert found == [
        ("prose", True),
        ("prose", True),
        ("prose", False),
        ("prose", False),
        ("code", True),
        ("shown", True),
        ("code", False),
        ("shown", True),
    ]


def test_errors_and_boundaries_say_nothing(tmp_path: Path) -> None:
    boundary = markdown("# a.ipynb") | {"metadata": {"corrige": {"boundary": True}}}
    error = {"output_type": "error", "ename": "E", "evalue": "0.25", "traceback": []}
    assert passages(notebook(tmp_path, boundary, code("x", error))) == (Passage("code", 1, "x"),)


def test_what_is_no_notebook_has_none(tmp_path: Path) -> None:
    assert passages(tmp_path) == ()
    for text in ("{", "[]", '{"cells": 3}', '{"cells": [3, {"cell_type": "code"}]}', "[" * 10**5):
        (tmp_path / "executed.ipynb").write_text(text)
        assert all(not p.text for p in passages(tmp_path))
