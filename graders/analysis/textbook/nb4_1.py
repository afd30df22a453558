"""Notebook 4.1, composing networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.analysis.textbook.shallow import three_units
from graders.analysis.textbook.todo import Todo, compare, either
from graders.evidence.questions import cell
from graders.language import _

_NAMES = ("theta_10", "theta_11", "theta_20", "theta_21", "theta_30", "theta_31")
_NEXT = ("net1_out", "net2_out", "net2_out_new")


def parameters(seed: int) -> tuple[list[float], list[list[float]]]:
    """Numbers phi (4) and theta (3 x 2) of a random network."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, 4).tolist(), rng.normal(0, 1, (3, 2)).tolist()


def written(prefix: str, phi: list[float], theta: list[list[float]]) -> dict[str, Any]:
    """The variables in which the notebooks write a network down."""
    flat = [value for pair in theta for value in pair]
    found = {f"{prefix}_{name}": value for name, value in zip(_NAMES, flat, strict=True)}
    return found | {f"{prefix}_phi_{i}": value for i, value in enumerate(phi)}


def net12_out() -> Todo:
    """The second network is fed with what the first gives, whatever the two networks are.

    In the first cell that composes them, or in one after it: the notebook composes other networks
    later, behind the next `net1_out` or `net2_out`.
    """
    first, until, right = [], [], []
    for seed in (41, 42):
        one, other = parameters(seed), parameters(seed + 100)
        x = np.linspace(-0.97, 1.03, 61)
        between = three_units(x, *one)
        given = written("n1", *one) | written("n2", *other)
        given |= {"x": x, "net1_out": between, "net2_out": three_units(x, *other)}
        question = cell("net12_out", given=given, wanted=("net12_out",))
        first.append(question)
        until.append(question.model_copy(update={"which": "all", "until": _NEXT}))
        right.append([three_units(between, *other)])
    questions, judge = either((first, compare(first, right)), (until, compare(until, right)))
    return Todo(
        cells=("Yq7GH-MCIyPI",),
        expected=_("the second network computed on the output of the first"),
        questions=questions,
        judge=judge,
    )
