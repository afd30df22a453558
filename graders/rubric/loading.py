"""Is this rubric right, all of it, before anything runs?"""

from __future__ import annotations

from pathlib import Path

from graders.rubric.coherence import coherence_faults
from graders.rubric.model import Rubric
from graders.rubric.problems import Problem, RubricError
from graders.rubric.shape import read_form
from graders.rubric.source import read_source

CHECKS = Path(__file__).parent.parent / "checks"
"""Where the themes of the checks are; only parsed, never imported from here."""


def load(path: Path, checks: Path = CHECKS) -> Rubric:
    """The rubric in a YAML file. Raises RubricError with every problem found in it."""
    source = read_source(path)
    form, misshapen = read_form(source.data)
    faults = [*misshapen, *coherence_faults(source.data, checks)]
    problems = {
        *source.duplicates,
        *(Problem(path, source.line(fault.place), fault.message) for fault in faults),
    }
    if problems or form is None:
        raise RubricError(sorted(problems, key=lambda p: (p.line or 0, p.message)))
    return form.to_model(source.digest)
