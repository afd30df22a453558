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
from graders.rubric.model import KnownError, Template
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


def with_errors(templates: dict[str, Template], path: Path) -> tuple[dict[str, Template], str]:
    """The templates with the errors that they show by themselves, and that file's digest.

    `corrige env try` writes it. Raises RubricError.
    """
    try:
        raw = path.read_bytes()
        facts = {
            str(name): {
                str(cell): KnownError.model_validate(error) for cell, error in cells.items()
            }
            for name, cells in json.loads(raw)["errors"].items()
        }
    except OSError as error:
        message = _("The errors of the templates cannot be read: {reason}.")
        said = message.format(reason=error.strerror)
        raise RubricError([Problem(path, None, said)]) from error
    except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as error:
        message = _("This is not a file of errors that corrige env try wrote.")
        raise RubricError([Problem(path, None, message)]) from error
    told = {
        name: template.model_copy(update={"errors": facts.get(name, {})})
        for name, template in templates.items()
    }
    return told, hashlib.sha256(raw).hexdigest()
