"""Which notebooks are handed out to be filled in, and how are copies of them recognised?

`NAME.templates.json` beside a rubric holds facts about them, by id; `corrige` writes it from a
folder of the notebooks themselves (`graders.intake.fingerprints`).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import ValidationError

from graders.language import _
from graders.rubric.model import Template
from graders.rubric.problems import Problem, RubricError


def read_templates(path: Path) -> tuple[dict[str, Template], str]:
    """The templates by id, and the file's digest. Raises RubricError."""
    try:
        raw = path.read_bytes()
        found = {
            str(name): Template.model_validate({"id": name, **facts})
            for name, facts in json.loads(raw).items()
        }
    except OSError as error:
        message = _("The templates cannot be read: {reason}.").format(reason=error.strerror)
        raise RubricError([Problem(path, None, message)]) from error
    except (ValueError, TypeError, AttributeError, ValidationError) as error:
        message = _("This is not a file of templates.")
        raise RubricError([Problem(path, None, message)]) from error
    return found, hashlib.sha256(raw).hexdigest()
