"""Is this folder one submission, or a class of them? Decided by looking.

1. Notebooks directly inside: one submission (its sub-folders belong to it), unless two or more
   sub-folders that look like people's hold notebooks too.
2. Otherwise the sub-folders with notebooks decide. When at least half of their names say part of
   an assignment (`ej1`, `exercise_2`, `parte-b`, `notebooks`, `p3`, `02_train`), it is one
   submission; when not (`ana_garcia`, `grupo3`, `20251234`), a class, each sub-folder or archive
   a submission, also those where no notebook is found.
3. No notebook anywhere: one submission with that problem, unless it holds archives or sub-folders
   that look like people's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graders.intake.archive import is_archive
from graders.intake.corrige_yaml import NAME as STUDENT_FILE
from graders.intake.ignored import NOTEBOOK, ignored_file, ignored_folder, notebooks_in, plain_file
from graders.intake.ordering import natural_key
from graders.intake.words import MATERIAL, is_part, words


@dataclass(frozen=True)
class Layout:
    """`children` are the submissions of a class folder; none when the folder itself is one."""

    children: tuple[Path, ...] = ()


def look(folder: Path) -> Layout:
    """Tell one submission from a class of them."""
    entries = sorted(folder.iterdir(), key=lambda path: natural_key(path.name))
    files = [path for path in entries if plain_file(path) and not ignored_file(path.name)]
    direct = [path for path in files if path.suffix.lower() == NOTEBOOK]
    archives = [path for path in files if is_archive(path)]
    folders = [
        path
        for path in entries
        if path.is_dir() and not path.is_symlink() and not ignored_folder(path)
    ]
    holding = [path for path in folders if notebooks_in(path)]
    if plain_file(folder / STUDENT_FILE):
        return Layout()
    persons = [path for path in holding if not is_part(path.name)]
    if direct:
        if len(persons) >= 2 and len(persons) > len(holding) / 2:
            return Layout((*direct, *archives, *_candidates(folders)))
        return Layout()
    own = any(plain_file(path / STUDENT_FILE) for path in holding)
    if holding:
        if own or len(persons) > len(holding) / 2:
            return Layout((*_candidates(folders), *archives))
        return Layout()
    people = [path for path in _candidates(folders) if not is_part(path.name)]
    if archives or people:
        return Layout((*people, *archives))
    return Layout()


def _candidates(folders: list[Path]) -> list[Path]:
    return [
        path
        for path in folders
        if notebooks_in(path) or not (set(words(path.name)) & MATERIAL or is_part(path.name))
    ]
