"""Which files did the notebook write? A look at the working folder after each cell."""

from __future__ import annotations

import hashlib
import os
import shutil

from .cells import Cells
from .log import EventLog

MAX_FILES = 500
MAX_COPY = 32 * 2**20  # bytes of one file that is kept as evidence
MAX_COPIES = 40


class Saves:
    """Notes new and changed files, and keeps a copy to look for the weights in."""

    def __init__(self, log: EventLog, cells: Cells, folder: str, work: str) -> None:
        self.log, self.cells, self.work = log, cells, work
        self.kept = os.path.join(folder, "files")
        os.makedirs(self.kept, exist_ok=True)
        self._copies = 0
        self._known = dict(self._scan())

    def _scan(self) -> list[tuple[str, tuple[float, int]]]:
        found = []
        for folder, folders, files in os.walk(self.work):
            folders[:] = [
                f for f in folders if not f.startswith((".", "__")) and f != "corrige_probe"
            ]
            for file in files:
                path = os.path.join(folder, file)
                try:
                    status = os.lstat(path)
                except OSError:
                    continue
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                found.append((path, (status.st_mtime, status.st_size)))
                if len(found) >= MAX_FILES:
                    return found
        return found

    def cell_ended(self) -> None:
        for path, mark in self._scan():
            if self._known.get(path) == mark:
                continue
            self._known[path] = mark
            digest = ""
            if mark[1] <= MAX_COPY and self._copies < MAX_COPIES:
                with open(path, "rb") as stream:
                    digest = hashlib.blake2b(stream.read(), digest_size=16).hexdigest()
                target = os.path.join(self.kept, digest + ".bin")
                if not os.path.exists(target):
                    self._copies += 1
                    shutil.copyfile(path, target)
            self.log.write(
                "file",
                cell=self.cells.current,
                moment=self.cells.tick(),
                path=os.path.relpath(path, self.work)[:300],
                size=mark[1],
                digest=digest,
            )
