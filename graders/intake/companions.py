"""Which other files come along when the notebooks are copied to run?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graders.intake.archive import is_archive
from graders.intake.corrige_yaml import NAME as STUDENT_FILE
from graders.intake.ignored import NOTEBOOK, ignored_file, plain_file, walk

MAX_FILE = 100 * 2**20  # bytes
MAX_ALL = 300 * 2**20


def companions(root: Path, data_names: Sequence[str]) -> tuple[Path, ...]:
    """Files of a submission folder, relative. The teacher's data files are not among them:
    the copies that the grader provides are used.
    """
    return _small(root, [path for path in walk(root) if _wanted(path, data_names)])


def companions_of_one(
    root: Path, notebook: Path, source: str, data_names: Sequence[str]
) -> tuple[Path, ...]:
    """For a lone notebook, whose folder is not all its own: modules and files that it names."""
    found = []
    for path in sorted(root.iterdir()):
        if not plain_file(path) or ignored_file(path.name) or path.name == notebook.name:
            continue
        relative = path.relative_to(root)
        named = path.stem in source if path.suffix == ".py" else path.name in source
        if named and _wanted(relative, data_names):
            found.append(relative)
    return _small(root, found)


def _wanted(path: Path, data_names: Sequence[str]) -> bool:
    return (
        path.suffix.lower() != NOTEBOOK
        and path.name != STUDENT_FILE
        and path.name.casefold() not in data_names
        and not is_archive(path)
    )


def _small(root: Path, paths: Sequence[Path]) -> tuple[Path, ...]:
    kept = []
    room = MAX_ALL
    for path in paths:
        file = root / path
        try:
            size = file.lstat().st_size
        except OSError:
            continue
        if not plain_file(file) or size > min(MAX_FILE, room):
            continue
        room -= size
        kept.append(path)
    return tuple(kept)
