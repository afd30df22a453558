"""Where is the environment that a rubric's notebooks run in? Virtual ones, made from its list.

They lie under `environments/` of corrige's own folder, named by what they were made from, and
count as made once a note of what is in them stands there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from graders.batch.places import home
from graders.batch.problems import UsageProblem
from graders.language import _
from graders.rubric.model import Environment, Rubric
from graders.runner.surroundings import ENVIRONMENT_NOTE


class Made(BaseModel):
    """The note in an environment: from what it was made, and what is in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    requirements: tuple[str, ...]
    python: str  # its version
    packages: dict[str, str]  # name -> version


def root() -> Path:
    return home() / "environments"


def folder_of(environment: Environment) -> Path:
    return root() / environment.digest


def interpreter_in(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def made(folder: Path) -> Made | None:
    """What is in an environment; None when it is not there, or not whole."""
    try:
        note = Made.model_validate_json((folder / ENVIRONMENT_NOTE).read_bytes())
    except (OSError, ValidationError):
        return None
    return note if interpreter_in(folder).exists() else None


def all_made() -> Iterator[tuple[Path, Made]]:
    """Every environment on this machine that is whole."""
    for folder in sorted(root().glob("*")):
        if (note := made(folder)) is not None:
            yield folder, note


def in_its_environment(rubric: Rubric, *, own: bool = False) -> Rubric:
    """The rubric, its runs in the environment that it names.

    Who checks their `own` work without having made it runs in their own. Raises UsageProblem when
    the environment is not there.
    """
    environment = rubric.run.environment
    if environment is None:
        return rubric
    folder = folder_of(environment)
    if made(folder) is None:
        if own:
            return rubric
        sentence = _("The environment {file} is not made yet: corrige env make {name}")
        raise UsageProblem(sentence.format(file=environment.file, name=rubric.assignment))
    run = rubric.run.model_copy(update={"interpreter": str(interpreter_in(folder))})
    return rubric.model_copy(update={"run": run})
