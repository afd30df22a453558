"""Which files and folders are nobody's work?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

FOLDERS = frozenset(
    {
        "__MACOSX",
        "__pycache__",
        "env",
        "lightning_logs",
        "node_modules",
        "site-packages",
        "venv",
        "virtualenv",
        "wandb",
    }
)
FILES = frozenset({"readme.md", "expected.yaml", "thumbs.db", "desktop.ini"})
NOTEBOOK = ".ipynb"
MAX_FILES = 5000  # looked at in one submission


def ignored_folder(path: Path) -> bool:
    """Hidden folders, caches, environments."""
    name = path.name
    return name.startswith(".") or name in FOLDERS or (path / "pyvenv.cfg").is_file()


def ignored_file(name: str) -> bool:
    """Hidden files, macOS shadows (`._x`), Office locks, the class folder's own files."""
    return name.startswith((".", "~$")) or name.lower() in FILES


def plain_file(path: Path) -> bool:
    """A file with content of its own: no link, whose target may be anybody's, no pipe or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def walk(root: Path) -> Iterator[Path]:
    """The plain files of a folder that count, relative to it; links are not followed."""
    seen = 0
    for folder, below, names in os.walk(root):
        here = Path(folder)
        below[:] = sorted(
            name
            for name in below
            if not ignored_folder(here / name) and not (here / name).is_symlink()
        )
        for name in sorted(names):
            if ignored_file(name) or not plain_file(here / name):
                continue
            seen += 1
            if seen > MAX_FILES:
                return
            yield (here / name).relative_to(root)


def notebooks_in(root: Path) -> list[Path]:
    """The notebooks of a folder and below, relative to it."""
    return [path for path in walk(root) if path.suffix.lower() == NOTEBOOK]
