"""Where do facts go? JSON lines and plain `.npy` arrays, written as they happen.

A line is flushed when a cell ends, so that a kernel that dies leaves what was seen before. Each
carries its number and a seal that only who has the run's key can make: what somebody else writes
into the file, or takes out of it, shows. The key is not kept, only a hash that began with it.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

MAX_BLOB = 64 * 2**20  # bytes of one array; larger ones are described, not kept
MAX_BLOBS = 512 * 2**20  # bytes of all arrays of a run


class EventLog:
    """Appends events to `events.jsonl` and arrays to `blobs/<digest>.npy` in a folder.

    With a key, a line is `number TAB event TAB seal`; without, it is the event.
    """

    __slots__ = (
        "_blobs", "_digest", "_dumps", "_file", "_getpid", "_kept", "_lines", "_owner", "_room",
        "_seal",
    )  # fmt: skip

    def __init__(self, folder: str, key: bytes = b"") -> None:
        self._blobs = os.path.join(folder, "blobs")
        os.makedirs(self._blobs, exist_ok=True)
        self._file = open(os.path.join(folder, "events.jsonl"), "a", encoding="utf-8")  # noqa: SIM115 - lives as long as the kernel
        self._kept: set[str] = set()
        self._room = MAX_BLOBS
        self._owner = os.getpid()
        self._lines = 0
        self._seal = hashlib.blake2b(key=key, digest_size=16) if key else None
        # Kept here because a student may replace them later.
        self._dumps, self._digest, self._getpid = json.dumps, hashlib.blake2b, os.getpid

    def write(self, event: str, **fields: Any) -> None:
        """Append one event. A forked child (a data loader's worker) writes nothing."""
        if self._getpid() == self._owner:
            self._file.write(self._sealed(self._dumps({"event": event, **fields}, default=str)))

    def _sealed(self, line: str) -> str:
        if self._seal is None:
            return line + "\n"
        numbered = f"{self._lines}\t{line}"
        self._lines += 1
        seal = self._seal.copy()
        seal.update(numbered.encode())
        return f"{numbered}\t{seal.hexdigest()}\n"

    def flush(self) -> None:
        if self._getpid() == self._owner:
            self._file.flush()

    def digest(self, array: Any) -> str:
        """Content digest of a NumPy array (dtype and shape included)."""
        import numpy as np

        data = np.ascontiguousarray(array)
        mark = self._digest(digest_size=16)
        mark.update(f"{data.dtype.str}{data.shape}".encode())
        mark.update(data.data if data.size else b"")
        return mark.hexdigest()

    def keep(self, array: Any) -> str:
        """Store an array of numbers and return its digest; too large ones only get the digest."""
        import numpy as np

        data = np.ascontiguousarray(array).reshape(np.shape(array))
        name = self.digest(data)
        if name in self._kept or self._getpid() != self._owner:
            return name
        if data.dtype.hasobject or data.nbytes > min(MAX_BLOB, self._room):
            return name
        self._room -= data.nbytes
        temporary = os.path.join(self._blobs, name + ".part")
        with open(temporary, "wb") as stream:
            np.save(stream, data, allow_pickle=False)
        os.replace(temporary, os.path.join(self._blobs, name + ".npy"))
        self._kept.add(name)
        return name
