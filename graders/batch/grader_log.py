"""Where does a defect of ours go? Into a file beside the result, never before a student's eyes."""

from __future__ import annotations

import traceback
from pathlib import Path


def note_failure(log: Path | None, what: str) -> None:
    """Append the exception being handled; without a file, nothing is kept."""
    if log is None:
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8", errors="replace") as stream:
        stream.write(f"{what}\n{traceback.format_exc()}\n")
