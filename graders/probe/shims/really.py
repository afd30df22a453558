"""What is really on this machine's disk, nothing answered for it?"""

from __future__ import annotations

import os
import stat

_stat = os.stat  # kept from before anything is replaced


def really_exists(path: str) -> bool:
    """Is there something at this path?"""
    try:
        _stat(path)
    except (OSError, ValueError):
        return False
    return True


def really_a_folder(path: str) -> bool:
    """Is it a folder?"""
    try:
        return stat.S_ISDIR(_stat(path).st_mode)
    except (OSError, ValueError):
        return False
