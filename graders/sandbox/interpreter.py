"""Which folders does a Python interpreter need to be able to read?"""

from __future__ import annotations

import os
import site
import sys
from functools import cache
from pathlib import Path


@cache
def interpreter_paths(executable: str) -> tuple[Path, ...]:
    """Existing folders of the interpreter, its base and its packages, outermost first.

    A virtual environment counts with the installation that it was made from.
    """
    found: list[Path] = []
    if os.path.realpath(executable) == os.path.realpath(sys.executable):
        prefixes = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]
        if site.ENABLE_USER_SITE:
            prefixes.append(site.getuserbase())
        found += map(Path, prefixes)
    path = Path(executable).absolute()
    while True:  # each link on the way to the real program
        found.append(path.parent.parent)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    kept: list[Path] = []
    for folder in sorted({Path(os.path.normpath(p)) for p in found if p.is_dir()}, key=str):
        if folder != Path("/") and not any(folder.is_relative_to(k) for k in kept):
            kept.append(folder)
    return tuple(kept)
