"""By what are copies of a handed-out notebook known again? Facts about it, without its text.

    python -m graders.intake.fingerprints FOLDER > rubrics/NAME.templates.json

reads the notebooks of a folder, and names each by the number in its first heading (`nb3_4`). Of
several with the same number the last by its path is the one that is handed out, and the others are
earlier editions of it: code of theirs is known to be nobody's work either.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from graders.intake.notebook_file import NotebookProblem, read_notebook

Cell = dict[str, Any]
_HEADING = re.compile(r"^\s*#+\s*(.+?)\s*#*\s*$", re.MULTILINE)
_NUMBER = re.compile(r"notebook\s+(\d+)[._](\d+)")
_MAGIC = re.compile(r"^\s*[!%].*$", re.MULTILINE)
_TODO = re.compile(r"\bTODO\b")
_VARYING = frozenset({"kind", "type_comment", "type_ignores", "type_params"})


@lru_cache(maxsize=4096)  # a class's copies have most cells in common
def code_digest(source: str) -> str:
    """Of what code does: comments, blank lines, magics and quotes do not count, nor does the
    version of Python that reads it."""
    for text in (source, _MAGIC.sub("", source)):
        try:
            said = _said(ast.parse(text))
            break
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            said = re.sub(r"\s+", " ", text).strip()
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def _said(thing: Any) -> str:
    """A syntax tree in words, without fields that are empty or that only some versions have."""
    if isinstance(thing, list):
        return f"[{','.join(map(_said, thing))}]"
    if not isinstance(thing, ast.AST):
        return repr(thing)
    fields = ((name, value) for name, value in ast.iter_fields(thing) if name not in _VARYING)
    parts = [
        f"{name}={_said(value)}" for name, value in fields if value is not None and value != []
    ]
    return f"{type(thing).__name__}({','.join(parts)})"


def cell_ids(cell: Cell) -> tuple[str, ...]:
    """The ids that a cell carries: Colab's in its metadata survive in nearly every copy."""
    metadata = cell.get("metadata") or {}
    found = (metadata.get("id"), cell.get("id"))
    return tuple(dict.fromkeys(str(i) for i in found if i))


def headings(cells: Sequence[Cell]) -> Iterator[str]:
    """The headings of a notebook as plain words, in small letters."""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for found in _HEADING.findall(cell["source"]):
                yield " ".join(re.sub(r"[*_#:–—-]+", " ", _dotted(found)).casefold().split())


def _dotted(heading: str) -> str:
    """`3_4` as `3.4`."""
    return re.sub(r"(\d)_(\d)", r"\1.\2", heading)


def functions(cells: Sequence[Cell]) -> set[str]:
    """Names of the functions that its cells define."""
    return {
        name
        for cell in cells
        if cell["cell_type"] == "code"
        for name in re.findall(r"^def\s+(\w+)", cell["source"], re.MULTILINE)
    }


def fingerprint(cells: Sequence[Cell]) -> dict[str, Any]:
    """The facts of one handed-out notebook, as its entry in the file of templates."""
    code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"].strip()]
    named = [(cell_ids(cell)[0], cell["source"]) for cell in code if cell_ids(cell)]
    heading = next(iter(headings(cells)), "")
    shown = next((h for c in cells for h in _HEADING.findall(c["source"])), heading).strip("* ")
    title = re.sub(r"^Notebook\s+", "", shown).replace(" -- ", " ").strip()
    return {
        "title": {"es": title, "en": title},
        "heading": heading,
        "functions": sorted(functions(cells)),
        "cells": {name: code_digest(source) for name, source in named},
        "todo": [name for name, source in named if _TODO.search(source)],
    }


def main(folder: Path) -> str:
    """The file of templates of the notebooks in a folder, by number."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*.ipynb")):
        try:
            facts = fingerprint(read_notebook(path).cells)
        except NotebookProblem:
            continue
        number = _NUMBER.search(facts["heading"])
        if number:
            name = f"nb{number[1]}_{number[2]}"
            found[name] = facts | {"earlier": _earlier(facts["cells"], found.get(name))}
    ordered = sorted(found, key=lambda name: [int(part) for part in name[2:].split("_")])
    return json.dumps({name: found[name] for name in ordered}, indent=1, ensure_ascii=False) + "\n"


def _earlier(cells: dict[str, str], before: dict[str, Any] | None) -> dict[str, list[str]]:
    """Digests that cells had in earlier editions, and have no more."""
    if before is None:
        return {}
    known = {
        name: dict.fromkeys([*before["earlier"].get(name, ()), before["cells"].get(name)])
        for name in cells
    }
    old = {name: [d for d in known[name] if d and d != cells[name]] for name in cells}
    return {name: digests for name, digests in old.items() if digests}


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1])))
