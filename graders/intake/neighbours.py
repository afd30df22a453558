"""Which notebooks of a repository belong to another assignment? It may hold all of a course."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from graders.intake.words import plain, words

_LETTERS = re.compile(r"([a-z]+)[_\-]?(\d+)")
# What the letter of an assignment's id stands for, in the names that students give.
_WORDS = {
    "p": frozenset("p pr prac practica practicas practice pract assignment lab".split()),
    "t": frozenset("t tarea tareas task homework hw".split()),
}
_SHORT = frozenset("p t pr lab hw".split())  # a part of an assignment may be called so too


def of_assignment(notebooks: Sequence[Path], assignment: str) -> tuple[list[Path], list[Path]]:
    """Those to run, and those that are left out, each in the order given.

    A notebook is left out when its folders (or its name, in a whole word such as `practica1`) say
    another number than the assignment's and some other notebook says this number: `P1/red.ipynb`
    beside `P2/red.ipynb` for `p2`. What says nothing stays.
    """
    found = _LETTERS.fullmatch(assignment)
    if found is None:
        return list(notebooks), []
    wanted = int(found[2])
    said = {path: _number(path, _WORDS.get(found[1], frozenset({found[1]}))) for path in notebooks}
    if wanted not in said.values():
        return list(notebooks), []
    others = [path for path in notebooks if said[path] not in (None, wanted)]
    return [path for path in notebooks if path not in others], others


def _number(path: Path, kinds: frozenset[str]) -> int | None:
    """The assignment's number that the path says, its outermost folder first."""
    for part in path.parts[:-1]:
        if (number := _said(part, kinds)) is not None:
            return number
    return _said(path.stem, kinds - _SHORT)


def _said(name: str, kinds: frozenset[str]) -> int | None:
    parts = words(plain(name))
    for word, number in pairwise(parts):
        if word in kinds and number.isdigit() and len(number) <= 2:
            return int(number)
    return None
