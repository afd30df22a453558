"""What may an editor offer and underline? JSON Schema of the YAML form.

`python -m graders.rubric > rubrics/rubric.schema.json` writes it.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from graders.rubric.form import RubricForm


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a rubric file."""
    return schema_of(RubricForm, "Rubric of an assignment")


def schema_of(form: type[BaseModel], title: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a file that has this form."""
    tidy: dict[str, Any] = _tidy(form.model_json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **tidy,
        "title": title,
    }


def schema_text() -> str:
    """The schema as the committed file has it."""
    return as_text(schema())


def as_text(schema: dict[str, Any]) -> str:
    """A schema as a committed file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """Without null, which a key left out stands for, and without titles made from names."""
    if isinstance(node, list):
        return [_tidy(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    tidy = {
        key: _tidy(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and not value)
    }
    options = [option for option in tidy.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        del tidy["anyOf"]
        tidy = {**options[0], **tidy}
    return tidy
