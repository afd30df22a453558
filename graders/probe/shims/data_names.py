"""Does this file name mean one of the teacher's data files?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

_COPY = re.compile(r"\s*(\(\d+\)|- ?copia|- ?copy|_copia|_copy)+$")
_COPY_OF = re.compile(r"^(copia de|copy of)\s+")
_PICKLE = (".pk1", ".pkl", ".pickle", ".pk", ".p")


@dataclass(frozen=True)
class DataCopy:
    """A file that the grader provides. `name` is its canonical base name, `path` where it is."""

    name: str
    path: str


def base_name(path: str) -> str:
    """The last part, whichever way the slashes lean; of a URL without its query."""
    if "://" in path:
        path = unquote(urlsplit(path).path)
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def plain_name(path: str) -> str:
    """The base name without case, marks of a copy, and the ways to spell `.pkl`."""
    name = base_name(path).casefold().strip()
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    ending = dot + ending
    stem = _COPY_OF.sub("", _COPY.sub("", stem))
    return re.sub(r"[\s-]+", "_", stem) + (".pkl" if ending in _PICKLE else ending)


class DataNames:
    """Finds the provided copy by the name that a notebook uses."""

    def __init__(self, data: Iterable[Mapping[str, Any]]) -> None:
        self.copies: list[DataCopy] = []
        self._by_name: dict[str, DataCopy] = {}
        for entry in data:
            copy = DataCopy(str(entry["name"]), str(entry["path"]))
            self.copies.append(copy)
            for spelling in (copy.name, *entry.get("spellings", ())):
                self._by_name.setdefault(plain_name(str(spelling)), copy)

    def match(self, path: str) -> DataCopy | None:
        """The data file that this path or URL means, or None."""
        return self._by_name.get(plain_name(path)) if self._by_name else None
