"""When was the last commit of a checkout?

The date is the student's own word: whoever commits can write any. It only says when nothing
better does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from graders.intake.git_plumbing import GitUnreadable, ask, is_checkout


def last_commit(folder: Path) -> datetime | None:
    """The committer's date of HEAD; None when it is no checkout of its own or git cannot say."""
    if not is_checkout(folder):
        return None
    try:
        # rev-list is plumbing: it reads no mailmap, shows no signature, runs no text conversion.
        said = ask(folder, "rev-list", "--max-count=1", "--timestamp", "HEAD", "--")
        return datetime.fromtimestamp(int(said.split()[0]), UTC)
    except (GitUnreadable, OSError, ValueError, IndexError, OverflowError):
        return None
