"""Which marks are there? The results of each assignment of the course, as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from graders.course.model import Course
from graders.language import _
from graders.scoring import Status, read_result


@dataclass(frozen=True)
class Marked:
    """A marked submission, as far as a course is concerned."""

    assignment: str
    submission: str
    students: tuple[str, ...]
    low: Decimal
    high: Decimal
    max_mark: Decimal
    received: bool = True


@dataclass(frozen=True)
class Reports:
    """The marked submissions of each assignment (none: not marked yet), and what is wrong."""

    marked: Mapping[str, tuple[Marked, ...]]
    problems: tuple[str, ...] = ()


def read_reports(folder: Path, course: Course) -> Reports:
    """What lies in `folder/<assignment>/<submission>/result.json`, said where it cannot be read."""
    marked: dict[str, tuple[Marked, ...]] = {}
    problems: list[str] = []
    for name in course.names:
        found = []
        for path in sorted((folder / name).glob("*/result.json")):
            try:
                result = read_result(path)
            except (OSError, ValueError):
                problems.append(_("{path} cannot be read as a result.").format(path=path))
                continue
            if result.assignment != name or result.max_mark <= 0:
                problems.append(_("{path} is no result of {name}.").format(path=path, name=name))
                continue
            found.append(
                Marked(
                    name,
                    result.submission,
                    result.students,
                    result.mark_low,
                    result.mark_high,
                    result.max_mark,
                    result.status is not Status.NOT_RECEIVED,
                )
            )
        marked[name] = tuple(found)
    return Reports(marked, tuple(problems))
