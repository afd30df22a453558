"""Which figures stand in a text? Numbers as people write them, each as exactly as it is written.

Decimal points and commas, powers of ten, fractions, in plain text, Markdown, LaTeX, or as an array
is printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

MAX_FIGURES = 20_000  # of one text
EXACT = 1e-9  # relative, of whole numbers and fractions
LEAST = 0.01  # the coarsest rounding: two decimals, or a hundredth of it

_SIGN = r"[-+\u2212\u2013]"
_POWER = (
    r"(?:[eE](?P<e>[-+]?\d{1,3})"
    r"|\s*(?:\\times|\\cdot|[x*\u00d7\u00b7])\s*10\s*(?:\^|\*\*)\s*\{?\s*(?P<p>[-+\u2212]?\d{1,3})\s*\}?)"
)
_FRACTION = (
    r"\\[dt]?frac\s*\{\s*(?P<top>[-\u2212]?\s*\d{1,9})\s*\}\s*\{\s*(?P<under>\d{1,9})\s*\}"
    r"|(?<![\w.,/])(?P<a>\d{1,6})/(?P<b>\d{1,6})(?![\w./])"
)


def _pattern(mark: str) -> re.Pattern[str]:
    """Fractions, and numbers with these signs before the decimals."""
    digits = rf"(?<![\w.])(?P<digits>\d+(?:{mark}\d+)?|\.\d+)(?:\.(?!\w))?"
    return re.compile(f"{_FRACTION}|{digits}{_POWER}?")


_LABEL = re.compile(
    r"""
      (?<=[A-Za-z}\]])\s*[_^]\s*(?:\{[^{}]{0,40}\}|\\?\w)  # an index: w_{11}, h^{(0)}, x_1
    | \b[A-Za-z_]\w*(?:\[\s*\d+\s*\])+(?=\s*[=:])            # dW[0] =
    """,
    re.VERBOSE,
)
_BEGIN = re.compile(r"\\begin\s*\{[^{}]{1,20}\}(?:\{[^{}]{0,20}\})?")
_LATEX_COMMA = re.compile(r"(?<=\d)\{,\}(?=\d)")
_SPACING = re.compile(r"\\[,;:! ]|\\quad|\\qquad|~|\$|&nbsp;")
_PLAIN, _WITH_COMMAS = _pattern("[.]"), _pattern("[.,]")
_OPENS = "=([{,;:&|<>\\"


@dataclass(frozen=True)
class Figure:
    """A number as written: any value within `unit`, one unit of its last digit, may be meant.

    A unit and not half of one, as people cut digits off and calculate on with rounded ones.
    """

    value: float
    unit: float

    def agrees(self, value: float, slack: float = 1.0) -> bool:
        """May this value be meant, within so many units?"""
        return abs(self.value - value) <= slack * self.unit + 1e-12


def figures(text: str, *, commas: bool = False) -> tuple[Figure, ...]:
    """The numbers of a text, in order. With `commas`, a comma between digits is a decimal one."""
    text = _SPACING.sub(" ", _LABEL.sub(" ", _BEGIN.sub("[", text)))
    text = _LATEX_COMMA.sub("," if commas else ".", text)
    found: list[Figure] = []
    for match in (_WITH_COMMAS if commas else _PLAIN).finditer(text):
        figure = _figure(match)
        if figure is not None:
            negative = _negative(text, match.start())
            found.append(Figure(-figure.value, figure.unit) if negative else figure)
        if len(found) >= MAX_FIGURES:
            break
    return tuple(found)


def of_values(values: Iterable[float]) -> tuple[Figure, ...]:
    """Numbers held by a program, as exactly as they are held: `0.25` may have been typed, and so
    may be rounded, while a computed one has all its digits."""
    return tuple(Figure(value, _unit_of(value)) for value in values)


def _unit_of(value: float) -> float:
    shortest = Decimal(repr(value)) if value == value and abs(value) < 1e300 else Decimal(0)
    exponent = shortest.as_tuple().exponent
    least = 2e-5 * abs(value) + 1e-7  # what single precision leaves
    typed = 10.0**exponent if isinstance(exponent, int) and -8 < exponent < 0 else 0.0
    typed = _rounded(value, typed)
    whole = float(value).is_integer()
    return EXACT * max(1.0, abs(value)) if whole else max(typed, least)


def _rounded(value: float, unit: float) -> float:
    """How far a number may be rounded: `0.5` is not what is left of 0.45."""
    return min(unit, max(LEAST, LEAST * abs(value)))


def _figure(match: re.Match[str]) -> Figure | None:
    parts = match.groupdict()
    over, under = parts["top"] or parts["a"], parts["under"] or parts["b"]
    if over is not None and under is not None:
        if int(under) == 0:
            return None
        value = int(over.replace("\u2212", "-").replace(" ", "")) / int(under)
        return Figure(value, EXACT * max(1.0, abs(value)))
    digits = parts["digits"].replace(",", ".")
    whole, _point, decimals = digits.partition(".")
    exponent = int((parts["e"] or parts["p"] or "0").replace("\u2212", "-"))
    if len(digits) > 40 or abs(exponent) > 300:
        return None
    value = float(f"{whole or '0'}.{decimals or '0'}e{exponent}")
    if not decimals and not exponent:
        return Figure(value, EXACT * max(1.0, value))
    return Figure(value, _rounded(value, 10.0 ** (exponent - len(decimals))))


def _negative(text: str, start: int) -> bool:
    """Is the sign before a number its own, and not what is subtracted?"""
    before = text[max(0, start - 12) : start]
    stripped = before.rstrip(" ")
    if not stripped or not re.match(_SIGN, stripped[-1]) or stripped[-1] == "+":
        return False
    apart = before != stripped
    rest = stripped[:-1]
    left = rest.rstrip(" ")
    if not left or left[-1] == "\n":
        return not apart  # else it is a list's dash
    return left[-1] in _OPENS or (not apart and rest != left)
