"""A name for each submission: unique in the class, safe as a folder name.

Without dots: `index.html` and `marks.csv` are the class's own, in the same folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from graders.intake.words import plain

MAX = 60
_RESERVED = frozenset({"con", "prn", "aux", "nul"})  # on Windows, and com1, lpt1, ...


def safe_id(name: str) -> str:
    """Letters, digits, `_` and `-` only; never empty or reserved."""
    text = re.sub(r"[^A-Za-z0-9_-]+", "_", _ascii(name)).strip("_-")[:MAX].rstrip("_-")
    if text.casefold() in _RESERVED or re.fullmatch(r"(com|lpt)\d", text, re.IGNORECASE):
        return f"submission_{text}"
    return text or "submission"


def _ascii(name: str) -> str:
    lowered = plain(name)
    # plain() lowers; keep the capitals where the letters are the same.
    if len(lowered) == len(name):
        return "".join(a if a.isascii() else b for a, b in zip(name, lowered, strict=True))
    return lowered


def unique_ids(names: Iterable[str]) -> list[str]:
    """A safe id for each name, in order; `-2`, `-3` where they would be the same."""
    taken: set[str] = set()
    ids = []
    for name in names:
        base = safe_id(name)
        candidate, count = base, 1
        while candidate.casefold() in taken:  # some file systems do not tell a from A
            count += 1
            candidate = f"{base}-{count}"
        taken.add(candidate.casefold())
        ids.append(candidate)
    return ids
