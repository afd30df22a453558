"""Where in a folder may a packed file go? Nowhere else, and no two files in one place."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from graders.intake.ignored import FOLDERS
from graders.printable import one_line, writable

MAX_DEPTH = 24  # folders in folders
MAX_PART = 150  # bytes of one name; file systems end at 255
_DRIVE = re.compile(r"[A-Za-z]:")


class PackedNames:
    """Gives each entry of an archive its place. Names that lead out of the folder have none.

    `left_out` counts those, `twice` the places that were given to two entries of the very same
    name: the later one counts, as in every program that unpacks. Names that only some file
    systems tell apart (a and A, composed and decomposed accents) are kept apart by a number.
    Hidden files have no place, but those of a git repository when `git` is set.
    """

    def __init__(self, git: bool = False) -> None:
        self._shown = (".git",) if git else ()
        self.left_out = 0
        self.twice = 0
        self._files: dict[str, str] = {}  # folded place -> the name that has it
        self._folders: set[str] = set()

    def place(self, name: str) -> PurePosixPath | None:
        """Where the entry goes, relative; None when it stays out."""
        parts = PurePosixPath(_decoded(name).replace("\\", "/")).parts
        if not parts:
            return None
        hidden = (part in FOLDERS or _hidden(part) for part in parts if part not in self._shown)
        if any(hidden):
            return None
        if parts[0].startswith("/") or ".." in parts or "\0" in name or _DRIVE.match(parts[0]):
            self.left_out += 1
            return None
        if len(parts) > MAX_DEPTH:
            self.left_out += 1
            return None
        return self._free(PurePosixPath(*map(harmless_part, parts)), name)

    def _free(self, wanted: PurePosixPath, name: str) -> PurePosixPath | None:
        parents = {_folded(parent) for parent in wanted.parents} - {"."}
        if parents & self._files.keys():
            self.left_out += 1  # a file stands where its folder would be
            return None
        candidate, count = wanted, 1
        while (key := _folded(candidate)) in self._folders or (self._files.get(key, name) != name):
            count += 1
            candidate = wanted.with_name(f"{wanted.stem}-{count}{wanted.suffix}")
        self.twice += key in self._files
        self._files[key] = name
        self._folders |= parents
        return candidate


def harmless_part(part: str) -> str:
    """One name without control characters, of a length that every file system takes."""
    part = unicodedata.normalize("NFC", one_line(part))
    if len(part.encode()) <= MAX_PART:
        return part
    stem, dot, ending = part.rpartition(".")
    if not dot or len(ending.encode()) > 10:
        stem, dot, ending = part, "", ""
    room = MAX_PART - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + ending


def _decoded(name: str) -> str:
    """Bytes that are not UTF-8 are taken for the code page of old archives."""
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return writable(name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _hidden(part: str) -> bool:
    return part.startswith(".") and part != ".."


def _folded(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFKC", str(path).casefold())
