"""What is each student's grade? One page for a course, with every sum written out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graders.course import Course
from graders.course.formula import Span, two_decimals
from graders.course.grades import Grades
from graders.report.rendering import render
from graders.report.wording import mark_text
from graders.report.writing import write_whole


def write_grades(course: Course, grades: Grades, problems: Sequence[str], out: Path) -> None:
    """Write `grades.html` into the folder, in the language now spoken.

    `problems` say which results could not be read. Raises OSError when it cannot be written.
    """
    write_whole(out / "grades.html", grades_page(course, grades, problems))


def grades_page(course: Course, grades: Grades, problems: Sequence[str] = ()) -> str:
    """The page of a course's grades in the language now spoken."""
    return render(
        "grades.html.j2",
        script="sort.js",
        course=course,
        grades=grades,
        notes=[*problems, *grades.notes],
        between=_between,
    )


def _between(value: Span) -> str:
    return mark_text(two_decimals(value.low), two_decimals(value.high))
