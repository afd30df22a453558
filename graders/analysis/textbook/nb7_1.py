"""Notebook 7.1, backpropagation in a toy model."""

from __future__ import annotations

from math import cos, exp, sin
from typing import Any

import numpy as np

from graders.analysis.textbook.todo import Todo, compare
from graders.evidence.questions import cell
from graders.language import _

_FORWARD = ("f0", "h1", "f1", "h2", "f2", "h3", "f3", "l_i")
_INNER = ("dldf2", "dldh2", "dldf1", "dldh1", "dldf0")
_OUTER = ("beta3", "omega3", "beta2", "omega2", "beta1", "omega1", "beta0", "omega0")


def _values(seed: int) -> dict[str, float]:
    """Parameters, an example, all that the forward pass computes, and all derivatives."""
    rng = np.random.default_rng(seed)
    v: dict[str, float] = {f"beta{k}": float(rng.normal(0, 0.8)) for k in range(4)}
    v |= {f"omega{k}": float(rng.normal(0, 0.8)) for k in range(4)}
    v |= {"x": float(rng.normal()), "y": float(rng.normal())}
    v["f0"] = v["beta0"] + v["omega0"] * v["x"]
    v["h1"] = sin(v["f0"])
    v["f1"] = v["beta1"] + v["omega1"] * v["h1"]
    v["h2"] = exp(v["f1"])
    v["f2"] = v["beta2"] + v["omega2"] * v["h2"]
    v["h3"] = cos(v["f2"])
    v["f3"] = v["beta3"] + v["omega3"] * v["h3"]
    v["l_i"] = (v["f3"] - v["y"]) ** 2
    v["dldf3"] = 2 * (v["f3"] - v["y"])
    v["dldh3"] = v["omega3"] * v["dldf3"]
    v["dldf2"] = -sin(v["f2"]) * v["dldh3"]
    v["dldh2"] = v["omega2"] * v["dldf2"]
    v["dldf1"] = exp(v["f1"]) * v["dldh2"]
    v["dldh1"] = v["omega1"] * v["dldf1"]
    v["dldf0"] = cos(v["f0"]) * v["dldh1"]
    for k in range(4):
        v[f"dldbeta{k}"] = v[f"dldf{k}"]
        v[f"dldomega{k}"] = v[f"dldf{k}"] * (v[f"h{k}"] if k else v["x"])
    return v


def _given(values: dict[str, float], *kinds: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name.startswith(kinds)}


def forward() -> Todo:
    """All terms of the forward pass, whatever the parameters are."""
    sets = [_values(91), _values(92)]
    given = [_given(v, "beta", "omega", "x", "y") for v in sets]
    questions = tuple(cell(*_FORWARD, given=known, wanted=_FORWARD, which="all") for known in given)
    right = [[v[name] for name in _FORWARD] for v in sets]
    expected = _("f0, h1, f1, h2, f2, h3, f3 and the loss, of any parameters")
    return Todo(("ZWKAq6HC90qV",), expected, questions, compare(questions, right))


def backward() -> Todo:
    """All derivatives, whatever the parameters are."""
    sets = [_values(93), _values(94)]
    outer = tuple(f"dld{name}" for name in _OUTER)
    questions, right = [], []
    for v in sets:
        known = _given(v, "beta", "omega", "x", "y", "f", "h", "l_i")
        names = ("dldf3", "dldh3", *_INNER)
        questions.append(cell(*names, given=known, wanted=_INNER, which="all"))
        right.append([v[name] for name in _INNER])
        known |= _given(v, "dldf", "dldh")
        questions.append(cell(*outer, given=known, wanted=outer, which="all"))
        right.append([v[name] for name in outer])
    return Todo(
        cells=("gCQJeI--Egdl", "1I2BhqZhGMK6"),
        expected=_("the derivatives of the loss with respect to all terms and parameters"),
        questions=tuple(questions),
        judge=compare(questions, right),
    )
