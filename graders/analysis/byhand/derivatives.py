"""Is the derivative of an activation function there, as a formula or as a function?

By what it gives at points of ours, whatever it is called and however it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.byhand.formulas import NoFormula, evaluate
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.whole import Whole
from graders.evidence.questions import Question, each, tensor
from graders.language import _

Array = NDArray[np.float64]
ABOVE, BELOW = np.array([0.31, 0.94, 2.13]), np.array([-2.27, -1.08, -0.43])
POINTS = np.concatenate([BELOW, ABOVE])
LAMBDA, ALPHA, SLOPE = 1.0507009873554805, 1.6732632423543772, 0.0731
NEAR = 5e-3  # relative: SELU's constants are given with two decimals or with sixteen
MAX_FORMULAS = 600
_CASES = re.compile(r"\\begin\s*\{cases\}(.*?)\\end\s*\{cases\}", re.DOTALL)
_INDICATOR = re.compile(
    r"(?:\\mathbb\s*\{\s*[I1]\s*\}|\\mathbf\s*\{\s*1\s*\}|\\mathds\s*\{1\}|\\mathbb\s*[I1]|[\U0001d540"
    r"\U0001d7d9]|\bI(?=\s*[\[(]))\s*_?\s*\\?(?:left|bigl?)?\s*\\?[\[({]([^\[\](){}]{1,60}(?:\{[^{}]*\})?"
    r"[^\[\](){}]{0,30})\\?(?:right|bigr?)?\s*\\?[\])}]"
)
_MORE = re.compile(r">|\\geq?(?![a-z])|\\gt\b|\u2265")
_LESS = re.compile(r"<|\\leq?(?![a-z])|\\lt\b|\u2264")
_PARTS = re.compile(
    r"(?<![<>!])=|\\\\|\n|\\odot|\\circ|\\Rightarrow|\\implies|\$\$?|:|;|(?<!\\),\s"
)


@dataclass(frozen=True)
class Activation:
    """`right` are its derivative's values at POINTS; the slope of a leaky ReLU below zero may be
    any constant between 0 and 1. `constants` are letters that stand for numbers in a formula."""

    name: str
    mention: re.Pattern[str]
    right: Array
    constants: dict[str, float]
    any_slope: bool = False

    def is_derivative(self, values: Array) -> bool:
        """Are these its derivative's values at POINTS?"""
        if values.shape != POINTS.shape or not bool(np.isfinite(values).all()):
            return False
        right = self.right
        if self.any_slope:
            slope = values[0]
            if not 0 < slope < 1:
                return False
            right = np.where(POINTS > 0, 1.0, slope)
        return bool(np.all(np.abs(values - right) <= NEAR * np.abs(right)))


ACTIVATIONS = {
    "tanh": Activation(
        "tanh",
        re.compile(r"tanh|tangente\s+hiperb|hyperbolic\s+tangent", re.IGNORECASE),
        1 - np.tanh(POINTS) ** 2,
        {},
    ),
    "selu": Activation(
        "SELU",
        re.compile(r"(?<![a-z])selu(?![a-z])|scaled\s+exponential", re.IGNORECASE),
        np.where(POINTS > 0, LAMBDA, LAMBDA * ALPHA * np.exp(POINTS)),
        {"lambda": LAMBDA, "alpha": ALPHA},
    ),
    "leaky_relu": Activation(
        "LeakyReLU",
        re.compile(r"leaky|lrelu", re.IGNORECASE),
        np.where(POINTS > 0, 1.0, SLOPE),
        dict.fromkeys(("alpha", "beta", "gamma", "epsilon", "lambda", "a", "m"), SLOPE),
        any_slope=True,
    ),
}
QUESTIONS: tuple[Question, ...] = (
    each(POINTS),
    each(tensor(POINTS)),
    each(float(BELOW[1])),
    each(float(ABOVE[0])),
)


def answered(reading: Reading, name: str) -> Answer:
    """Whether the derivative of this activation ("tanh", "selu", "leaky_relu") is anywhere."""
    activation, whole = ACTIVATIONS[name], reading.whole
    cells = _computed(activation, whole)
    if cells is not None:
        return Answer(True, _("a function gives the derivative's values"), cells)
    cells = _written(activation, whole)
    if cells is not None:
        return Answer(True, _("a formula gives the derivative's values"), cells)
    said, cells = _mentioned(activation, whole)
    if said:
        words = _("{name} is spoken of, but no formula of its derivative could be read")
        return Answer(None, words.format(name=activation.name), cells)
    if whole.illegible:
        words = _("not found as text; there are pictures or documents on which it may stand")
        return Answer(None, words)
    return Answer(False, _("nothing is said of {name}").format(name=activation.name))


def _computed(activation: Activation, whole: Whole) -> tuple[int, ...] | None:
    """Is it what some function of a notebook's returns? No cells: a function has none."""
    for answers in whole.ask(*QUESTIONS).values():
        told = [a.value if a.answered and isinstance(a.value, dict) else {} for a in answers]
        vectors = [value for said in told[:2] for value in said.values()]
        if any(activation.is_derivative(v) for v in map(_array, vectors) if v is not None):
            return ()
        below, above = told[2], told[3]
        for name in below.keys() & above.keys():
            pair = [_array(below[name]), _array(above[name])]
            if all(p is not None and p.size == 1 for p in pair) and _fits(activation, pair):
                return ()
    return None


def _fits(activation: Activation, pair: Sequence[Array | None]) -> bool:
    """Two values, below zero and above: those of a leaky ReLU are too easily had by chance."""
    if activation.any_slope:
        return False
    right = np.array([activation.right[1], activation.right[3]])
    values = np.array([float(p.reshape(-1)[0]) for p in pair if p is not None])
    return bool(np.all(np.abs(values - right) <= NEAR * np.abs(right)))


def _array(value: Any) -> Array | None:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array.reshape(-1) if array.size in (1, len(POINTS)) else None


def _written(activation: Activation, whole: Whole) -> tuple[int, ...] | None:
    """Is it a formula in prose, in what was shown, or in a document?"""
    texts: list[tuple[str, tuple[int, ...]]] = [
        (p.passage.text, (p.cell,)) for p in whole.passages if p.passage.kind != "code"
    ]
    texts += [(document.text, ()) for document in whole.documents]
    for text, cells in texts:
        if activation.mention.search(text) is None:
            continue
        if any(activation.is_derivative(v) for v in _values(activation, text)):
            return cells
    return None


def _values(activation: Activation, text: str) -> Iterator[Array]:
    """What each formula of a text gives at POINTS."""
    below, above = (_PARTS.split(_decided(text, positive)) for positive in (False, True))
    if len(below) != len(above):
        return
    for low, high in list(zip(below, above, strict=True))[:MAX_FORMULAS]:
        if not 0 < len(low.strip()) <= 200 or len(high) > 200:
            continue
        try:
            values = [
                evaluate(part, points, activation.constants)
                for part, points in ((low, BELOW), (high, ABOVE))
            ]
        except NoFormula:
            continue
        yield np.concatenate(values)


def _decided(text: str, positive: bool) -> str:
    """The text with every case distinction made: what holds for positive values, or for negative
    ones."""

    def chosen(match: re.Match[str]) -> str:
        rows = [row for row in re.split(r"\\\\", match.group(1)) if row.strip()]
        if len(rows) != 2:
            return " ? "
        up = [_is_above(row) for row in rows]
        if up[0] is None and up[1] is None:
            return " ? "
        first = up[0] if up[0] is not None else not up[1]
        row = rows[0] if first == positive else rows[1]
        return "(" + re.split(r"&|,?\s*\\(?:text|mathrm|quad|;)|,\s", row.strip())[0] + ")"

    def indicated(match: re.Match[str]) -> str:
        up = _is_above(match.group(1))
        return " ? " if up is None else "(1)" if up == positive else "(0)"

    return _INDICATOR.sub(indicated, _CASES.sub(chosen, text))


def _is_above(condition: str) -> bool | None:
    """Does it ask for values above zero? None when it does not say."""
    more, less = _MORE.search(condition), _LESS.search(condition)
    return None if bool(more) == bool(less) else bool(more)


def _mentioned(activation: Activation, whole: Whole) -> tuple[bool, tuple[int, ...]]:
    """Is it spoken of? Code that only uses it says nothing of its derivative."""
    prose = (p for p in whole.passages if p.passage.kind != "code")
    cells = tuple(sorted({p.cell for p in prose if activation.mention.search(p.passage.text)}))
    documents = any(activation.mention.search(d.text) for d in whole.documents)
    return bool(cells) or documents, cells[:5]
