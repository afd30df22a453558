"""What does a formula written in LaTeX, or in plain text, come to at certain points?

A small grammar of its own that can only compute: numbers, one variable, sums, products, powers,
fractions, exponentials and hyperbolic functions. SymPy's readers of LaTeX were tried: one evaluates
text as Python, the other knows no `\\tanh^2` and takes seconds for a bracket that can be read in
two ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MAX_LENGTH = 160  # characters of one formula
MAX_DEPTH = 12
VARIABLES = frozenset("f z x t u h s y v".split())
FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "sech": lambda x: 1 / np.cosh(x),
    "exp": np.exp,
    "sigma": lambda x: 1 / (1 + np.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
_WORDS = {
    "\u2212": "-", "\u00b7": "*", "\u00d7": "*", "\u00b2": "^2", "\u03bb": r"\lambda ",
    "\u03b1": r"\alpha ", "\u03c3": r"\sigma ", "\u2299": r"\odot ", "\u2208": r"\in ",
}  # fmt: skip
_WRAPPED = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|mathrm|text|textrm|operatorname|mathit|vec|hat)\s*\{([^{}]*)\}"
)
_DROPPED = re.compile(r"\\(?:left|right|big|Big|bigl|bigr|displaystyle|quad|qquad|[,;:! ])|\$|&|~")
_INDEX = re.compile(r"_\s*(?:\{[^{}]*\}|\w)|\^\s*\{\s*\([^{}]*\)\s*\}")
_TIMES = re.compile(r"\\(?:cdot|times|ast)(?![a-zA-Z])")
_TOKEN = re.compile(r"\s*(?:(\d+(?:[.,]\d+)?|[.]\d+)|\\?([A-Za-z]+)|([-+*/^(){}\[\]]))")


class NoFormula(Exception):  # noqa: N818 - most texts are none
    """The text is no formula of this grammar."""


def evaluate(text: str, points: Array, constants: Mapping[str, float]) -> Array:
    """What the formula gives at each point, with these constants by their LaTeX name (`alpha`).

    Raises NoFormula.
    """
    tokens = list(_tokens(plain(text)))
    if not tokens:
        raise NoFormula
    reader = _Reader(tokens, points, constants)
    with np.errstate(all="ignore"):
        found = reader.sum(0)
    if reader.position != len(tokens):
        raise NoFormula
    return np.broadcast_to(np.asarray(found, dtype=np.float64), points.shape)


def plain(text: str) -> str:
    """Without what only sets type, and without indices."""
    for sign, word in _WORDS.items():
        text = text.replace(sign, word)
    before = None
    while before != text:
        before, text = text, _WRAPPED.sub(r" \1 ", text)
    text = _INDEX.sub(" ", _DROPPED.sub(" ", text))
    text = re.sub(r"\\[dt]frac", r"\\frac", text).replace("{,}", ".").replace("**", "^")
    return _TIMES.sub("*", text).strip(" .,;")


def _tokens(text: str) -> Iterator[str]:
    if len(text) > MAX_LENGTH:
        raise NoFormula
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if not text[position:].strip():
                return
            raise NoFormula
        position = match.end()
        number, word, sign = match.groups()
        if number:
            yield number.replace(",", ".")
        elif word and len(word) > 1 and word not in _KNOWN:
            yield from word  # xe is x times e
        else:
            yield word or sign


_KNOWN = frozenset(FUNCTIONS) | {
    "frac",
    "lambda",
    "alpha",
    "beta",
    "gamma",
    "epsilon",
    "max",
    "min",
}
_CLOSES = {"(": ")", "[": "]", "{": "}"}


class _Reader:
    """Reads tokens from left to right, each rule as deep as it binds."""

    def __init__(self, tokens: list[str], points: Array, constants: Mapping[str, float]) -> None:
        self._tokens, self._points, self._constants = tokens, points, constants
        self.position = 0

    @property
    def _next(self) -> str:
        return self._tokens[self.position] if self.position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next
        self.position += 1
        return token

    def sum(self, depth: int) -> Array:
        if depth > MAX_DEPTH:
            raise NoFormula
        total = self._product(depth)
        while self._next in ("+", "-"):
            total = (
                total + self._product(depth)
                if self._take() == "+"
                else total - self._product(depth)
            )
        return total

    def _product(self, depth: int) -> Array:
        if self._next == "-":
            self._take()
            return -self._product(depth)
        product = self._power(depth)
        while self._next and self._next not in ("+", "-", ")", "]", "}", "^"):
            if self._next in ("*", "/"):
                divided = self._take() == "/"
                factor = self._power(depth)
                product = product / factor if divided else product * factor
            else:
                product = product * self._power(depth)
        return product

    def _power(self, depth: int) -> Array:
        base = self._atom(depth)
        if self._next != "^":
            return base
        self._take()
        return np.asarray(base ** self._exponent(depth), dtype=np.float64)

    def _exponent(self, depth: int) -> Array:
        if self._next == "-":
            self._take()
            return -self._atom(depth)
        return self._atom(depth)

    def _atom(self, depth: int) -> Array:
        token = self._take()
        if token in _CLOSES:
            inner = self.sum(depth + 1)
            if self._take() != _CLOSES[token]:
                raise NoFormula
            return inner
        if token == "frac":
            over = self._atom(depth + 1)
            return over / self._atom(depth + 1)
        if token in FUNCTIONS:
            power = None
            if self._next == "^":
                self._take()
                power = self._exponent(depth)
            value = FUNCTIONS[token](self._atom(depth + 1))
            return value if power is None else np.asarray(value**power, dtype=np.float64)
        if token[:1].isdigit() or token[:1] == ".":
            return np.full(self._points.shape, float(token))
        if token == "e":
            return np.full(self._points.shape, np.e)
        if token in self._constants:
            return np.full(self._points.shape, self._constants[token])
        if token in VARIABLES:
            return self._points
        raise NoFormula
