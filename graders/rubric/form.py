"""What may be written in a rubric? The YAML form, which editors check too, and its model.

Keys and their shapes only; what one part says about another is read in `coherence`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    Tag,
    WithJsonSchema,
)

from graders.language import _
from graders.rubric import model, quantities
from graders.rubric.moments import moment, written_moment, written_zone, zone_of

CRITERION_ID = r"^[a-z][a-z0-9_]*\.[a-z0-9_\-]+$"
EXERCISE_ID = r"^[a-z][a-z0-9_]*$"
ASSIGNMENT_ID = r"^[a-z0-9][a-z0-9_\-]*$"
PROFILE_NAME = r"^[a-z][a-z0-9_\-]*$"
TAG_NAME = r"^[A-Za-z0-9][A-Za-z0-9_\-]*(\.[A-Za-z0-9_\-]+)*$"


def _base_name(name: str) -> str:
    if not name or "/" in name or "\\" in name:
        raise ValueError(_("'{name}' is not a file name without its folder.").format(name=name))
    return name


def _text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


_above_zero = WithJsonSchema({"type": "number", "exclusiveMinimum": 0})

CriterionId = Annotated[str, Field(pattern=CRITERION_ID)]
BaseName = Annotated[str, AfterValidator(_base_name)]
Moment = Annotated[str, AfterValidator(written_moment)]
Zone = Annotated[str, AfterValidator(written_zone)]
Duration = Annotated[
    float, BeforeValidator(quantities.duration), _text(quantities.DURATION_PATTERN)
]
Size = Annotated[int, BeforeValidator(quantities.size), _text(quantities.SIZE_PATTERN)]
Processes = Annotated[int, Field(strict=True, ge=1, le=65536)]
Images = Annotated[
    int, BeforeValidator(quantities.images), WithJsonSchema({"type": "integer", "minimum": 1})
]
ProfileName = Annotated[str, Field(pattern=PROFILE_NAME)]
Points = Annotated[Decimal, BeforeValidator(quantities.points), _above_zero]
PenaltyText = Annotated[
    model.Penalty, BeforeValidator(quantities.penalty), _text(quantities.PENALTY_PATTERN)
]
PenaltyPoints = Annotated[model.Penalty, BeforeValidator(quantities.penalty_points), _above_zero]


class Form(BaseModel):
    """Part of the file. A key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def written(self) -> dict[str, Any]:
        """The keys that the file has, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class DataForm(Form):
    """A data file that the teacher provides."""

    name: model.Words
    files: tuple[BaseName, ...] = Field(
        min_length=1, description="Accepted spellings of its base name, the usual one first"
    )
    role: model.Role = Field("other", description="What the assignment uses it for")
    label: model.Words | None = Field(None, description="Column that holds the label")
    kind: model.Kind = Field(
        "table",
        description="images: cifar10, cifar100 or mnist; signals: mnist1d; weights: of a network",
    )


class SampleForm(Form):
    """How many images of a set are kept."""

    train: Images = Field(description="Training images")
    test: Images = Field(description="Test images")

    def to_model(self) -> model.Sample:
        return model.Sample(**self.written())


class NotebooksForm(Form):
    """Notebooks that are handed out to be filled in; each copy runs in a kernel of its own."""

    templates: BaseName = Field(description="File beside this one that tells them apart")
    of: tuple[str, ...] = Field(min_length=1, description="Their ids in that file, in order")
    errors: BaseName | None = Field(
        None, description="File beside this one of the errors that they show by themselves"
    )


class LateForm(Form):
    """What it costs to hand in after the deadline."""

    points_per_day: Points | None = Field(
        None, description="Points that each day takes; a day that has begun counts whole"
    )
    at_most: Points | None = Field(None, description="Points that all the days take at most")
    zero_after: Moment | None = Field(
        None, description="The mark is 0 after this: 2025-08-05 is the whole of that day"
    )
    soft: Moment | None = Field(None, description="An earlier date, which costs nothing by itself")
    count_from: model.CountFrom = Field(
        "hard", description="hard: days are counted from the deadline; soft: from the soft date"
    )

    def to_model(self, zone: ZoneInfo | None) -> model.Late:
        def said(text: str | None) -> str | None:
            return None if text is None else moment(text, zone).isoformat()

        written = {**self.written(), "zero_after": said(self.zero_after), "soft": said(self.soft)}
        return model.Late(**written)


class RunForm(Form):
    """Limits of one run."""

    budget: Duration | None = Field(None, description="Time for all the cells: 20m, 1h30m")
    cell_timeout: Duration | None = Field(None, description="Time for each cell: 90s, 10m")
    memory: Size | None = Field(None, description="Memory of the run: 6GiB")
    processes: Processes | None = Field(None, description="Processes of the run: 256")
    disk: Size | None = Field(None, description="What the run may write: 4GiB")
    output_limit: Size | None = Field(None, description="Output kept for each cell: 1MiB")
    kernel: model.Words | None = Field(None, description="Name of a kernelspec")
    environment: BaseName | None = Field(
        None, description="File beside this one of the packages that notebooks find"
    )
    order: tuple[BaseName, ...] = Field(
        (), description="Notebooks by base name, when their natural order is not meant"
    )


class CriterionForm(Form):
    """One thing to look at, by a check or by a person."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {"required": ["penalty", "points"]},
            "if": {"required": ["manual"], "properties": {"manual": {"const": True}}},
            "then": {"not": {"required": ["check"]}},
            "else": {"required": ["check"]},
        }
    )

    id: CriterionId = Field(description="Unique in the assignment: e2.io_size")
    text: model.Text
    penalty: PenaltyText | None = Field(None, description="50%, 1 point or 0.5 points")
    points: PenaltyPoints | None = Field(None, description="Points that it takes: 1")
    check: str | None = Field(None, description="theme.function in graders/checks")
    params: dict[str, Any] = Field(default={}, description="What the check takes")
    needs: tuple[str, ...] = Field((), description="Criteria without which it is not assessed")
    manual: StrictBool = Field(False, description="A person assesses it")
    notebook: str | None = Field(None, description="Id of the handed-out notebook it is about")

    def to_model(self) -> model.Criterion:
        written = self.written()
        if "points" in written:
            written["penalty"] = written.pop("points")
        return model.Criterion(**written)


def _kind_of_entry(entry: object) -> str | None:
    if isinstance(entry, str):
        return "criterion"
    return "condition" if isinstance(entry, dict | ConditionForm) else None


class ConditionForm(Form):
    """True when any (or all) of the criteria or conditions that it names is violated."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["any_of"]}, {"required": ["all_of"]}]}
    )

    any_of: tuple[Entry, ...] | None = Field(None, min_length=1)
    all_of: tuple[Entry, ...] | None = Field(None, min_length=1)

    def to_model(self) -> model.Condition:
        return model.Condition(
            **{
                name: tuple(e if isinstance(e, str) else e.to_model() for e in entries)
                for name, entries in self.written().items()
            }
        )


Entry = Annotated[
    Annotated[str, Tag("criterion")] | Annotated[ConditionForm, Tag("condition")],
    Discriminator(_kind_of_entry),
]


class LineForm(Form):
    """A line of the statement that several criteria stand for: it is marked once."""

    id: CriterionId
    text: model.Text
    penalty: PenaltyText = Field(description="50%, 1 point or 0.5 points")
    when: ConditionForm

    def to_model(self) -> model.Line:
        return model.Line(**{**self.written(), "when": self.when.to_model()})


class ExerciseForm(Form):
    """A part of the assignment with points of its own."""

    id: str = Field(pattern=EXERCISE_ID)
    title: model.Text
    points: Points
    criteria: tuple[CriterionForm, ...] = Field(min_length=1)
    lines: tuple[LineForm, ...] = ()

    def to_model(self) -> model.Exercise:
        return model.Exercise(
            id=self.id,
            title=self.title,
            points=self.points,
            criteria=tuple(criterion.to_model() for criterion in self.criteria),
            lines=tuple(line.to_model() for line in self.lines),
        )


class RubricForm(Form):
    """An assignment: its data, the limits of a run and its exercises."""

    assignment: str = Field(pattern=ASSIGNMENT_ID)
    title: model.Text
    zone: Zone | None = Field(
        None, description="Time zone of the course, for times without an offset: America/Caracas"
    )
    deadline: Moment | None = Field(
        None, description="2025-12-01T23:59:00+01:00, or 2025-12-01T23:59 in the zone"
    )
    late: LateForm | None = Field(None, description="What it costs to miss the deadline")
    tag: str | None = Field(
        None, pattern=TAG_NAME, description="Git tag whose content is marked: P2"
    )
    data: tuple[DataForm, ...] = ()
    profiles: dict[ProfileName, dict[str, SampleForm]] = Field(
        {}, description="Smaller image sets for a quick run, by profile and data file"
    )
    notebooks: NotebooksForm | None = None
    run: RunForm = RunForm()
    exercises: tuple[ExerciseForm, ...] = Field(min_length=1)

    def to_model(
        self,
        digest: str,
        templates: tuple[model.Template, ...] = (),
        environment: model.Environment | None = None,
    ) -> model.Rubric:
        zone = zone_of(self.zone) if self.zone is not None else None
        return model.Rubric(
            assignment=self.assignment,
            title=self.title,
            exercises=tuple(exercise.to_model() for exercise in self.exercises),
            data=tuple(model.DataFile(**data.written()) for data in self.data),
            notebooks=templates,
            run=model.Run(**self.run.written() | {"environment": environment}),
            zone=self.zone,
            deadline=self.deadline and moment(self.deadline, zone).isoformat(),
            late=self.late and self.late.to_model(zone),
            tag=self.tag,
            profiles={
                name: {data: sample.to_model() for data, sample in samples.items()}
                for name, samples in self.profiles.items()
            },
            digest=digest,
        )


ConditionForm.model_rebuild()
