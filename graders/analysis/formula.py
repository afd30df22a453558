"""Arithmetic as something to be computed, whoever wrote it and in whatever notation.

Nothing of a student's is executed: `written_formulas` reads a small grammar of LaTeX and plain
text, `coded_formulas` Python's syntax tree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

MAX_DEPTH = 40  # of brackets in brackets
MAX_POWER = 8
Values = Mapping[str, Fraction]


class NoFormula(Exception):  # noqa: N818 - the text holds something else
    """What stands here is no formula that is known."""


@dataclass(frozen=True)
class Formula:
    """Arithmetic over named variables. `divides` are the variables that it divides by; `whole` when
    nothing is left of what was written."""

    variables: frozenset[str]
    compute: Callable[[Values], Fraction]
    divides: frozenset[str] = frozenset()
    whole: bool = True

    def at(self, values: Values) -> Fraction | None:
        """Its value, None where it has none. Raises KeyError for a variable without value."""
        try:
            return self.compute(values)
        except (ZeroDivisionError, OverflowError, NoFormula):
            return None


def number(value: Fraction) -> Formula:
    return Formula(frozenset(), lambda _values: value)


def variable(name: str) -> Formula:
    return Formula(frozenset({name}), lambda values: values[name])


def _joined(one: Formula, two: Formula, way: Callable[[Fraction, Fraction], Fraction]) -> Formula:
    return Formula(
        one.variables | two.variables,
        lambda values: way(one.compute(values), two.compute(values)),
        one.divides | two.divides,
    )


def plus(one: Formula, two: Formula) -> Formula:
    return _joined(one, two, lambda a, b: a + b)


def minus(one: Formula, two: Formula) -> Formula:
    return _joined(one, two, lambda a, b: a - b)


def times(one: Formula, two: Formula) -> Formula:
    return _joined(one, two, lambda a, b: a * b)


def over(one: Formula, two: Formula) -> Formula:
    made = _joined(one, two, lambda a, b: a / b)
    by = two.variables if len(two.variables) == 1 else frozenset()
    return replace(made, divides=made.divides | by)


def power(one: Formula, two: Formula) -> Formula:
    return _joined(one, two, _power)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > MAX_POWER:
        raise NoFormula
    return Fraction(base) ** int(exponent)


def down(inner: Formula) -> Formula:
    return replace(inner, compute=lambda values: Fraction(math.floor(inner.compute(values))))


def up(inner: Formula) -> Formula:
    return replace(inner, compute=lambda values: Fraction(math.ceil(inner.compute(values))))
