"""What does an assignment begin with? A rubric and its proof, to be changed into one's own."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from graders.batch.problems import UsageProblem
from graders.language import _, speaking
from graders.rubric import available
from graders.rubric.editor_schema import schema_text
from graders.rubric.form import ASSIGNMENT_ID
from graders.rubric.lookup import COURSE

STARTER = Path(__file__).resolve().parents[1] / "starter"
_NAME = "ASSIGNMENT"  # stands in the starter's files for the assignment's name


def new(assignment: str, language: str) -> int:
    """Lay out the assignment in the current folder and say what to do next. Raises UsageProblem."""
    console = Console()
    with speaking(language):
        for path in lay_out(assignment, Path.cwd()):
            console.print(str(path.relative_to(Path.cwd())), highlight=False, soft_wrap=True)
        console.print(
            _("This proves it, now and after every change: corrige validate {name}").format(
                name=assignment
            ),
            highlight=False,
            soft_wrap=True,
        )
    return 0


def lay_out(assignment: str, root: Path) -> list[Path]:
    """Write rubric and reference under `root`; the files written.

    Raises UsageProblem, with nothing written, when the name will not do or something is there.
    """
    if not re.fullmatch(ASSIGNMENT_ID, assignment) or assignment.startswith(COURSE):
        raise UsageProblem(
            _("'{value}' is not a valid name here: write it like '{example}'.").format(
                value=assignment, example="p4"
            )
        )
    rubric, reference = root / "rubrics" / f"{assignment}.yaml", root / "reference" / assignment
    there = [path for path in (*available(), rubric) if path.stem == assignment and path.exists()]
    there += [reference] if reference.exists() else []
    if there:
        raise UsageProblem(
            _("There is an assignment {name} already, and nothing is overwritten: {path}").format(
                name=assignment, path=there[0]
            )
        )
    texts = {rubric: _filled(STARTER / "rubric.yaml", assignment)}
    for source in sorted(STARTER.rglob("*")):
        place = source.relative_to(STARTER)
        if source.is_file() and "__pycache__" not in place.parts and source.name != "rubric.yaml":
            texts[reference / place] = _filled(source, assignment)
    schema = root / "rubrics" / "rubric.schema.json"
    if not schema.exists():
        texts[schema] = schema_text()
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(texts)


def _filled(source: Path, assignment: str) -> str:
    return source.read_text("utf-8").replace(_NAME, assignment)
