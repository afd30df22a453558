"""How often was a submission begun in this session? Kept on disk, so that it outlives a worker."""

from __future__ import annotations

from pathlib import Path

from graders.language import _, speaking

LIMIT = 2  # a killed worker's submission is tried again once


class Attempts:
    """Small files in the session's folder, one writer at a time for each submission."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, submission_id: str, language: str) -> str:
        """Count one more attempt; why it must not be made, or ""."""
        path = self._folder / f"{submission_id}.attempts"
        before = int(path.read_text("utf-8")) if path.is_file() else 0
        path.write_text(str(before + 1), "utf-8")
        if before < LIMIT:
            return ""
        with speaking(language):
            return _(
                "The grader's process was killed twice while it worked on this submission, so a "
                "person has to look at it."
            )

    def at_cell(self, submission_id: str, cell: int, cells: int) -> None:
        """Note how far the run has come, for whoever shows it."""
        (self._folder / f"{submission_id}.cell").write_text(f"{cell} {cells}", "utf-8")

    def progress(self, submission_id: str) -> float:
        """How much of the run is done, from 0 to 1."""
        try:
            cell, cells = (self._folder / f"{submission_id}.cell").read_text("utf-8").split()
            return min(1.0, int(cell) / max(1, int(cells)))
        except (OSError, ValueError):
            return 0.0
