"""Whose work is it? From file names and the first lines of a notebook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graders.intake.words import PART, is_part, plain, words

_FULL_NAMES = tuple(  # as learning platforms name a student's folder
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?P<name>[^_]+)_\d+_assignsubmission",  # Moodle: "Name_123_assignsubmission_file"
        r"^\d+-\d+ - (?P<name>.+) - [^-]*\b20\d\d\b[^-]*$",  # Brightspace: "1-2 - Name - day, time"
        r"^(?P<name>[^,()]+, [^,()]+)\([^()\s]+\)$",  # Sakai: "Surname, Name(account)"
    )
)
_ACCOUNTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"_(?P<name>[^_]+)_(?:attempt|intento)_\d{4}-\d\d-",  # Blackboard: "Task_account_attempt_"
        r"^(?P<name>[a-z]{4,})(?:_LATE)?_\d{3,}_\d{3,}_",  # Canvas: "surnamename_LATE_123_456_file"
    )
)
_AUTHOR = re.compile(
    r"^[\s>#*_-]*(?:autor(?:es|as|a|/a|\(es\))?|alumn[oa]s?|alumn[oa]/[oa]s?|integrantes|"
    r"estudiantes?|nombres?(?: y apellidos)?|authors?|students?|names?|members|by|por)"
    r"[\s*_]*:[\s*_]*(?P<names>[^\n]{3,200})",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"(?:ej|ejercicio|exercise|apartado|parte|part|tarea|task)\W{0,3}(\d)", re.I)
FIRST_CELLS = 4
MAX_NAME = 60


def platform_name(name: str) -> str:
    """The person's name in what a learning platform called a delivery, or ""."""
    found = next(filter(None, (form.search(name) for form in _FULL_NAMES)), None)
    return found["name"].strip() if found else ""


def platform_account(name: str) -> str:
    """The short name by which a platform knows the person, in what it called a delivery, or ""."""
    found = next(filter(None, (form.search(name) for form in _ACCOUNTS)), None)
    return found["name"] if found and not is_part(found["name"]) else ""


def platform_says_late(name: str) -> bool:
    """Canvas marks what came after its due date, without saying when that was."""
    return re.search(r"^[a-z]+_LATE_\d{3,}_\d{3,}_", name) is not None


def authors(cells: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Names after "Autor:", "Students:", ... in the first cells; () when nobody is named."""
    found: list[str] = []
    for cell in cells[:FIRST_CELLS]:
        for match in _AUTHOR.finditer(str(cell["source"])[:4000]):
            for part in re.split(r"\s*(?:[,;/&|]|\by\b|\band\b|<br>)\s*", match["names"]):
                name = re.sub(r"<[^>]*>|\(.*?\)", "", part).strip(" .*_#`")
                letters = sum(letter.isalpha() for letter in name)
                if 2 < len(name) <= MAX_NAME and letters > 2 and "=" not in name:
                    found.append(name)
    return tuple(dict.fromkeys(found))


def two_students(notebooks: Mapping[Path, Sequence[Mapping[str, Any]]]) -> tuple[Path, Path] | None:
    """Two notebooks of one folder that are two people's whole deliveries, or None.

    Either each names its authors and they have nobody in common, or the file names differ in
    what looks like people's names and both go through the same two or more exercises.
    """
    named = {path: {plain(a) for a in authors(cells)} for path, cells in notebooks.items()}
    leftover = {path: _leftover(path, list(notebooks)) for path in notebooks}
    exercises = {path: _exercises(cells) for path, cells in notebooks.items()}
    paths = list(notebooks)
    for index, one in enumerate(paths):
        for other in paths[index + 1 :]:
            if named[one] and named[other]:
                if not _same_people(named[one], named[other]):
                    return one, other
                continue
            if (
                leftover[one]
                and leftover[other]
                and not leftover[one] & leftover[other]
                and len(exercises[one] & exercises[other]) >= 2
            ):
                return one, other
    return None


def _same_people(one: set[str], other: set[str]) -> bool:
    return any(set(words(a)) & set(words(b)) for a in one for b in other)


def _leftover(path: Path, together: Sequence[Path]) -> set[str]:
    """Words of the name that not all share and that say no part of an assignment."""
    every = [set(words(p.stem)) for p in together]
    shared = set.intersection(*every)
    return {
        word
        for word in words(path.stem)
        if word not in shared and word not in PART and not word.isdigit() and len(word) >= 3
    }


def _exercises(cells: Sequence[Mapping[str, Any]]) -> set[str]:
    text = "\n".join(str(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return set(_HEADING.findall(text))
