"""The two convolutions of the statement, answered in the ways in which people answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graders.analysis import Reading, Whole
from graders.analysis.convolution_by_hand import answer, asked
from graders.analysis.output_size import answer as size_answer
from graders.evidence.documents import Document
from graders.evidence.model import Evidence
from graders.evidence.run_record import RunRecord

X = [[2, 5, 4, 1], [3, 1, 2, 0], [4, 5, 7, 1], [1, 2, 3, 4]]
A = asked(X, [[1, 0], [0, 1]], 2, 0)
B = asked(X, [[1, 0], [0, -1]], 2, 2)
PICTURE = "![](foto.jpg)"
RIGHT_B = r"$$\begin{bmatrix}0&0&0&0\\0&1&4&0\\0&2&3&0\\0&0&0&0\end{bmatrix}$$"


def prose(text: str) -> dict[str, object]:
    return {"cell_type": "markdown", "source": text, "metadata": {}}


def code(source: str, shown: str = "") -> dict[str, object]:
    stream = [{"output_type": "stream", "name": "stdout", "text": shown}] if shown else []
    return {"cell_type": "code", "source": source, "outputs": stream, "metadata": {}}


def student(
    folder: Path, *cells: dict[str, object], documents: tuple[Document, ...] = ()
) -> Reading:
    (folder / "executed.ipynb").write_text(json.dumps({"cells": cells}))
    made = Reading(Evidence(run=RunRecord(ended="finished")), folder, {})
    made.whole = Whole({"": lambda: made}, documents)
    return made


def test_the_outputs() -> None:
    assert [o.tolist() for o in A.outputs] == [[[3, 4], [6, 11]]]
    assert B.outputs[0].shape == (4, 4)
    assert np.array_equal(B.outputs[0], -B.outputs[1])


def test_written_printed_or_in_a_document(tmp_path: Path) -> None:
    assert answer(student(tmp_path, prose("Resultado: [[3, 4], [6, 11]]")), A).holds
    assert answer(student(tmp_path, code("y", "[[ 3.  4.]\n [ 6. 11.]]")), A).holds
    report = Document(name="informe.pdf", pages=2, text="a) la salida\n3 4\n6 11\nb)")
    found = answer(student(tmp_path, documents=(report,)), A)
    assert found.holds
    assert "informe.pdf" in found.words


def test_either_reading_of_the_word(tmp_path: Path) -> None:
    assert answer(student(tmp_path, prose(RIGHT_B)), B).holds
    turned = RIGHT_B.replace("1&4", "-1&-4").replace("2&3", "-2&-3")
    assert answer(student(tmp_path, prose(turned)), B).holds


@pytest.mark.parametrize(
    ("cell", "holds"),
    [
        (prose("[[3, 4], [6, 10]]"), False),
        (prose(RIGHT_B.replace("2&3", "2&-3")), False),
        (prose(f"X = {X}"), False),
        (prose("S22 es 1, S23 es 4, S32 es 2, S33 es 3 y el resto es cero: 1, 4, 2, 3"), None),
        (prose(PICTURE), None),
    ],
)
def test_wrong_or_untold(tmp_path: Path, cell: dict[str, object], holds: bool | None) -> None:
    made = student(tmp_path, cell)
    assert answer(made, B).holds is holds


def test_the_formula(tmp_path: Path) -> None:
    right = r"$$\lfloor\frac{n+2p-k}{s}\rfloor+1$$"
    for cells, holds in (
        ([prose(right)], True),
        ([code("def f(n, k, p, s):\n    return (n + 2 * p - k) // s + 1")], True),
        ([prose(right.replace("2p", "3p"))], False),
        ([prose(right.replace("2p", "3p")), prose(PICTURE)], None),
        ([prose("El padding y el stride dan la salida: se resta el kernel y se divide.")], None),
        ([prose("No sé.")], False),
    ):  # fmt: skip
        assert size_answer(student(tmp_path, *cells)).holds is holds, cells


def test_code_that_was_handed_out_is_nobodys_answer(tmp_path: Path) -> None:
    own = student(tmp_path, code("h = (n + 2*p - k)//s + 1"))
    own.whole = Whole({"nb10_3": lambda: own})
    assert size_answer(own).holds is False
