"""Is this file a notebook, and what does it hold?"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.language import _
from graders.printable import one_line, writable

MAX_BYTES = 200 * 2**20
MAX_PARTS = 3_000_000  # lists and objects: empty ones would be a hundred bytes each in memory
MAX_VALUES = 20_000_000
MAX_CELLS = 5000
_CONFLICT = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)


class NotebookProblem(Exception):  # noqa: N818 - the delivery's fault, not an error of ours
    """The file cannot be read as a notebook. The message is a sentence for the student."""


@dataclass(frozen=True)
class ReadNotebook:
    """A notebook in the current format (nbformat 4), as plain data. `note` says what was mended."""

    content: dict[str, Any]
    note: str = ""

    @property
    def cells(self) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = self.content["cells"]
        return cells


def read_notebook(path: Path, name: str = "") -> ReadNotebook:
    """Read a notebook of any format, outputs and all. Raises NotebookProblem with a sentence."""
    name = one_line(name or path.name)
    try:
        raw = _bytes(path, name)
    except OSError as error:
        raise NotebookProblem(
            _("{name} could not be read: {reason}.").format(name=name, reason=error.strerror)
        ) from error
    if not raw.strip():
        raise NotebookProblem(_("{name} is an empty file.").format(name=name))
    content = _parse(raw, name)
    version = content.get("nbformat")
    if not isinstance(version, int) or not ("cells" in content or "worksheets" in content):
        raise NotebookProblem(
            _("{name} is not a notebook: it has no cells. Save it from Jupyter again.").format(
                name=name
            )
        )
    if version < 4:
        return _upgraded(content, version, name)
    return ReadNotebook({**content, "cells": _mended(content.get("cells"), name)})


def _bytes(path: Path, name: str) -> bytes:
    """The file's content; a link is not followed, a pipe is not waited for."""
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, os.O_RDONLY | careful)
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotebookProblem(
                _("{name} is not a notebook, whatever its name says.").format(name=name)
            )
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES or _tangled(raw):
        raise NotebookProblem(
            _("{name} is too large to be read: {size} MB.").format(
                name=name, size=-(-status.st_size // 2**20)
            )
        )
    return raw


def _tangled(raw: bytes) -> bool:
    """More brackets and commas than memory is good for; pictures and texts have few."""
    return raw.count(b"[") + raw.count(b"{") > MAX_PARTS or raw.count(b",") > MAX_VALUES


def _parse(raw: bytes, name: str) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        if len(_CONFLICT.findall(text)) >= 2:
            raise NotebookProblem(
                _(
                    "{name} holds the marks of an unresolved merge conflict (<<<<<<< and >>>>>>>): "
                    "resolve it and save the notebook again."
                ).format(name=name)
            ) from error
        if not text.lstrip().startswith("{"):
            raise NotebookProblem(
                _("{name} is not a notebook, whatever its name says.").format(name=name)
            ) from error
        raise NotebookProblem(
            _("{name} is damaged: it stops being valid JSON at line {line}.").format(
                name=name, line=getattr(error, "lineno", "?")
            )
        ) from error
    if not isinstance(content, dict):
        raise NotebookProblem(
            _("{name} is not a notebook, whatever its name says.").format(name=name)
        )
    return content


def _upgraded(content: dict[str, Any], version: int, name: str) -> ReadNotebook:
    import nbformat

    try:
        # nbformat has annotations for some of its functions only
        new = nbformat.convert(nbformat.from_dict(content), 4)  # type: ignore[no-untyped-call]
    except Exception as error:
        raise NotebookProblem(
            _("{name} is in an old notebook format ({version}) and could not be converted.").format(
                name=name, version=version
            )
        ) from error
    note = _("{name} is in an old notebook format ({version}); it was converted to be run.")
    return ReadNotebook(
        {**new, "cells": _mended(new.get("cells"), name)}, note.format(name=name, version=version)
    )


def _mended(cells: Any, name: str) -> list[dict[str, Any]]:
    """The cells with every field that must be there. Raises NotebookProblem."""
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookProblem(
            _("{name} is not a notebook: it has no cells. Save it from Jupyter again.").format(
                name=name
            )
        )
    if len(cells) > MAX_CELLS:
        raise NotebookProblem(_("{name} has too many cells: {n}.").format(name=name, n=len(cells)))
    mended = []
    for cell in cells:
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(str(line) for line in source)
        kind = cell.get("cell_type")
        metadata = cell.get("metadata")
        new: dict[str, Any] = {
            "cell_type": kind if kind in ("code", "markdown") else "raw",
            "metadata": _metadata(metadata),
            "source": writable(str(source)),
        }
        if isinstance(cell.get("attachments"), dict):
            new["attachments"] = cell["attachments"]
        if kind == "code":
            outputs = cell.get("outputs")
            new["outputs"] = outputs if isinstance(outputs, list) else []
            new["execution_count"] = None
        mended.append(new)
    return mended


def _metadata(metadata: Any) -> dict[str, Any]:
    """The cell's metadata, its tags only where the notebook format allows them."""
    if not isinstance(metadata, dict):
        return {}
    tags = metadata.get("tags")
    if tags is None:
        return metadata
    listed = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    sound = dict.fromkeys(writable(tag) for tag in listed if tag and "," not in tag)
    return {**metadata, "tags": list(sound)}
