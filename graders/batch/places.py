"""Where do things lie on this machine?"""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Where evidence and generated data are kept: CORRIGE_HOME, else `.corrige` here."""
    return Path(os.environ.get("CORRIGE_HOME") or ".corrige").absolute()


def evidence_root() -> Path:
    return home() / "evidence"


def quick_data(assignment: str) -> Path:
    """Where the generated stand-in data of this assignment is kept."""
    return home() / "data" / assignment


def reference(assignment: str) -> Path | None:
    """The folder of wheats, chaffs and `make_data.py`: of this course, else the one shipped."""
    package = Path(__file__).resolve().parents[1]
    for root in (Path.cwd(), package.parent, package):
        folder = root / "reference" / assignment
        if folder.is_dir():
            return folder
    return None


def has_wheats(assignment: str) -> bool:
    """Are there solutions to prove it with? An installation has data but no solutions."""
    folder = reference(assignment)
    return folder is not None and (folder / "wheats").is_dir()
