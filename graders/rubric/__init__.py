"""What is asked? Rubrics in YAML, read into frozen models."""

from graders.rubric.editor_schema import schema
from graders.rubric.loading import load
from graders.rubric.lookup import available, find
from graders.rubric.model import (
    Condition,
    Criterion,
    DataFile,
    Exercise,
    Late,
    Line,
    Penalty,
    Rubric,
    Run,
    Sample,
    Text,
)
from graders.rubric.ordering import order
from graders.rubric.problems import Problem, RubricError

__all__ = [
    "Condition",
    "Criterion",
    "DataFile",
    "Exercise",
    "Late",
    "Line",
    "Penalty",
    "Problem",
    "Rubric",
    "RubricError",
    "Run",
    "Sample",
    "Text",
    "available",
    "find",
    "load",
    "order",
    "schema",
]
