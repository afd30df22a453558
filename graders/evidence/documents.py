"""What do the written documents of a delivery say? Pages and text of its PDFs, nothing believed.

PDFs, `.docx` and `.odt` are read by a program of their own with little memory and time, LaTeX as
the text that it is. What else there is (a `.doc`, a picture called `.pdf`) is named, not read.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graders.evidence import document_text
from graders.printable import VisibleLine, VisibleText

MAX_DOCUMENTS = 20  # read in one delivery; further ones are named
MAX_BYTES = 50 * 2**20  # of one document
PATIENCE = 30.0  # seconds for one document
MAX_SECONDS = 90.0  # for all of one delivery
HEAD = 256 * 2**10  # bytes that tell what a file is, and all that is read of LaTeX

Kind = Literal["pdf", "word", "opendocument", "rtf", "latex", "html", "picture", "empty", "other"]
Problem = Literal["", "encrypted", "broken", "no_text", "too_large", "took_too_long", "not_read"]

_WRITTEN: dict[str, Kind] = {
    ".pdf": "other",  # unless its content says so
    ".doc": "word",
    ".docx": "word",
    ".odt": "opendocument",
    ".rtf": "rtf",
    ".tex": "latex",
    ".pages": "other",
}


class Document(BaseModel):
    """One written document. `name` is its path in the delivery; `kind` is what its content is,
    whatever it is called; `pages` is None where they cannot be counted; `text` is that of all its
    pages, `pictures` how many stand on them: a page that was scanned has pictures and no text.
    `digest` names the file's content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: VisibleLine
    kind: Kind = "pdf"
    pages: int | None = Field(default=None, ge=0)
    text: VisibleText = ""
    pictures: int = Field(default=0, ge=0)
    problem: Problem = ""
    digest: str = ""


def read_documents(root: Path, files: Iterable[Path]) -> tuple[Document, ...]:
    """The documents among these files (relative to root), in order of their names.

    Raises nothing for what is wrong with a file: that is said in its `problem`.
    """
    found: list[Document] = []
    ends = time.monotonic() + MAX_SECONDS
    for path in sorted(files):
        head = _head(root / path)
        kind = kind_of(path.name, head)
        if kind is None:
            continue
        if _readable(kind, head) and len(found) < MAX_DOCUMENTS and time.monotonic() < ends:
            read = _read(root / path, path.as_posix(), kind)
        elif kind == "latex":
            text = head.decode("utf-8", errors="replace")
            read = Document(name=path.as_posix(), kind=kind, text=text)
        else:
            read = Document(name=path.as_posix(), kind=kind, problem="not_read")
        found.append(read.model_copy(update={"digest": _digest(root / path)}))
    return tuple(found)


def _readable(kind: Kind, head: bytes) -> bool:
    return kind == "pdf" or (kind in ("word", "opendocument") and head.startswith(b"PK"))


def kind_of(name: str, head: bytes) -> Kind | None:
    """What a file is, by its first bytes and then by its name; None for no document."""
    suffix = Path(name).suffix.lower()
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if suffix not in _WRITTEN:
        return None
    if not head.strip(b"\0 \r\n\t"):
        return "empty"
    start = head[:512].lstrip().lower()
    for kind, known in (
        ("word", head.startswith(b"\xd0\xcf\x11\xe0") or _packed(head, b"word/")),
        ("opendocument", _packed(head, b"opendocument")),
        ("rtf", start.startswith(b"{\\rtf")),
        ("html", start.startswith((b"<!doctype html", b"<html"))),
        ("picture", head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"))),
    ):
        if known:
            return kind  # type: ignore[return-value]  # each is one of Kind
    return _WRITTEN[suffix]


def _packed(head: bytes, mark: bytes) -> bool:
    return head.startswith(b"PK\x03\x04") and mark in head


def _head(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_no_link) as stream:
            return stream.read(HEAD)
    except OSError:
        return b""


def _digest(path: Path) -> str:
    try:
        with open(path, "rb", opener=_no_link) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _read(path: Path, name: str, kind: Kind) -> Document:
    """Read by a program of its own."""
    try:
        if path.lstat().st_size > MAX_BYTES:
            return Document(name=name, kind=kind, problem="too_large")
        with open(path, "rb", opener=_no_link) as stream:
            ended = subprocess.run(
                [sys.executable, "-I", document_text.__file__],
                stdin=stream,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"LC_ALL": "C.UTF-8"},
                timeout=PATIENCE,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return Document(name=name, kind=kind, problem="took_too_long")
    except OSError:
        return Document(name=name, kind=kind, problem="not_read")
    try:
        return Document.model_validate({**json.loads(ended.stdout), "name": name, "kind": kind})
    except (ValueError, TypeError, ValidationError):
        # It was stopped at a limit: by the clock's signal, or out of memory.
        slow = ended.returncode < 0
        return Document(name=name, kind=kind, problem="took_too_long" if slow else "too_large")
