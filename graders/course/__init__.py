"""What is the grade of the course? Marks of assignments, a formula and what people decided."""

from graders.course.grades import Grade, grades
from graders.course.loading import find_course, load_course, load_decisions
from graders.course.model import Course, Decisions
from graders.course.reports import Marked, read_reports

__all__ = [
    "Course",
    "Decisions",
    "Grade",
    "Marked",
    "find_course",
    "grades",
    "load_course",
    "load_decisions",
    "read_reports",
]
