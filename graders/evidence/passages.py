"""What stands written in an executed notebook: prose, code, and what the cells showed, as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MAX_BYTES = 64 * 2**20
MAX_TEXT = 200_000  # characters of one passage
Kind = Literal["prose", "code", "shown"]
_TAG = re.compile(r"<style.*?</style>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_ROW = re.compile(r"</(?:tr|p|div|li|h\d)>|<br\s*/?>", re.IGNORECASE)
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]+\)|<img\b", re.IGNORECASE)
_BADGE = re.compile(r"badge|shields\.io", re.IGNORECASE)
_LOADED = re.compile(r"\bImage\(|\bimread\(|\bImage\.open\(")
# Of what a cell showed, in the order in which the richer form is preferred.
_FORMS = ("text/latex", "text/markdown", "text/plain", "text/html")


@dataclass(frozen=True)
class Passage:
    """A text in a notebook. `cell` is the position of its cell in the executed notebook; `picture`
    when a picture stands in it: one that prose or code brings in, or one that a cell showed."""

    kind: Kind
    cell: int
    text: str
    picture: bool = False


def passages(folder: Path) -> tuple[Passage, ...]:
    """All passages of the notebook that was run in this evidence folder, in order; none when it
    cannot be read."""
    path = folder / "executed.ipynb"
    try:
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            return ()
        cells = json.loads(path.read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()
    if not isinstance(cells, list):
        return ()
    return tuple(p for index, cell in enumerate(cells) for p in _of_cell(index, cell))


def _of_cell(index: int, cell: Any) -> Iterator[Passage]:
    if not isinstance(cell, dict):
        return
    metadata = cell.get("metadata")
    ours = metadata.get("corrige") if isinstance(metadata, dict) else None
    if isinstance(ours, dict) and ours.get("boundary"):
        return  # it stands between two notebooks
    source = _text(cell.get("source"))
    if cell.get("cell_type") != "code":
        shown = (source[m.start() : m.end() + 200] for m in _PICTURE.finditer(source))
        picture = bool(cell.get("attachments")) or any(not _BADGE.search(s) for s in shown)
        yield Passage("prose", index, source, picture)
        return
    yield Passage("code", index, source, _LOADED.search(source) is not None)
    for output in cell.get("outputs") or ():
        if not isinstance(output, dict) or output.get("output_type") == "error":
            continue
        data = output.get("data")
        if not isinstance(data, dict):
            yield Passage("shown", index, _text(output.get("text")))
            continue
        pictures = any(str(form).startswith("image/") for form in data)
        texts = [_text(data[form]) for form in _FORMS[:-1] if form in data]
        if "text/html" in data:
            texts.append(_TAG.sub(" ", _ROW.sub("\n", _text(data["text/html"]))))
        yield Passage("shown", index, "\n".join(texts), pictures)


def _text(text: Any) -> str:
    whole = "".join(map(str, text)) if isinstance(text, list) else str(text or "")
    return whole[:MAX_TEXT]
