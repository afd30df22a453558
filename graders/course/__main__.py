"""Writes the JSON Schemas of a course's files: `python -m graders.course rubrics`."""

import sys
from pathlib import Path

from graders.course.editor_schemas import SCHEMAS
from graders.rubric.editor_schema import as_text

for name, schema in SCHEMAS.items():
    Path(sys.argv[1], name).write_text(as_text(schema()), "utf-8")
