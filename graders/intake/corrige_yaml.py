"""What does the student's own `corrige.yaml` say?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from graders.intake.ignored import plain_file
from graders.language import _
from graders.printable import VisibleLine

NAME = "corrige.yaml"
MAX_BYTES = 64 * 1024
MAX_DEPTH = 5
MAX_EVENTS = 2000
_SHORT = 200  # characters of a reason

Name = Annotated[VisibleLine, Field(max_length=200)]


class StudentFile(BaseModel):
    """Who hands in, in which order the notebooks run, what the data files are called there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    students: tuple[Name, ...] = Field(default=(), max_length=20)
    order: tuple[Name, ...] = Field(default=(), max_length=100)
    # name in the notebook -> in the rubric
    data: dict[Name, Name] = Field(default_factory=dict, max_length=50)

    @field_validator("students", "order", mode="before")
    @classmethod
    def _one_is_a_list_too(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


def read_student_file(folder: Path) -> tuple[StudentFile, str]:
    """The file's content and "", or an empty one and a sentence that says what is wrong."""
    path = folder / NAME
    if not plain_file(path):
        return StudentFile(), ""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(_("it is too large"))
        return StudentFile.model_validate(_content(path.read_text("utf-8-sig")) or {}), ""
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or NAME
        reason = f"{where[:_SHORT]}: {first['msg']}"
    except Exception as error:  # YAMLError, and what the library stumbles over: `!!int ""`
        reason = next(iter(str(error).splitlines()), "")
    return StudentFile(), _("{name} was not used: {reason}.").format(
        name=NAME, reason=reason[:_SHORT].rstrip(".")
    )


def _content(text: str) -> Any:
    """The YAML as plain data. Raises ValueError or YAMLError.

    Looked through before it is built: what refers to itself or nests without end could be a few
    lines and gigabytes.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.events import (
        AliasEvent,
        MappingEndEvent,
        MappingStartEvent,
        SequenceEndEvent,
        SequenceStartEvent,
    )

    depth = 0
    for count, event in enumerate(YAML(typ="safe", pure=True).parse(text)):
        depth += isinstance(event, (MappingStartEvent, SequenceStartEvent))
        depth -= isinstance(event, (MappingEndEvent, SequenceEndEvent))
        if isinstance(event, AliasEvent) or depth > MAX_DEPTH or count > MAX_EVENTS:
            raise ValueError(_("it is more complicated than it needs to be"))
    return YAML(typ="safe", pure=True).load(text)
