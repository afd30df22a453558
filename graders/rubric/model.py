"""What is asked? The rubric as frozen data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Role = Literal["train", "test", "extra", "other"]
Kind = Literal["table", "images", "signals", "weights", "other"]
CountFrom = Literal["hard", "soft"]


class Frozen(BaseModel):
    """Immutable, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Frozen):
    """A text in every language of the course."""

    es: Words
    en: Words

    def in_language(self, language: str) -> str:
        """The text in `es` or `en`."""
        return self.en if language == "en" else self.es


class DataFile(Frozen):
    """A file that the teacher provides, found by base name wherever the notebook looks for it."""

    name: Words
    files: tuple[str, ...]  # accepted spellings of the base name; the first is the canonical one
    role: Role = "other"
    label: str | None = None  # column that holds the label, for trusted recomputation
    kind: Kind = "table"  # `images`, `signals`: both parts in one; `weights`: of a network


class Sample(Frozen):
    """How many images of a set a profile keeps of each part."""

    train: int
    test: int


class Environment(Frozen):
    """Packages that notebooks are to find, beside Python itself and a kernel."""

    file: str  # name of the file that lists them
    requirements: tuple[str, ...]  # a package with its versions each, as pip takes them

    @property
    def digest(self) -> str:
        """Names it, whatever its file is called."""
        text = "\n".join(sorted(self.requirements))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Run(Frozen):
    """Limits of one run. Times in seconds, sizes in bytes, once read."""

    budget: float = 1200.0
    cell_timeout: float = 600.0
    memory: int = 6 * 2**30
    processes: int = 256
    disk: int = 4 * 2**30  # bytes that it may write
    output_limit: int = 2**20  # bytes of output kept for each cell
    kernel: str | None = None  # name of a kernelspec; the grader's own interpreter if absent
    environment: Environment | None = None  # in which it runs instead
    interpreter: str | None = None  # path of that environment's Python, once it is known
    order: tuple[str, ...] = ()  # notebooks by base name, when the natural order is not meant


class Late(Frozen):
    """What it costs to hand in after the deadline. Moments are ISO 8601 with offset."""

    points_per_day: Annotated[Decimal, Field(gt=0)] | None = None  # a day begun counts whole
    at_most: Annotated[Decimal, Field(gt=0)] | None = None  # points of all days together
    zero_after: str | None = None  # from the minute after it the mark is 0
    soft: str | None = None  # an earlier date, which by itself is only pointed out
    count_from: CountFrom = "hard"  # whether days begin at the deadline or at the soft date


class KnownError(Frozen):
    """An error that a cell of a handed-out notebook shows by itself (`analysis`)."""

    name: str  # the exception's type
    says: str  # its first line, numbers left out


class Template(Frozen):
    """A notebook that is handed out to be filled in, as far as copies of it can be recognised.

    `cells` maps the ids that its code cells carry to digests of their code (`intake.recognise`),
    `earlier` to those of earlier editions in which the code was another.
    """

    id: str
    title: Text
    heading: str  # words of its first heading, in small letters
    functions: tuple[str, ...] = ()  # that its code defines
    cells: dict[str, str] = Field(default_factory=dict)
    earlier: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    todo: tuple[str, ...] = ()  # ids of the cells that are to be filled in
    errors: dict[str, KnownError] = Field(default_factory=dict)  # by the cell's id

    def digests(self, cell: str) -> tuple[str, ...]:
        """Of a cell's code as it ever was handed out."""
        return (self.cells[cell], *self.earlier.get(cell, ()))


class Penalty(Frozen):
    """What a violated criterion or line costs: a percentage of the exercise, or points."""

    unit: Literal["percent", "points"]
    amount: Annotated[Decimal, Field(gt=0)]


class Criterion(Frozen):
    """One thing to look at: by a check, or by a person when `manual`."""

    id: str
    text: Text
    penalty: Penalty | None = None  # None: costs nothing by itself (a line may stand for it)
    check: str | None = None  # "theme.function" in graders.checks
    params: dict[str, Any] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    manual: bool = False
    notebook: str | None = None  # id of the template whose copy it is about


class Condition(Frozen):
    """When a line of the statement applies. Each leaf is a criterion id, true when violated.

    Exactly one of the two is set; entries are criterion ids or further conditions.
    """

    any_of: tuple[str | Condition, ...] = ()
    all_of: tuple[str | Condition, ...] = ()

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if bool(self.any_of) == bool(self.all_of):
            raise ValueError("a condition has either any_of or all_of")
        return self

    @property
    def criteria(self) -> tuple[str, ...]:
        """The criterion ids named anywhere in it, each once, in order."""
        return tuple(dict.fromkeys(self._leaves()))

    def _leaves(self) -> Iterator[str]:
        for entry in self.any_of or self.all_of:
            if isinstance(entry, str):
                yield entry
            else:
                yield from entry._leaves()


class Line(Frozen):
    """One line of the statement that several criteria stand for: it is marked once."""

    id: str
    text: Text
    penalty: Penalty
    when: Condition


class Exercise(Frozen):
    """A part of the assignment with points of its own."""

    id: str
    title: Text
    points: Decimal
    criteria: tuple[Criterion, ...]
    lines: tuple[Line, ...] = ()


class Rubric(Frozen):
    """An assignment. `digest` is the sha256 of the file it was read from."""

    assignment: str
    title: Text
    exercises: tuple[Exercise, ...]
    data: tuple[DataFile, ...] = ()
    notebooks: tuple[Template, ...] = ()  # handed out; each copy runs in a kernel of its own
    run: Run = Run()
    zone: str | None = None  # IANA name of the course's time zone
    deadline: str | None = None  # ISO 8601 with offset; its minute is still in time
    late: Late | None = None  # what missing it costs; None: lateness is only flagged
    tag: str | None = None  # git tag of a checkout whose content is marked
    profiles: dict[str, dict[str, Sample]] = Field(default_factory=dict)  # name -> data -> sample
    digest: str = ""

    @property
    def max_mark(self) -> Decimal:
        """The points of all its exercises."""
        return sum((e.points for e in self.exercises), Decimal(0))

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The criteria of all its exercises, in the rubric's order."""
        return tuple(c for e in self.exercises for c in e.criteria)

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion of this id. Raises KeyError."""
        for criterion in self.criteria:
            if criterion.id == criterion_id:
                return criterion
        raise KeyError(criterion_id)
