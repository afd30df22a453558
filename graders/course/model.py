"""How is a course graded, and what did people decide? As frozen data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from graders.rubric.model import Frozen, Text


class Part(Frozen):
    """An assignment, with its weight among the assignments in percent."""

    id: str
    weight: Decimal
    title: Text


class Quality(Frozen):
    """Bounds of the factor that the weighted marks of a student are multiplied by.

    Without `default` it is open until somebody decides it.
    """

    lowest: Decimal
    highest: Decimal
    default: Decimal | None = None


class Project(Frozen):
    """Something outside the assignments, with its weight in the whole in percent."""

    weight: Decimal
    title: Text


class Course(Frozen):
    """A course: every mark and the grade are from 0 to `scale`."""

    id: str
    title: Text
    scale: Decimal
    assignments: tuple[Part, ...]  # their weights are 100 together
    quality: Quality | None = None
    project: Project | None = None
    decisions: str = ""  # file beside the course's

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of its assignments, in order."""
        return tuple(part.id for part in self.assignments)


class Decided(Frozen):
    """Who decided something of a student, when and why."""

    student: str
    reason: str = ""
    by: str
    on: date


class QualityDecision(Decided):
    """The factor of a student."""

    factor: Decimal


class ProjectMark(Decided):
    """The mark of a student's project."""

    mark: Decimal


class Exemption(Decided):
    """An assignment that a student need not do: the others weigh more."""

    assignment: str


class Override(Decided):
    """The mark of a student's assignment, instead of what was marked; on the course's scale."""

    assignment: str
    mark: Decimal


class Alias(Frozen):
    """Other names by which a student hands in."""

    student: str
    names: tuple[str, ...]


class Group(Frozen):
    """Students who share the mark of one submission."""

    members: tuple[str, ...]
    assignments: tuple[str, ...]
    submission: str | None = None


class Decisions(Frozen):
    """What people decided. Every student is named as in `students`, if that has any."""

    students: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()
    groups: tuple[Group, ...] = ()
    quality: tuple[QualityDecision, ...] = ()
    projects: tuple[ProjectMark, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    overrides: tuple[Override, ...] = ()
