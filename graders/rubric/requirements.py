"""Which packages is a notebook to find? A file beside the rubric that names them, one a line.

Only names and versions: where they come from is how pip is set up on the machine.
"""

from __future__ import annotations

import re
from pathlib import Path

from graders.language import _
from graders.rubric.model import Environment
from graders.rubric.problems import Problem, RubricError

_PACKAGE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*"  # its name
    r"(\s*\[[A-Za-z0-9._,\s-]*\])?"  # extras
    r"\s*(?:(?:===?|[<>!~]=|[<>])\s*[^\s,;]+(?:\s*,\s*(?:===?|[<>!~]=|[<>])\s*[^\s,;]+)*)?"
    r"(\s*;[^#]*)?"  # on which systems
)


def read_requirements(path: Path) -> Environment:
    """The environment that a file names. Raises RubricError."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or _("it is not UTF-8 text")
        message = _("The environment's file cannot be read: {reason}.").format(reason=reason)
        raise RubricError([Problem(path, None, message)]) from error
    lines, problems = [], []
    for number, written in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*", "", written).strip()
        if line and not _PACKAGE.fullmatch(line):
            message = _("'{line}' is not a package with its version, as in numpy<2.")
            problems.append(Problem(path, number, message.format(line=line)))
        elif line:
            lines.append(" ".join(line.split()))
    if not lines and not problems:
        problems.append(Problem(path, None, _("It names no packages.")))
    if problems:
        raise RubricError(problems)
    return Environment(file=path.name, requirements=tuple(lines))
