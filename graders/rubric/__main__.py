"""Prints the JSON Schema of a rubric: `python -m graders.rubric > rubrics/rubric.schema.json`."""

from graders.rubric.editor_schema import schema_text

print(schema_text(), end="")
