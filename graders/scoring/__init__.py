"""What is it worth? Verdicts and a rubric made into marks; pure, in decimals."""

from graders.scoring.decisions import Overrides
from graders.scoring.late import Delivered, with_lateness
from graders.scoring.marking import score, unrunnable
from graders.scoring.prerequisites import blocked, not_assessed
from graders.scoring.result import (
    CriterionResult,
    ExerciseResult,
    Flag,
    Lateness,
    LineResult,
    Result,
    Source,
    Status,
    Verdict,
    VerdictKind,
)
from graders.scoring.storage import read_result, write_result

__all__ = [
    "CriterionResult",
    "Delivered",
    "ExerciseResult",
    "Flag",
    "Lateness",
    "LineResult",
    "Overrides",
    "Result",
    "Source",
    "Status",
    "Verdict",
    "VerdictKind",
    "blocked",
    "not_assessed",
    "read_result",
    "score",
    "unrunnable",
    "with_lateness",
    "write_result",
]
