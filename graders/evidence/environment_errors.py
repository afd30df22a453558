"""Which errors are the environment's? Code as it was handed out that newer libraries refuse.

An error of a student's is one in what the student wrote. These are not: those that the handed-out
notebook shows as well (facts of a rubric), and those of a kind that says that a library changed,
where all of the notebook's code on the way to the error is as it was handed out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from graders.evidence.run_record import CellRecord

LONGEST = 200  # characters of an error that are compared

# Said by versions of a library that no longer take what older ones took.
_REFUSED = (
    ("TypeError", r"only 0-dimensional arrays can be converted to Python scalars"),
    ("AttributeError", r"was a deprecated alias for|was removed in the NumPy 2\.0"),
    (
        "AttributeError",
        r"module 'numpy' has no attribute "
        r"'(product|cumproduct|trapz|in1d|msort|sometrue|alltrue|float_|complex_|Inf|NaN)'",
    ),
    ("AttributeError", r"'numpy\.ndarray' object has no attribute '(ptp|itemset|newbyteorder)'"),
)
# In code that worked once, these say it too.
_MOVED = (
    ("AttributeError", r"module '[\w.]+' has no attribute"),
    ("ImportError", r"cannot import name"),
    ("ModuleNotFoundError", r"No module named"),
    ("ValueError", r"inhomogeneous (shape|part)"),
    ("OSError", r"is not a valid package style"),
)
_KEYWORD = re.compile(r"(\w+)\(\) got an unexpected keyword argument")
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
# IPython's ways to name a cell in a traceback, newest first.
_FRAME = re.compile(r"Cell In ?\[(\d+)\]|Input In \[(\d+)\]|<ipython-input-(\d+)-")


class KnownError(Protocol):
    """An error that a cell of the handed-out notebook shows: its type, and what it says."""

    @property
    def name(self) -> str: ...
    @property
    def says(self) -> str: ...


@dataclass(frozen=True)
class Excused:
    """Cells (positions in the executed notebook) whose error is not the student's."""

    library: tuple[int, ...] = ()  # code as it was handed out, refused by a newer library
    handed_out: tuple[int, ...] = ()  # the same error as in the handed-out notebook
    errors: tuple[str, ...] = ()  # of `library`, each said once

    @property
    def cells(self) -> frozenset[int]:
        return frozenset((*self.library, *self.handed_out))


NOTHING_EXCUSED = Excused()


def plainly(message: str) -> str:
    """The first line of an error, without what differs from run to run."""
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?(e[+-]?\d+)?", "#", _first_line(message))


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0][:LONGEST]


def refused(error: str) -> bool:
    """Does `Type: message` say that a library no longer takes what it took?

    Whoever wrote the code, it may have been right.
    """
    name, _colon, message = error.partition(": ")
    return any(name == kind and re.search(form, message) for kind, form in _REFUSED)


def excused(
    cells: Sequence[CellRecord],
    places: Mapping[int, str],
    known: Mapping[str, KnownError],
) -> Excused:
    """The cells of a copy of a handed-out notebook whose errors are not the student's.

    `places` says which are as they were handed out: position -> id of the template's cell. `known`
    has the errors of the handed-out notebook by that id.
    """
    executed = [cell.index for cell in cells if cell.executed]
    written = frozenset(
        name
        for cell in cells
        if cell.index not in places
        for name in re.findall(r"^\s*def\s+(\w+)", cell.source, re.MULTILINE)
    )
    library: list[int] = []
    handed_out: list[int] = []
    undefined: set[str] = set()
    errors: dict[str, None] = {}
    for cell in cells:
        error = cell.error
        if error is None or cell.timed_out:
            continue
        fact = known.get(places.get(cell.index, ""))
        same = fact is not None and (fact.name, fact.says) == (error.name, plainly(error.message))
        moved = _moved(error.name, error.message, written)
        missing = _UNDEFINED.search(error.message) if error.name == "NameError" else None
        if moved and (same or _all_handed_out(error.traceback, executed, places)):
            library.append(cell.index)
            errors[f"{error.name}: {_first_line(error.message)}"] = None
            undefined |= _assigned(cell.source)
        elif missing and missing[1] in undefined:
            library.append(cell.index)  # what the failed cell would have assigned
        elif same:
            handed_out.append(cell.index)
    return Excused(tuple(library), tuple(handed_out), tuple(errors))


def _moved(name: str, message: str, written: Collection[str]) -> bool:
    """Does this error of code that worked once say that a library changed?

    `written` are functions of the student's own.
    """
    if name == "TypeError" and (found := _KEYWORD.search(message)):
        return found[1] not in written
    return any(name == kind and re.search(form, message) for kind, form in (*_REFUSED, *_MOVED))


def _all_handed_out(traceback: str, executed: Sequence[int], places: Mapping[int, str]) -> bool:
    """Is all of the notebook's code on the way to the error as it was handed out?"""
    counts = {int(next(filter(None, found))) for found in _FRAME.findall(traceback)}
    return bool(counts) and all(
        0 < count <= len(executed) and executed[count - 1] in places for count in counts
    )


def _assigned(source: str) -> set[str]:
    """Names that the code of a cell assigns or defines."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return set(_names(tree))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
