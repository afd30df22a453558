"""What was handed in, by whom, when?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from graders.printable import VisibleLine

Source = Literal["list", "platform", "tag", "commit", "archive", "file"]
"""What says when it was handed in; see `graders.intake.told`."""


class HandedOut(BaseModel):
    """A copy of a notebook that was handed out to be filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path  # relative to the submission's root
    unchanged: tuple[str, ...] = ()  # ids of the template's cells that are as they were
    places: dict[int, str] = {}  # where these stand among the copy's cells: position -> id
    repeated: tuple[Path, ...] = ()  # further copies of the same, which do not count


class Submission(BaseModel):
    """One student's or group's delivery, as found on disk. Nothing in it has been run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str  # unique in the class, safe as a folder name
    root: Path  # folder that holds the files (a lone notebook: its folder is not all its own)
    given: Path | None = None  # the folder that came in, when root holds its git tag's content
    notebooks: tuple[Path, ...]  # in the order they will run, relative to root
    files: tuple[Path, ...] = ()  # other files to bring along (sibling .py, images), relative
    students: tuple[VisibleLine, ...] = ()
    received: datetime | None = None  # with offset, once collected
    received_by: Source | None = None  # what says so
    order: tuple[str, ...] = ()  # from corrige.yaml
    data_names: dict[str, str] = {}  # from corrige.yaml: file name used -> name in the rubric
    copies: dict[str, HandedOut] = {}  # of notebooks that were handed out, by the template's id
    problems: tuple[VisibleLine, ...] = ()  # sentences; without a notebook to run they say why
