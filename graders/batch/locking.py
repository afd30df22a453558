"""Who works on this now? One process at a time, freed by the system when it dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":

    @contextmanager
    def alone(path: Path) -> Iterator[None]:
        """Without fcntl there is no lock: a student's machine marks one notebook at a time."""
        path.parent.mkdir(parents=True, exist_ok=True)
        yield

else:
    import fcntl

    @contextmanager
    def alone(path: Path) -> Iterator[None]:
        """Wait until nobody else holds this lock file, then hold it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield
