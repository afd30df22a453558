"""What does the student's own `corrige.yaml` say?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from graders.language import _

NAME = "corrige.yaml"
MAX_BYTES = 64 * 1024


class StudentFile(BaseModel):
    """Who hands in, in which order the notebooks run, what the data files are called there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    students: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    data: dict[str, str] = Field(default_factory=dict)  # name in the notebook -> in the rubric

    @field_validator("students", "order", mode="before")
    @classmethod
    def _one_is_a_list_too(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


def read_student_file(folder: Path) -> tuple[StudentFile, str]:
    """The file's content and "", or an empty one and a sentence that says what is wrong."""
    path = folder / NAME
    if not path.is_file():
        return StudentFile(), ""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(_("it is too large"))
        content = YAML(typ="safe", pure=True).load(path.read_text("utf-8-sig"))
        return StudentFile.model_validate(content or {}), ""
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or NAME
        reason = f"{where}: {first['msg']}"
    except (OSError, ValueError, YAMLError) as error:
        reason = str(error).splitlines()[0]
    return StudentFile(), _("{name} was not used: {reason}.").format(
        name=NAME, reason=reason.rstrip(".")
    )
