from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graders.rubric import schema
from graders.rubric.editor_schema import schema_text
from graders.rubric.source import read_source

RUBRICS = Path(__file__).parents[2] / "rubrics"

ASSIGNMENTS = [p for p in sorted(RUBRICS.glob("*.yaml")) if not p.name.startswith("course-")]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def test_committed_schema_is_up_to_date() -> None:
    committed = (RUBRICS / "rubric.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "python -m graders.rubric > rubrics/rubric.schema.json"


@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda path: path.stem)
def test_rubrics_validate_and_name_their_schema(
    path: Path, validator: jsonschema.Draft202012Validator
) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=rubric.schema.json"
    validator.validate(read_source(path).data)


@pytest.fixture
def data(tmp_path: Path, rubric_text: str) -> Any:
    path = tmp_path / "demo.yaml"
    path.write_text(rubric_text, encoding="utf-8")
    return read_source(path).data


def test_every_form_validates(data: Any, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(data)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("penalty", "half"),
        ("penalty", 50),
        ("points", 1),  # beside a penalty
        ("manual", True),  # beside a check
        ("check", None),
        ("unknown", 1),
        ("id", "E1"),
        ("text", "one language"),
        ("text", {"es": "", "en": "a"}),
        ("needs", "e1.builds"),
    ],
)
def test_refuses_in_a_criterion(
    data: Any, validator: jsonschema.Draft202012Validator, key: str, value: object
) -> None:
    data["exercises"][0]["criteria"][0][key] = value
    assert not validator.is_valid(data)


@pytest.mark.parametrize(
    ("key", "value"), [("budget", 20), ("budget", "soon"), ("memory", "6GB"), ("speed", 1)]
)
def test_refuses_in_the_run(
    data: Any, validator: jsonschema.Draft202012Validator, key: str, value: object
) -> None:
    data["run"][key] = value
    assert not validator.is_valid(data)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tag", "P 2"),
        ("tag", "-d"),
        ("profiles", {"quick": {"pictures": {"train": 20}}}),
        ("profiles", {"quick": {"pictures": {"train": 0, "test": 5}}}),
        ("profiles", {"quick": 20}),
    ],
)
def test_refuses_in_the_rubric(
    data: Any, validator: jsonschema.Draft202012Validator, key: str, value: object
) -> None:
    data[key] = value
    assert not validator.is_valid(data)


@pytest.mark.parametrize("when", [{}, {"any_of": []}, {"any_of": ["a"], "all_of": ["a"]}, "a"])
def test_refuses_as_a_condition(
    data: Any, validator: jsonschema.Draft202012Validator, when: object
) -> None:
    data["exercises"][1]["lines"][0]["when"] = when
    assert not validator.is_valid(data)
