"""From the executed notebook and the probe's notices to the record of the run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from graders.evidence.run_record import CellError, CellRecord, Notice, Output
from graders.runner.assembly import KEY

MAX_NOTICES = 1000
MAX_NOTICES_BYTES = 2**20
MAX_TRACEBACK = 20_000
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


@dataclass
class CellRun:
    """What the runner saw of one cell while it ran."""

    seconds: float = 0.0
    timed_out: bool = False
    truncated: bool = False
    fatal: CellError | None = None  # the kernel did not survive this cell


def plain(text: Any) -> str:
    """Text without the codes that colour a terminal."""
    if isinstance(text, list):
        text = "".join(map(str, text))
    return _ANSI.sub("", str(text))


def cell_records(whole: NotebookNode, runs: Mapping[int, CellRun]) -> tuple[CellRecord, ...]:
    """A record of each code cell, in order, by its position in the notebook."""
    return tuple(
        _cell(index, cell, runs.get(index))
        for index, cell in enumerate(whole.cells)
        if cell.cell_type == "code"
    )


def _cell(index: int, cell: NotebookNode, run: CellRun | None) -> CellRecord:
    outputs = [] if run is None else list(cell.outputs)
    errors = [_error(output) for output in outputs if output.output_type == "error"]
    truncated = bool(run and run.truncated)
    return CellRecord(
        index=index,
        notebook=cell.metadata[KEY]["notebook"],
        source=cell.source,
        executed=run is not None,
        seconds=run.seconds if run else 0.0,
        outputs=tuple(
            _output(output, truncated and position == len(outputs) - 1)
            for position, output in enumerate(outputs)
        ),
        error=(run.fatal if run else None) or (errors[-1] if errors else None),
        timed_out=bool(run and run.timed_out),
    )


def _error(output: NotebookNode) -> CellError:
    return CellError(
        name=str(output.get("ename", ""))[:200],
        message=plain(output.get("evalue", ""))[:MAX_TRACEBACK],
        traceback=plain("\n".join(map(str, output.get("traceback", []))))[:MAX_TRACEBACK],
    )


def _output(output: NotebookNode, truncated: bool) -> Output:
    kind = output.output_type
    if kind == "stream":
        return Output(kind="stream", text=plain(output.get("text", "")), truncated=truncated)
    if kind == "error":
        error = _error(output)
        return Output(kind="error", text=f"{error.name}: {error.message}", truncated=truncated)
    data = output.get("data", {})
    return Output(
        kind="result" if kind == "execute_result" else "display",
        text=plain(data.get("text/plain", "")),
        html=str(_joined(data.get("text/html", ""))),
        picture=any(str(mime).startswith("image/") for mime in data),
        truncated=truncated,
    )


def _joined(text: Any) -> Any:
    return "".join(map(str, text)) if isinstance(text, list) else text


def read_notices(path: Path, ran: list[int]) -> tuple[Notice, ...]:
    """The probe's notices; `ran` are the positions of the cells that ran, in order.

    Whatever is not a notice is left out: the student's process could write there.
    """
    found = []
    for line in _text(path).splitlines()[:MAX_NOTICES]:
        try:
            entry = json.loads(line)
            cell, nth = entry.get("cell"), entry.get("nth")
            if cell is None and isinstance(nth, int) and 0 <= nth < len(ran):
                cell = ran[nth]
            found.append(
                Notice(
                    kind=str(entry["kind"])[:40],
                    detail=str(entry.get("detail", ""))[:400],
                    cell=cell if isinstance(cell, int) else None,
                )
            )
        except (ValueError, KeyError, AttributeError, RecursionError):
            continue
    return tuple(found)


def read_environment(path: Path) -> dict[str, str]:
    """Versions of the kernel's packages, as the probe wrote them before the first cell."""
    try:
        content = json.loads(_text(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {str(k)[:60]: str(v)[:200] for k, v in list(content.items())[:100]}


def _text(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as stream:
        return stream.read(MAX_NOTICES_BYTES).decode("utf-8", "replace")
