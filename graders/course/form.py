"""What may be written in the file of a course, and in that of its decisions?

Keys and their shapes only; what one part says about another is read in `coherence`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from graders.course import model
from graders.language import _
from graders.rubric import quantities
from graders.rubric.form import ASSIGNMENT_ID, BaseName, Form, Points
from graders.rubric.model import Text, Words


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(
            _("'{text}' is not a day: write it as 2025-08-20.").format(text=text)
        ) from None
    return text


Share = Annotated[
    Decimal,
    BeforeValidator(quantities.share),
    WithJsonSchema({"type": "string", "pattern": quantities.SHARE_PATTERN}),
]
Number = Annotated[
    Decimal,
    BeforeValidator(quantities.not_negative),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
Day = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
AssignmentId = Annotated[str, Field(pattern=ASSIGNMENT_ID)]


class PartForm(Form):
    """An assignment of the course."""

    id: AssignmentId
    weight: Share = Field(description="Among the assignments: 30%")
    title: Text


class QualityForm(Form):
    """The factor by which the weighted marks of a student are multiplied."""

    lowest: Number
    highest: Number
    default: Number | None = Field(
        None, description="For who has none yet; without it the grade stays a range"
    )


class ProjectForm(Form):
    """What counts beside the assignments."""

    weight: Share = Field(description="In the whole: 30%; the assignments are the rest")
    title: Text


class CourseForm(Form):
    """A course: its assignments and how their marks become a grade."""

    course: AssignmentId
    title: Text
    scale: Points = Field(description="The highest mark and grade: 20")
    assignments: tuple[PartForm, ...] = Field(min_length=1)
    quality: QualityForm | None = None
    project: ProjectForm | None = None
    decisions: BaseName | None = Field(None, description="File beside this one")

    def to_model(self, decisions: str) -> model.Course:
        """The course; `decisions` is its file of decisions when it names none."""
        return model.Course(
            id=self.course,
            title=self.title,
            scale=self.scale,
            assignments=tuple(model.Part(**part.written()) for part in self.assignments),
            quality=self.quality and model.Quality(**self.quality.written()),
            project=self.project and model.Project(**self.project.written()),
            decisions=self.decisions or decisions,
        )


class ProjectMarkForm(Form):
    """The mark of a student's project."""

    student: Words
    mark: Number = Field(description="On the course's scale")
    reason: Words | None = None
    by: Words = Field(description="Who decided it")
    on: Day = Field(description="The day it was decided: 2025-08-20")


class DecidedForm(Form):
    """Something decided about a student, with its reason."""

    student: Words
    reason: Words = Field(description="Why, for whoever reads it next year")
    by: Words = Field(description="Who decided it")
    on: Day = Field(description="The day it was decided: 2025-08-20")


class QualityDecisionForm(DecidedForm):
    """The factor of a student."""

    factor: Number


class ExemptionForm(DecidedForm):
    """An assignment that a student need not do."""

    assignment: Words


class OverrideForm(DecidedForm):
    """The mark of a student's assignment, whatever was marked."""

    assignment: Words
    mark: Number = Field(description="On the course's scale")


class AliasForm(Form):
    """Other names by which a student hands in."""

    student: Words
    names: tuple[Words, ...] = Field(
        min_length=1, description="Of submissions, or as notebooks say who wrote them"
    )


class GroupForm(Form):
    """Students who share the mark of one submission."""

    members: tuple[Words, ...] = Field(min_length=1, description="Two or more")
    assignments: tuple[Words, ...] | None = Field(
        None, min_length=1, description="Those they did together; all, if none is named"
    )
    submission: Words | None = Field(
        None, description="Its name, when more than one of the members handed in"
    )


class DecisionsForm(Form):
    """What people decided about the students of a course."""

    students: tuple[Words, ...] = Field((), description="All of the course, by name")
    aliases: tuple[AliasForm, ...] = ()
    groups: tuple[GroupForm, ...] = ()
    quality: tuple[QualityDecisionForm, ...] = ()
    projects: tuple[ProjectMarkForm, ...] = ()
    exemptions: tuple[ExemptionForm, ...] = ()
    overrides: tuple[OverrideForm, ...] = ()

    def to_model(self, course: model.Course) -> model.Decisions:
        return model.Decisions(
            students=self.students,
            aliases=tuple(model.Alias(**alias.written()) for alias in self.aliases),
            groups=tuple(
                model.Group(**{"assignments": course.names, **group.written()})
                for group in self.groups
            ),
            quality=tuple(model.QualityDecision(**one.written()) for one in self.quality),
            projects=tuple(model.ProjectMark(**one.written()) for one in self.projects),
            exemptions=tuple(model.Exemption(**one.written()) for one in self.exemptions),
            overrides=tuple(model.Override(**one.written()) for one in self.overrides),
        )
