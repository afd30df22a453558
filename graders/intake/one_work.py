"""Are these folders the parts of one person's work? Each then holds other handed-out notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graders.intake.ignored import NOTEBOOK, notebooks_in
from graders.intake.notebook_file import NotebookProblem, read_notebook
from graders.intake.recognise import recognise
from graders.rubric.model import Template

SHARE = 0.5  # of the handed-out notebooks that must be found among them


def one_work(folders: Sequence[Path], templates: Sequence[Template]) -> bool:
    """Do the folders (or lone notebooks) share the handed-out notebooks out between them?

    `3.4 Activation functions/`, `6.4 Momentum/`: names that look like people's to whoever does not
    open them. Of a class everybody has a copy of the same notebooks.
    """
    if len(folders) < 2 or len(templates) < 2:
        return False
    seen: set[str] = set()
    for folder in folders:
        found = _found(folder, templates)
        if found & seen:
            return False
        seen |= found
    return len(seen) >= SHARE * len(templates)


def _found(folder: Path, templates: Sequence[Template]) -> set[str]:
    """Ids of the templates of which there is a copy."""
    if folder.is_dir():
        paths = [folder / path for path in notebooks_in(folder)]
    else:
        paths = [folder] if folder.suffix.lower() == NOTEBOOK else []
    cells = {}
    for path in paths:
        try:
            cells[path] = read_notebook(path).cells
        except (NotebookProblem, OSError):
            continue
    return set(recognise(templates, cells).copies)
