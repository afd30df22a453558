"""Is this file a notebook, and what does it hold?"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.language import _

MAX_BYTES = 200 * 2**20
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
    name = name or path.name
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise NotebookProblem(
                _("{name} is too large to be read: {size} MB.").format(
                    name=name, size=size // 2**20
                )
            )
        raw = path.read_bytes()
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
    return ReadNotebook({**content, "cells": _mended(content["cells"], name)})


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
        {**new, "cells": _mended(new["cells"], name)}, note.format(name=name, version=version)
    )


def _mended(cells: Any, name: str) -> list[dict[str, Any]]:
    """The cells with every field that must be there. Raises NotebookProblem."""
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookProblem(
            _("{name} is not a notebook: it has no cells. Save it from Jupyter again.").format(
                name=name
            )
        )
    mended = []
    for cell in cells:
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(str(line) for line in source)
        kind = cell.get("cell_type")
        metadata = cell.get("metadata")
        new: dict[str, Any] = {
            "cell_type": kind if kind in ("code", "markdown") else "raw",
            "metadata": metadata if isinstance(metadata, dict) else {},
            "source": str(source),
        }
        if isinstance(cell.get("attachments"), dict):
            new["attachments"] = cell["attachments"]
        if kind == "code":
            outputs = cell.get("outputs")
            new["outputs"] = outputs if isinstance(outputs, list) else []
            new["execution_count"] = None
        mended.append(new)
    return mended
