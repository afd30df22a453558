"""Is this a path at all? Functions that take one also take descriptors and open files."""

from __future__ import annotations

import os
from typing import Any


def text_of(path: Any) -> str | None:
    """The path as text; None for descriptors and everything else that is no path."""
    if isinstance(path, (str, bytes, os.PathLike)):
        try:
            return os.fsdecode(path)
        except (TypeError, ValueError):
            return None
    return None
