"""Is this rubric right, all of it, before anything runs?"""

from __future__ import annotations

import hashlib
from pathlib import Path

from graders.language import _
from graders.rubric.coherence import coherence_faults
from graders.rubric.form import RubricForm
from graders.rubric.model import Rubric
from graders.rubric.problems import Problem, RubricError, did_you_mean
from graders.rubric.requirements import read_requirements
from graders.rubric.shape import read_form
from graders.rubric.source import read_source
from graders.rubric.templates import read_templates, with_errors

CHECKS = Path(__file__).parent.parent / "checks"
"""Where the themes of the checks are; only parsed, never imported from here."""


def load(path: Path, checks: Path = CHECKS) -> Rubric:
    """The rubric in a YAML file. Raises RubricError with every problem found in it."""
    source = read_source(path)
    form, misshapen = read_form(source.data, RubricForm, _("The rubric"))
    problems = source.problems([*misshapen, *coherence_faults(source.data, checks)])
    if problems or form is None:
        raise RubricError(problems)
    named = form.run.environment
    environment = read_requirements(path.parent / named) if named is not None else None
    if form.notebooks is None:
        return form.to_model(source.digest, environment=environment)
    handed_out, digest = read_templates(path.parent / form.notebooks.templates)
    absent = [name for name in form.notebooks.of if name not in handed_out]
    if absent:
        line = source.line(("notebooks", "of", form.notebooks.of.index(absent[0])))
        message = _("'{name}' is not among the templates.").format(name=absent[0])
        raise RubricError([Problem(path, line, message + did_you_mean(absent[0], [*handed_out]))])
    whole = hashlib.sha256(f"{source.digest} {digest}".encode()).hexdigest()
    if form.notebooks.errors is not None:
        handed_out, digest = with_errors(handed_out, path.parent / form.notebooks.errors)
        whole = hashlib.sha256(f"{whole} {digest}".encode()).hexdigest()
    templates = tuple(handed_out[name] for name in form.notebooks.of)
    return form.to_model(whole, templates, environment)
