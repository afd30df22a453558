"""Which files does a Python interpreter need to be able to read?"""

from __future__ import annotations

import os
import site
import sys
from functools import cache
from pathlib import Path

# Of an installation only what Python uses: a prefix can be somebody's home (`~/bin/python`), with
# keys and mail beside `lib`.
PARTS = ("bin", "include", "lib", "lib32", "lib64", "libexec", "pyvenv.cfg", "share/jupyter", "ssl")


@cache
def interpreter_paths(executable: str) -> tuple[Path, ...]:
    """What exists of the interpreter, its base and its packages, outermost first.

    A virtual environment counts with the installation that it was made from.
    """
    prefixes: list[Path] = []
    found: list[Path] = []
    if os.path.realpath(executable) == os.path.realpath(sys.executable):
        named = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
        prefixes += map(Path, named)
        if site.ENABLE_USER_SITE:
            found.append(Path(site.getusersitepackages()))
    path = Path(executable).absolute()
    while True:  # each link on the way to the real program
        prefixes.append(path.parent.parent)
        found.append(path.parent)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    found += [prefix / part for prefix in prefixes for part in PARTS]
    kept: list[Path] = []
    for wanted in sorted({Path(os.path.normpath(p)) for p in found if p.exists()}, key=str):
        if wanted != Path("/") and not any(wanted.is_relative_to(k) for k in kept):
            kept.append(wanted)
    return tuple(kept)
