"""What is wrong with a rubric, and where?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.language import _

Place = tuple[str | int, ...]
"""A way into the YAML: keys and positions, such as ("exercises", 0, "points")."""


@dataclass(frozen=True)
class Fault:
    """A problem by its place in the YAML, before the line is known."""

    place: Place
    message: str


@dataclass(frozen=True)
class Problem:
    """A problem as the teacher reads it: file, line (from 1; None for the whole file), sentence."""

    file: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        where = str(self.file) if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.message}"


class RubricError(ValueError):
    """A rubric that cannot be used. `problems` has everything found wrong, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A question to append to a sentence about an unknown word; "" when nothing is close."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return " " + _("Did you mean '{word}'?").format(word=close[0]) if close else ""
