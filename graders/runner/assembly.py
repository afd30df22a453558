"""All notebooks of a submission as one, so that a cell has one position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from graders.intake import Submission, read_notebook

KEY = "corrige"  # of the metadata that the runner adds


@dataclass(frozen=True)
class Step:
    """A cell to run: its position, and the folder (relative) to run it in."""

    index: int
    cell: NotebookNode
    folder: Path


def assemble(submission: Submission) -> NotebookNode:
    """One notebook with the cells of all, in order, their old outputs left out.

    Each cell's metadata says which notebook it comes from (`corrige.notebook`) and where it was
    there (`corrige.cell`). Between notebooks, when there are several, stands a markdown cell
    with `corrige.boundary`. Raises NotebookProblem when one can no longer be read.
    """
    whole: NotebookNode = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]  # nbformat's
    several = len(submission.notebooks) > 1
    for path in submission.notebooks:
        name = path.as_posix()
        if several:
            mark = {KEY: {"notebook": name, "boundary": True}}
            whole.cells.append(_cell("markdown", f"# {name}", mark))
        for position, cell in enumerate(read_notebook(submission.root / path, name).cells):
            tags = cell["metadata"].get("tags")
            metadata: dict[str, Any] = {KEY: {"notebook": name, "cell": position}}
            if isinstance(tags, list):
                metadata["tags"] = [str(tag) for tag in tags]
            new = _cell(cell["cell_type"], cell["source"], metadata)
            if "attachments" in cell:
                new["attachments"] = cell["attachments"]
            whole.cells.append(new)
    for position, cell in enumerate(whole.cells):
        cell["id"] = f"c{position}"
    return whole


def _cell(kind: str, source: str, metadata: dict[str, Any]) -> NotebookNode:
    make = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
    }.get(kind, nbformat.v4.new_raw_cell)
    new: NotebookNode = make(source=source, metadata=nbformat.from_dict(metadata))  # type: ignore[no-untyped-call]  # nbformat's
    return new


def steps(whole: NotebookNode) -> Iterator[Step]:
    """The cells that run: code that is not blank."""
    for index, cell in enumerate(whole.cells):
        if cell.cell_type == "code" and cell.source.strip():
            yield Step(index, cell, Path(cell.metadata[KEY]["notebook"]).parent)
