"""Where is the rubric of an assignment?"""

from __future__ import annotations

from pathlib import Path

from graders.language import _
from graders.rubric.problems import Problem, RubricError, did_you_mean

SUFFIXES = (".yaml", ".yml")
COURSE = "course-"
"""How the file of a course begins, which lies beside its rubrics and is none."""


def folders() -> tuple[Path, ...]:
    """Where rubrics are looked for: here first, then beside the package (as in a checkout), then
    inside it (as installed)."""
    package = Path(__file__).resolve().parents[1]
    return tuple(root / "rubrics" for root in (Path.cwd(), package.parent, package))


def available() -> list[Path]:
    """The rubrics that can be named, by name; one here hides its namesake beside the package."""
    found: dict[str, Path] = {}
    for folder in folders():
        for path in sorted(folder.glob("*.y*ml")):
            if path.suffix in SUFFIXES and not path.name.startswith(COURSE):
                found.setdefault(path.stem, path)
    return [found[name] for name in sorted(found)]


def find(name_or_path: str | Path) -> Path:
    """The file of an assignment such as "p3", or of a path. Raises RubricError if there is none."""
    asked = str(name_or_path)
    path = Path(asked)
    if path.suffix in SUFFIXES or path.name != asked:
        if path.is_file():
            return path
        raise RubricError([Problem(path, None, _("There is no such file."))])
    known = {found.stem: found for found in available()}
    if asked in known:
        return known[asked]
    message = _("There is no assignment '{name}'.").format(name=asked)
    if hint := did_you_mean(asked, list(known)):
        message += hint
    elif known:
        message += " " + _("There are: {names}.").format(names=", ".join(known))
    raise RubricError([Problem(folders()[0] / f"{asked}.yaml", None, message)])
