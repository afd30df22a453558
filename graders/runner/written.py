"""How much has a run written to the disk?"""

from __future__ import annotations

import os
from pathlib import Path

MOST_FILES = 200_000  # more than this in a folder is too much by itself
LITTLE = 0.01  # of a disk, free
LEAST = 2**28  # bytes


def written(folder: Path, enough: int) -> int:
    """Bytes on disk in the folder, links not followed; stops counting past `enough`.

    More files than MOST_FILES count as more than enough.
    """
    total = count = 0
    todo = [str(folder)]
    while todo and total <= enough:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    count += 1
                    if count > MOST_FILES:
                        return enough + 1
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
        except OSError:
            continue
    return total


def free(folder: Path) -> int:
    """Bytes that can still be written on the folder's disk."""
    seen = os.statvfs(folder)
    return seen.f_bavail * seen.f_frsize


def nearly_full(folder: Path) -> bool:
    """Is so little left that the machine itself is in danger?"""
    seen = os.statvfs(folder)
    return seen.f_bavail * seen.f_frsize < min(LEAST, LITTLE * seen.f_blocks * seen.f_frsize)
