"""A file made from others is made the first time it is asked for, by one process, and kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import uuid4

from graders.batch import places
from graders.batch.locking import alone


def made_once(kind: str, digest: str, name: str, write: Callable[[Path], bool]) -> Path | None:
    """The file in the grader's home, under its kind and what it is made from.

    `write` is given a path to write to and may say that there is nothing to make: then None. What
    it raises is raised, and nothing is kept.
    """
    folder = places.home() / kind / digest
    target = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / ".lock"):
        if target.is_file():
            return target
        partial = folder / f".{uuid4().hex[:8]}{target.suffix}"
        if not write(partial):
            return None
        os.replace(partial, target)
    return target


def digest_of(files: Iterable[Path], *more: str) -> str:
    """Names files as they are now, and what else something is made from."""
    marks = [f"{path} {(s := path.stat()).st_size} {s.st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join([*marks, *more]).encode()).hexdigest()[:32]
