"""Which figures stand in a text or in variables, and what may each of them mean?

The numbers are those of `written_numbers`. Here labels are told from results, and a figure is as
wide as people round: they cut digits off, and calculate on with rounded numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from graders.analysis.written_numbers import EXACT, Comma, numbers_in

LEAST = 0.01  # the coarsest rounding: two decimals, or a hundredth of it
_LABEL = re.compile(
    r"""
      (?<=[A-Za-z}\]])\s*[_^]\s*(?:\{[^{}]{0,40}\}|\\?\w)  # an index: w_{11}, h^{(0)}, x_1
    | \b[A-Za-z_]\w*(?:\[\s*\d+\s*\])+(?=\s*[=:])            # dW[0] =
    | ^\s*[-+*]\s                                            # an entry of a list
    """,
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True)
class Figure:
    """A number as written: any value within `unit`, one unit of its last digit, may be meant."""

    value: float
    unit: float

    def agrees(self, value: float, slack: float = 1.0) -> bool:
        """May this value be meant, within so many units?"""
        return abs(self.value - value) <= slack * self.unit + 1e-12


def figures(text: str, comma: Comma = "separator") -> tuple[Figure, ...]:
    """The numbers of a text, in order, without those that are indices."""
    return tuple(
        Figure(n.value, _unit(n.value, 2 * n.tolerance))
        for n in numbers_in(_LABEL.sub(" ", text), comma)
    )


def of_values(values: Iterable[float]) -> tuple[Figure, ...]:
    """Numbers held by a program, as exactly as they are held: `0.25` may have been typed, and so
    may be rounded, while a computed one has all its digits."""
    return tuple(Figure(value, _unit_of(value)) for value in values)


def _unit(value: float, written: float) -> float:
    """How far a number may be rounded: `0.5` is not what is left of 0.45."""
    if not value:
        return LEAST / 2  # as much may be left out of a table of small numbers
    if not written:
        return EXACT * max(1.0, abs(value))
    return min(written, max(LEAST, LEAST * abs(value)))


def _unit_of(value: float) -> float:
    if float(value).is_integer():
        return _unit(value, 0.0)
    shortest = Decimal(repr(value)) if value == value and abs(value) < 1e300 else Decimal(0)
    exponent = shortest.as_tuple().exponent
    typed = 10.0**exponent if isinstance(exponent, int) and -8 < exponent < 0 else 0.0
    single = 2e-5 * abs(value) + 1e-7  # what single precision leaves
    return max(_unit(value, typed), single)
