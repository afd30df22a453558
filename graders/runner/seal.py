"""Is the probe's log as the probe wrote it? Keeps its own lines and says what was done to it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path

from graders.evidence.run_record import Log

MAX_LINE = 64 * 2**20  # bytes


def new_key() -> bytes:
    """A key for one run's log."""
    return secrets.token_bytes(32)


def unseal(path: Path, key: bytes, cells: int) -> Log:
    """Leave only the lines that carry the key's seal, without it; `cells` is how many must be told.

    "forged": a line was written by somebody else, changed or taken out; "stopped": the probe did
    not get to tell of every cell; else "whole". What a kernel that was killed left of a last line
    says nothing.
    """
    if path.is_symlink() or not path.is_file():
        return "stopped" if cells else "whole"
    found: Log = "whole"
    told, expected = 0, 0
    clean = path.with_name(path.name + ".part")
    with path.open("rb") as lines, clean.open("wb") as kept:
        while raw := lines.readline(MAX_LINE):
            number, event = _opened(raw, key)
            if event is None:
                if raw.endswith(b"\n") or len(raw) >= MAX_LINE:
                    found = "forged"
                continue
            if number != expected:
                found = "forged"
            expected = number + 1
            told += event.startswith(b'{"event": "cell"')
            kept.write(event + b"\n")
    os.replace(clean, path)
    if found == "whole" and told < cells:
        return "stopped"
    return found


def _opened(raw: bytes, key: bytes) -> tuple[int, bytes | None]:
    """The line's number and its event; None when its seal is not the key's."""
    numbered, _tab, seal = raw.rstrip(b"\n").rpartition(b"\t")
    made = hashlib.blake2b(numbered, key=key, digest_size=16).hexdigest().encode()
    if not secrets.compare_digest(made, seal):
        return 0, None
    number, _tab, event = numbered.partition(b"\t")
    try:
        json.loads(event)
        return int(number), event
    except (ValueError, RecursionError):
        return 0, None
