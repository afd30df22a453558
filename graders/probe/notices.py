"""What was made harmless or answered by the grader? Noted once each, as JSON lines."""

from __future__ import annotations

import json
import os
import threading
from typing import Any, TextIO

MAX_NOTICES = 1000
MAX_DETAIL = 300  # characters

# `current_cell` counts the cells that ran, from 0; `notebook_cell` is the position in the
# executed notebook, as the runner says it with each request.
current_cell: int | None = None
notebook_cell: int | None = None

_lock = threading.RLock()
_seen: set[tuple[str, str]] = set()
_file: TextIO | None = None
_owner = 0


def write_to(folder: str) -> None:
    """From now on notices go to `notices.jsonl` in this folder."""
    global _file, _owner
    with _lock:
        if _file is not None:
            _file.close()
        _file = open(os.path.join(folder, "notices.jsonl"), "a", encoding="utf-8")  # noqa: SIM115 - lives as long as the kernel
        _owner = os.getpid()
        _seen.clear()


def note(kind: str, detail: str) -> None:
    """Write it down, once for each kind and detail. Never raises."""
    detail = str(detail)[:MAX_DETAIL]
    try:
        with _lock:
            if (kind, detail) in _seen or len(_seen) >= MAX_NOTICES:
                return
            _seen.add((kind, detail))
            if _file is None or _owner != os.getpid():
                return  # a forked child (a data loader's worker) writes nothing
            line: dict[str, Any] = {
                "kind": kind,
                "detail": detail,
                "cell": notebook_cell,
                "nth": current_cell,
            }
            _file.write(json.dumps(line) + "\n")
            _file.flush()
    except (OSError, ValueError):
        pass
