"""What is each student's grade, and from which marks? Everything that is open makes it a range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from graders.course.arithmetic import Sum, figure, written_out
from graders.course.formula import Span, exactly, of_assignments, of_course, share, two_decimals
from graders.course.loading import Written
from graders.course.matching import Handed, Matched, match, may_be_theirs
from graders.course.model import Course, Decided
from graders.course.names import Name, name_of
from graders.course.reports import Marked
from graders.language import _

Kind = Literal["marked", "missing", "unmarked", "exempt", "override", "unclear"]


@dataclass(frozen=True)
class Standing:
    """A student's mark in one assignment, on the course's scale, and where it comes from.

    `of` is the mark as it was given with its own maximum, where that is another.
    """

    assignment: str
    kind: Kind
    mark: Span
    said: str
    of: Marked | None = None


@dataclass(frozen=True)
class Open:
    """A figure beside the marks: the factor of quality, the project."""

    value: Span
    said: str


@dataclass(frozen=True)
class Grade:
    """A student's grade from `low` to `high`, two decimals; the same when it is settled.

    `sums` writes it out: one sum when it is settled, else that of each end.
    """

    student: str
    standings: tuple[Standing, ...]
    factor: Open | None
    project: Open | None
    low: Decimal
    high: Decimal
    sums: tuple[Sum, ...]

    @property
    def settled(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True)
class Grades:
    """The grades of a course, and what could not be told of whose a submission is."""

    rows: tuple[Grade, ...]
    notes: tuple[str, ...]


def grades(course: Course, handed: Handed, written: Written) -> Grades:
    """The grade of every student, in the language now spoken.

    Raises RubricError, with file and line, for decisions about students that are not there.
    """
    matched = match(handed, written)
    rows = [_grade(name, course, handed, written, matched) for name in matched.students]
    unclear = [
        f"{row.student}, {standing.assignment}: {standing.said}."
        for row in rows
        for standing in row.standings
        if standing.kind == "unclear"
    ]
    return Grades(tuple(rows), tuple(dict.fromkeys((*matched.notes, *unclear))))


def _grade(
    student: Name, course: Course, handed: Handed, written: Written, matched: Matched
) -> Grade:
    standings = tuple(
        _standing(student, name, course, handed, written, matched) for name in course.names
    )
    weights = {part.id: share(part.weight) for part in course.assignments}
    marks = [(weights[s.assignment], s.mark) for s in standings if s.kind != "exempt"]
    factor, project = _factor(student, course, written), _project(student, course, written)
    by = None if factor is None else factor.value
    own = None if project is None else project.value
    part = of_assignments(course, marks, by)
    whole = of_course(course, part, own)
    terms = [
        (weights[s.assignment], s.mark, s.of if s.kind == "marked" else None)
        for s in standings
        if s.kind != "exempt"
    ]
    ends: tuple[Literal["low", "high"], ...] = ("low",) if whole.settled else ("low", "high")
    return Grade(
        student=matched.students[student],
        standings=standings,
        factor=factor,
        project=project,
        low=two_decimals(whole.low),
        high=two_decimals(whole.high),
        sums=tuple(written_out(course, terms, by, own, end) for end in ends),
    )


def _standing(
    student: Name,
    assignment: str,
    course: Course,
    handed: Handed,
    written: Written,
    matched: Matched,
) -> Standing:
    decisions, nothing = written.decisions, Span(Fraction(0), Fraction(0))
    anything = Span(Fraction(0), Fraction(course.scale))
    if exempt := _about(student, (e for e in decisions.exemptions if e.assignment == assignment)):
        return Standing(assignment, "exempt", nothing, _("exempt: {why}").format(why=_why(exempt)))
    for override in decisions.overrides:
        if override.assignment == assignment and name_of(override.student) == student:
            said = _("decided: {why}").format(why=_why(override))
            return Standing(assignment, "override", exactly(override.mark), said)
    found = matched.of(student, assignment)
    if len(found) == 1:
        return _marked(found[0], course)
    if found:
        names = ", ".join(one.submission for one in found)
        spans = [_on_scale(one, course) for one in found]
        span = Span(min(s.low for s in spans), max(s.high for s in spans))
        said = _("more than one is this student's: {names}").format(names=names)
        return Standing(assignment, "unclear", span, said)
    if not handed.get(assignment):
        return Standing(assignment, "unmarked", anything, _("not marked yet"))
    if maybe := may_be_theirs(matched, student, assignment, decisions):
        names = ", ".join(one.submission for one in maybe)
        high = max(_on_scale(one, course).high for one in maybe)
        said = _("nothing found, and one of these may be this student's: {names}")
        return Standing(assignment, "unclear", Span(Fraction(0), high), said.format(names=names))
    return Standing(assignment, "missing", nothing, _("not handed in: 0"))


def _marked(one: Marked, course: Course) -> Standing:
    if not one.received:
        return Standing(one.assignment, "missing", _on_scale(one, course), _("not handed in: 0"))
    said = one.submission
    if one.low != one.high:
        said = _("{submission}, still from {low} to {high}").format(
            submission=said, low=figure(Fraction(one.low)), high=figure(Fraction(one.high))
        )
    return Standing(one.assignment, "marked", _on_scale(one, course), said, one)


def _on_scale(one: Marked, course: Course) -> Span:
    factor = Fraction(course.scale) / Fraction(one.max_mark)
    return Span(Fraction(one.low) * factor, Fraction(one.high) * factor)


def _factor(student: Name, course: Course, written: Written) -> Open | None:
    if course.quality is None:
        return None
    for decision in written.decisions.quality:
        if name_of(decision.student) == student:
            return Open(exactly(decision.factor), _why(decision))
    if course.quality.default is not None:
        return Open(exactly(course.quality.default), _("the usual one"))
    bounds = Span(Fraction(course.quality.lowest), Fraction(course.quality.highest))
    return Open(bounds, _("not decided yet"))


def _project(student: Name, course: Course, written: Written) -> Open | None:
    if course.project is None:
        return None
    for decision in written.decisions.projects:
        if name_of(decision.student) == student:
            return Open(exactly(decision.mark), _why(decision))
    return Open(Span(Fraction(0), Fraction(course.scale)), _("not marked yet"))


def _about(student: Name, decisions: Iterable[Decided]) -> Decided | None:
    return next((one for one in decisions if name_of(one.student) == student), None)


def _why(decision: Decided) -> str:
    who = f"{decision.by}, {decision.on.isoformat()}"
    return f"{decision.reason} ({who})" if decision.reason else who
