"""Derivatives are recognised by what they give, however they are written."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.analysis import Reading, read_nothing
from graders.analysis.byhand.derivatives import POINTS, QUESTIONS, answered
from graders.analysis.byhand.formulas import NoFormula, evaluate
from graders.analysis.whole import Whole
from graders.evidence.documents import Document
from graders.evidence.model import Asked, Evidence
from graders.evidence.run_record import RunRecord
from graders.probe.log import EventLog
from graders.probe.questions import Questions

X = np.array([-1.3, 0.4, 2.0])


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (r"1-\tanh^{2}(\mathbf{f}_{k-1})", 1 - np.tanh(X) ** 2),
        (r"1 - \left(\tanh(x)\right)^2", 1 - np.tanh(X) ** 2),
        ("1 − tanh²(x)", 1 - np.tanh(X) ** 2),
        (r"\dfrac{4}{(e^{x}+e^{-x})^{2}}", 1 / np.cosh(X) ** 2),
        (r"\operatorname{sech}^2 x", 1 / np.cosh(X) ** 2),
        (r"2 x \cdot 3", 6 * X),
        ("-x^2/4", -(X**2) / 4),
        (r"0{,}5\,e^{-x}", 0.5 * np.exp(-X)),
    ],
)
def test_formulas_are_computed(text: str, right: np.ndarray) -> None:
    assert np.allclose(evaluate(text, X, {}), right)


@pytest.mark.parametrize("text", ["", "la red aprende", "1 +", "(x", "q", r"\Omega^T x", "x" * 500])
def test_what_is_no_formula(text: str) -> None:
    with pytest.raises(NoFormula):
        evaluate(text, X, {})


@given(st.text(alphabet="x1.+-*/^(){}[]\\tanhefrcd_& ", max_size=80))
def test_no_text_does_more_than_compute(text: str) -> None:
    with suppress(NoFormula):
        assert evaluate(text, X, {}).shape == X.shape


TANH = r"$$\frac{\partial \ell}{\partial f_{k-1}} = (1-\tanh^2(f_{k-1})) \odot (\Omega_k^T g)$$"
SELU = (
    r"$\mathrm{SELU}'(x) = \lambda \begin{cases} 1 & \text{si } x > 0 \\ \alpha e^{x} & \text{si }"
    r" x \leq 0 \end{cases}$"
)
LEAKY = r"LeakyReLU: $a'(z) = \mathbb{I}[z > 0] + 0.01 \, \mathbb{I}[z \leq 0]$"


def prose(folder: Path, text: str) -> Reading:
    cell = {"cell_type": "markdown", "source": text, "metadata": {}}
    (folder / "executed.ipynb").write_text(json.dumps({"cells": [cell]}))
    return Reading(Evidence(run=RunRecord(ended="finished")), folder, {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tanh", "tanh: " + TANH),
        ("tanh", "La tangente hiperbólica: tanh'(x) = 1 − tanh²(x)"),
        ("selu", SELU),
        (
            "selu",
            "SELU: $$ f'(x)=\\begin{cases}1.0507 & x>0\\\\ 1.7581 e^x & x\\le 0\\end{cases}$$",
        ),
        ("leaky_relu", LEAKY),
        (
            "leaky_relu",
            "Leaky ReLU $$\\begin{cases} 1, & f_{k-1} \\geq 0 \\\\ \\alpha, & f_{k-1} < 0"
            "\\end{cases} \\odot (\\Omega^T x)$$",
        ),
    ],
)
def test_a_right_formula_is_recognised(tmp_path: Path, name: str, text: str) -> None:
    assert answered(prose(tmp_path, text), name).holds is True


@pytest.mark.parametrize(
    ("name", "text", "holds"),
    [
        ("tanh", "tanh: $1 + \\tanh^2(x)$", None),
        ("selu", SELU.replace("e^{x}", "x"), None),
        ("leaky_relu", "LeakyReLU: vale lo de la lámina", None),
        ("leaky_relu", TANH, False),
        ("selu", "nada", False),
        ("tanh", "![foto](attachment:a.png)", None),
    ],
)
def test_the_rest_is_left_to_a_person_or_is_not_there(
    tmp_path: Path, name: str, text: str, holds: bool | None
) -> None:
    assert answered(prose(tmp_path, text), name).holds is holds


def test_a_document_counts() -> None:
    student = read_nothing()
    student.whole = Whole({}, [Document(name="r.pdf", pages=1, text="tanh'(x) = 1 − tanh²(x)")])
    assert answered(student, "tanh").holds is True


CODE = """
import numpy as np, torch
def uno(x): return 1 - np.tanh(x) ** 2
def dos(x, l=1.0507, a=1.67326): return np.where(x > 0, l, l * a * np.exp(x))
def tres(x, pendiente=0.01): return torch.where(x > 0, 1.0, pendiente)
"""


@pytest.mark.parametrize(
    ("name", "code", "holds"),
    [
        ("tanh", CODE, True),
        ("selu", CODE, True),
        ("leaky_relu", CODE, True),
        ("tanh", "import math\ndef f(x): return 1 - math.tanh(x)**2", True),
        ("leaky_relu", "def relu(x): return (x > 0) * 1.0", False),
        ("selu", "def f(x): return x", False),
    ],
)
def test_a_function_counts(tmp_path: Path, name: str, code: str, holds: bool) -> None:
    variables: dict[str, Any] = {}
    exec(code, variables)
    log = EventLog(str(tmp_path))
    asked = tmp_path / "questions.json"
    asked.write_text(json.dumps([{"digest": q.digest, **q.model_dump()} for q in QUESTIONS]))
    Questions(SimpleNamespace(user_ns=variables), log).answer(str(asked))
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    events = [Asked.model_validate(json.loads(line)) for line in lines]
    student = Reading(Evidence(run=RunRecord(ended="finished"), asked=tuple(events)), tmp_path, {})
    assert answered(student, name).holds is holds
    assert len(POINTS) == 6
