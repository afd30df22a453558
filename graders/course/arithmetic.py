"""How is a grade written out, so that anybody can work it out again by hand?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from graders.course.formula import Span, of_assignments, of_course, share, two_decimals
from graders.course.model import Course
from graders.course.reports import Marked

End = Literal["low", "high"]
_PLACES = 4  # decimals that are written of a figure that has more

Term = tuple[Fraction, Span, Marked | None]
"""Weight, mark on the course's scale, and the mark as it was given."""


class Sum(NamedTuple):
    """A grade with its arithmetic: `0.7 × min(1.1 × (0.3 × 15 + ...), 20) + 0.3 × 17 = ... = 15.5`.
    Points and commas are as in mathematics, in every language."""

    end: End
    text: str


def written_out(
    course: Course, terms: Sequence[Term], factor: Span | None, project: Span | None, end: End
) -> Sum:
    """The sum of one end of the grade."""
    scale = figure(Fraction(course.scale))
    weight = sum((weight for weight, _mark, _of in terms), Fraction(0))
    inner = " + ".join(f"{figure(w)} × {_mark(course, mark, of, end)}" for w, mark, of in terms)
    body = inner
    if weight != 1:
        body = f"({inner}) / {figure(weight)}"
    if factor is not None:
        by = figure(getattr(factor, end))
        body = f"{by} × ({inner})" if weight == 1 else f"{by} × {body}"
        body = f"min({body}, {scale})"
    marks = [(w, mark) for w, mark, _of in terms]
    part = of_assignments(course, marks, factor)
    whole: Fraction = getattr(of_course(course, part, project), end)
    steps = [body]
    before = _before_the_cap(terms, factor, weight, end)
    if before > course.scale:
        steps.append(f"min({figure(before)}, {scale})")
    if course.project is not None and project is not None:
        share_of = share(course.project.weight)
        rest, own = figure(1 - share_of), f"{figure(share_of)} × {figure(getattr(project, end))}"
        alone = body if factor is not None else f"({body})"
        steps = [f"{rest} × {alone} + {own}", *(f"{rest} × {one} + {own}" for one in steps[1:])]
        steps.append(f"{rest} × {figure(getattr(part, end))} + {own}")
    text = " = ".join(steps)
    exact = figure(whole)
    rounded = f"{_plain(two_decimals(whole))}"
    return Sum(end, f"{text} = {exact}" + (f" ≈ {rounded}" if exact != rounded else ""))


def _before_the_cap(
    terms: Sequence[Term], factor: Span | None, weight: Fraction, end: End
) -> Fraction:
    by: Fraction = Fraction(1) if factor is None else getattr(factor, end)
    weighted = sum((w * getattr(mark, end) for w, mark, _of in terms), Fraction(0))
    return by * weighted / weight


def figure(value: Fraction) -> str:
    """A figure without idle zeros, with `≈` before one that cannot be written to its end."""
    scaled = value * 10**_PLACES
    if scaled.denominator == 1:
        return _plain(Decimal(int(scaled)).scaleb(-_PLACES))
    return f"≈{_plain(Decimal(int(scaled + Fraction(1, 2))).scaleb(-_PLACES))}"


def _mark(course: Course, mark: Span, of: Marked | None, end: End) -> str:
    if of is None or of.max_mark == course.scale:
        return figure(getattr(mark, end))
    given = figure(Fraction(of.low if end == "low" else of.high))
    return f"({given} / {figure(Fraction(of.max_mark))} × {figure(Fraction(course.scale))})"


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
