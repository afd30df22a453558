"""In which order do the notebooks of a submission run?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sorts `ej2` before `ej10`, letters without regard to case."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in re.split(r"(\d+)", text)
        if part
    ]


def _numbers(path: Path) -> tuple[int, ...]:
    name = path.with_suffix("").as_posix()
    return tuple(int(found) for found in re.findall(r"\d{1,6}", name))


def in_order(
    notebooks: Iterable[Path], rubric_order: Sequence[str], student_order: Sequence[str]
) -> list[Path]:
    """By the student's order if given, else the rubric's (base names; others follow), else by
    the numbers in the name, else by the name.
    """
    wanted = [Path(name).name.casefold() for name in (student_order or rubric_order)]

    def key(path: Path) -> tuple[int, tuple[int, ...], list[tuple[int, int, str]]]:
        name = path.name.casefold()
        place = wanted.index(name) if name in wanted else len(wanted)
        return place, _numbers(path), natural_key(path.as_posix())

    return sorted(notebooks, key=key)
