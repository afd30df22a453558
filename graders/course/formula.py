"""How do marks become a grade? Exact fractions, each figure a span while something is open."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from graders.course.model import Course


class Span(NamedTuple):
    """Between what and what a figure lies; both are the same when it is settled."""

    low: Fraction
    high: Fraction

    @property
    def settled(self) -> bool:
        return self.low == self.high


def exactly(value: Decimal) -> Span:
    """A settled figure."""
    return Span(Fraction(value), Fraction(value))


def share(percent: Decimal) -> Fraction:
    """30 percent is 3/10."""
    return Fraction(percent) / 100


def of_assignments(
    course: Course, marks: Sequence[tuple[Fraction, Span]], factor: Span | None
) -> Span:
    """The part of the assignments: weights with marks on the course's scale, at least one of them,
    and the factor of quality, if the course has one. Never above the scale.

    Weights need not be all of it: what a student is exempt from is left out, and the others share
    its weight. Raises ValueError without any weight.
    """
    weight = sum((weight for weight, _mark in marks), Fraction(0))
    if weight <= 0:
        raise ValueError("nothing to weigh")
    by = factor or Span(Fraction(1), Fraction(1))
    scale = Fraction(course.scale)
    low = by.low * sum((w * mark.low for w, mark in marks), Fraction(0)) / weight
    high = by.high * sum((w * mark.high for w, mark in marks), Fraction(0)) / weight
    return Span(min(low, scale), min(high, scale))


def of_course(course: Course, assignments: Span, project: Span | None) -> Span:
    """The grade: the part of the assignments and, where there is one, the project's mark."""
    if course.project is None or project is None:
        return assignments
    weight = share(course.project.weight)
    return Span(
        (1 - weight) * assignments.low + weight * project.low,
        (1 - weight) * assignments.high + weight * project.high,
    )


def two_decimals(value: Fraction) -> Decimal:
    """Rounded half up, from the exact figure: 16.935 is 16.94."""
    hundredths = int(value * 100 + Fraction(1, 2))  # never negative
    return Decimal(hundredths).scaleb(-2)
