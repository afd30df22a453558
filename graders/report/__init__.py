"""Who needs to read it? Pages for a person, from plain results."""

from graders.report.class_page import write_class
from graders.report.exhibits import (
    ConfusionMatrix,
    Curve,
    DrawnNode,
    Exhibits,
    NetworkDrawing,
    Table,
)
from graders.report.grades_page import write_grades
from graders.report.pages import write_submission

__all__ = [
    "ConfusionMatrix",
    "Curve",
    "DrawnNode",
    "Exhibits",
    "NetworkDrawing",
    "Table",
    "write_class",
    "write_grades",
    "write_submission",
]
