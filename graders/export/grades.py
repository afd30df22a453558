"""Which grades go into the gradebook? One row for each student of a course, as CSV.

Encoded and separated as `marks.csv` is. A figure that is still a range is empty, and its ends stand
beside it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from graders.course import Course, Grade
from graders.course.arithmetic import figure
from graders.course.formula import Span, two_decimals
from graders.course.grades import Open
from graders.export.marks import harmless
from graders.export.writing import write_whole

COLUMNS = ("student", "grade", "grade_low", "grade_high", "scale")


def write_grades(course: Course, grades: Sequence[Grade], path: Path) -> None:
    """Write the file of grades in one step. Raises OSError when it cannot be written.

    After the fixed columns come, for each assignment, its mark and where that comes from; then the
    factor of quality and the project, each with its reason; last the sum that makes the grade (two
    of them, with the lowest and the highest figures, while it is a range).
    """
    titles = [
        *COLUMNS,
        *(title for name in course.names for title in (name, f"{name}_how")),
        *(("factor", "factor_how") if course.quality else ()),
        *(("project", "project_how") if course.project else ()),
        "sum",
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(title) for title in titles])
    for grade in grades:
        writer.writerow(_row(course, grade))
    write_whole(path, text.getvalue().encode("utf-8-sig", errors="replace"))


def _row(course: Course, grade: Grade) -> list[str]:
    row = [
        harmless(grade.student),
        f"{grade.low:f}" if grade.settled else "",
        f"{grade.low:f}",
        f"{grade.high:f}",
        f"{course.scale:f}",
    ]
    for standing in grade.standings:
        exempt = standing.kind == "exempt"
        row += ["" if exempt else _figure(standing.mark), harmless(standing.said)]
    for extra in (grade.factor, grade.project):
        row += _extra(extra)
    return [*row, harmless("; ".join(one.text for one in grade.sums))]


def _extra(extra: Open | None) -> list[str]:
    return [] if extra is None else [_exact(extra.value), harmless(extra.said)]


def _figure(mark: Span) -> str:
    return f"{two_decimals(mark.low):f}" if mark.settled else ""


def _exact(value: Span) -> str:
    return figure(value.low) if value.settled else ""
