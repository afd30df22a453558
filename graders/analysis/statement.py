"""The answer to a question about a submission: does it hold, in which words, seen where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """`holds` is None when it cannot be told; `cells` are positions in the executed notebook."""

    holds: bool | None
    words: str
    cells: tuple[int, ...] = ()
    expected: str = ""
