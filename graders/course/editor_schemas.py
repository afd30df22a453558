"""What may an editor offer and underline in the files of a course?

`python -m graders.course rubrics` writes them into that folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from graders.course.form import CourseForm, DecisionsForm
from graders.rubric.editor_schema import schema_of


def course_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a course's file."""
    return schema_of(CourseForm, "Course and its grade")


def decisions_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a file of decisions."""
    return schema_of(DecisionsForm, "What was decided in a course")


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = MappingProxyType(
    {"course.schema.json": course_schema, "course-decisions.schema.json": decisions_schema}
)
