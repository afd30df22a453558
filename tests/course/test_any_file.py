"""Whatever somebody writes into these files, it is taken or told: nothing else happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.course import Course, load_course, load_decisions
from graders.rubric import RubricError, load

from .conftest import RUBRICS

TEXTS = ["", "t1", "Ana", "30%", "2025-08-20", "2025-08-01T23:59", "America/Caracas", "soft"]
TEXTS += ["\x00", "/", "9999-12-31", "0001-01-01"]
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 30), st.floats(), st.sampled_from(TEXTS)
)


def shaped(keys: list[str]) -> st.SearchStrategy[Any]:
    """Anything, much of it with keys that mean something."""
    names = st.sampled_from(keys)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    )


def read(path: Path, data: Any, reader: Any) -> None:
    path.write_text(json.dumps(data), encoding="utf-8")
    found = None
    try:
        reader(path)
    except RubricError as error:
        found = error.problems
    assert found is None or (found and all(problem.message for problem in found))


ENTRY = ["student", "members", "names", "assignment", "assignments", "submission", "factor", "mark"]
ENTRY += ["reason", "by", "on"]
LISTS = ["students", "aliases", "groups", "quality", "projects", "exemptions", "overrides"]
PARTS = ["id", "weight", "title", "lowest", "highest", "default", "es", "en"]
WHOLE = ["course", "title", "scale", "assignments", "quality", "project", "decisions"]
LATE = ["soft", "count_from", "points_per_day", "at_most", "zero_after"]
anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@anywhere
@given(st.dictionaries(st.sampled_from(LISTS), st.lists(shaped(ENTRY), max_size=3)))
def test_any_decisions(tmp_path: Path, course: Course, data: Any) -> None:
    read(tmp_path / "d.yaml", data, lambda path: load_decisions(path, course))


@anywhere
@given(st.dictionaries(st.sampled_from(WHOLE), shaped(PARTS)))
def test_any_course(tmp_path: Path, data: Any) -> None:
    read(tmp_path / "c.yaml", data, load_course)


@anywhere
@given(
    st.fixed_dictionaries({}, optional={"zone": scalars, "deadline": scalars, "late": shaped(LATE)})
)
def test_any_lateness(tmp_path: Path, data: Any) -> None:
    exercise = {"id": "e1", "title": {"es": "a", "en": "a"}, "points": 20, "criteria": []}
    criterion = {"id": "e1.a", "text": {"es": "a", "en": "a"}, "manual": True}
    rubric = {
        "assignment": "x",
        "title": {"es": "a", "en": "a"},
        "exercises": [{**exercise, "criteria": [criterion]}],
    }
    read(tmp_path / "x.yaml", {**rubric, **data}, load)


@pytest.mark.parametrize("name", ["course.schema.json", "course-decisions.schema.json"])
def test_schemas_are_no_courses(name: str) -> None:
    with pytest.raises(RubricError):
        load_course(RUBRICS / name)
