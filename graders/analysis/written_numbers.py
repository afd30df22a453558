"""Which numbers stand in a text? Prose, Markdown, LaTeX, what a notebook printed, a PDF's text.

Numbers come in the order in which they are read, each with the precision it is written at. A comma
between digits is a decimal sign in one country and parts numbers in another: `comma` says how it is
taken here, and who looks for something looks both ways. LaTeX's `{,}` is always a decimal sign.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Comma = Literal["separator", "decimal"]
COMMAS: tuple[Comma, ...] = ("separator", "decimal")
MAX_TEXT = 400_000  # characters looked at
MAX_NUMBERS = 20_000  # of one text
EXACT = 1e-9  # of a number written whole or as a fraction, relative

_MINUS = str.maketrans(dict.fromkeys("\N{MINUS SIGN}\N{EN DASH}\N{FIGURE DASH}﹣－", "-"))
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_THIN = re.compile(
    r"(?<!\\)\\[,;:! ]|\\(?:left|right|big|Big|bigg|Bigg|displaystyle|textstyle)\b|[\u2009~]"
)
_WRAPPED = re.compile(
    r"\\(?:boxed|mathbf|boldsymbol|bm|mathrm|text|textbf|color\{\w+\}|underline|mathbf)\s*\{"
    r"\s*([-+]?[\d.,]+)\s*\}"
)
_BEGUN = re.compile(r"\\begin\{\w+\*?\}(?:\{[^{}]*\})?")
_RAISED_RUN = re.compile(r"(?<=10)([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)")

_SIGN = r"(?:(?<![\w.)}\]])[-+]\s?)?"
_TENTH = (
    r"(?:\s*(?:\\times|\\cdot|[×·*])\s*10\s*(?:\^|\*\*)\s*\{?\(?\s*(?P<tenth>[-+]?\d+)\s*\)?\}?)?"
)
_POWER = r"(?:[eE](?P<power>[-+]?\d+))?"
_DIGITS: dict[Comma, str] = {
    "separator": r"(?P<digits>\d+\.?\d*|\.\d+)",
    "decimal": r"(?P<digits>\d+(?:[.,]\d+)?\.?|\.\d+)",
}
_FRACTION = (
    r"\\[dt]?frac\s*\{\s*(?P<above>[-+]?\d+(?:\.\d+)?)\s*\}\s*\{\s*(?P<below>\d+(?:\.\d+)?)\s*\}"
)
_SLASHED = r"(?P<over>\d+)\s*/\s*(?P<under>\d+)(?![\d.]|\s*/)"
_PATTERNS: dict[Comma, re.Pattern[str]] = {
    comma: re.compile(
        rf"(?P<sign>{_SIGN})(?:{_FRACTION}|(?<![\w.]){_SLASHED}|(?<![\w.]){digits}{_POWER}{_TENTH})"
        r"(?![\w.]*[A-Za-z_])"
    )
    for comma, digits in _DIGITS.items()
}


@dataclass(frozen=True)
class WrittenNumber:
    """`tolerance` is half a unit of the last digit written; `start` and `end` are places in the
    text as `plain` gives it."""

    value: float
    tolerance: float
    start: int
    end: int

    def agrees(self, figure: float) -> bool:
        """True when the figure, rounded as it is written here, is this number."""
        return abs(self.value - figure) <= max(self.tolerance * 1.0001, EXACT * abs(figure))


def plain(text: str) -> str:
    """The text with one kind of minus and comma, and without LaTeX that only moves or frames."""
    text = text[:MAX_TEXT].translate(_MINUS).replace("{,}", ".").replace("\N{NO-BREAK SPACE}", " ")
    text = _RAISED_RUN.sub(lambda match: "^" + match.group(1).translate(_RAISED), text)
    text = _BEGUN.sub(lambda match: match.group() + " ", text)  # a minus there is a sign
    return _WRAPPED.sub(r" \1 ", _THIN.sub(" ", text))


def numbers_in(text: str, comma: Comma = "separator") -> tuple[WrittenNumber, ...]:
    """The numbers of a text, in order. Those that are parts of names are left out."""
    return numbers_of(plain(text), comma)


def numbers_of(text: str, comma: Comma = "separator") -> tuple[WrittenNumber, ...]:
    """The numbers of a text that `plain` gave."""
    found = islice(_PATTERNS[comma].finditer(text), MAX_NUMBERS)
    return tuple(_number(match) for match in found)


def _number(match: re.Match[str]) -> WrittenNumber:
    sign = -1.0 if "-" in match["sign"] else 1.0
    for above, below in (("above", "below"), ("over", "under")):
        if match[above] is not None:
            under = float(match[below])
            value = float(match[above]) / under if under else float("nan")
            return WrittenNumber(sign * value, 0.0, match.start(), match.end())
    digits = match["digits"].replace(",", ".").rstrip(".")  # which may end the sentence
    exponent = int((match["power"] or match["tenth"] or "0")[:4])
    decimals = len(digits.partition(".")[2])
    value = sign * float(f"{digits}e{exponent}")
    whole = decimals == 0 and not exponent
    tolerance = 0.0 if whole else float(f"0.5e{exponent - decimals}")
    return WrittenNumber(value, tolerance, match.start(), match.end())


def results_in(text: str, comma: Comma = "separator") -> tuple[WrittenNumber, ...]:
    """The numbers that end an equation: behind an equals sign, with nothing more to be done."""
    text = plain(text)
    return results_among(text, numbers_of(text, comma))


def results_among(text: str, numbers: Sequence[WrittenNumber]) -> tuple[WrittenNumber, ...]:
    """Those of a plain text's numbers that end an equation."""
    found = []
    for number in numbers:
        before = text[max(0, number.start - 12) : number.start].rstrip(" \t\n&{([*$")
        after = text[number.end : number.end + 12].lstrip(" \t")
        ends = re.match(r"[-+*/^(×·=]|\\(?:cdot|times|frac)|\d", after) is None
        if before.endswith(("=", "≈", r"\approx", r"\to", "→", r"\Rightarrow", ":")) and ends:
            found.append(number)
    return tuple(found)


def stand_in_order(numbers: Sequence[WrittenNumber], wanted: NDArray[np.float64]) -> bool:
    """True when the wanted numbers (any shape, row after row) stand one behind the other."""
    row = wanted.reshape(-1).tolist()
    places = len(numbers) - len(row) + 1
    if places < 1:
        return False
    values = np.array([n.value for n in numbers])
    tolerances = np.array([n.tolerance * 1.0001 for n in numbers])
    here = np.ones(places, dtype=bool)
    for at, figure in enumerate(row):
        far = np.abs(values[at : at + places] - figure)
        here &= far <= np.maximum(tolerances[at : at + places], EXACT * abs(figure))
    return bool(here.any())
