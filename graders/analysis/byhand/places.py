"""Where do figures stand in a submission? Rows of them, from all that was written and computed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from graders.analysis.byhand.figures import Figure, figures, of_values
from graders.analysis.byhand.sightings import Row
from graders.analysis.whole import Whole
from graders.analysis.written_numbers import COMMAS
from graders.evidence.passages import Kind
from graders.evidence.questions import Answer, held

HELD = held()
BEHIND = 120  # characters behind a word in which what it is about stands
COMPUTED: tuple[Kind, ...] = ("shown",)
WRITTEN: tuple[Kind, ...] = ("prose", "code", "shown")


@dataclass(frozen=True)
class Place:
    """A row of figures and what they stand in: a part's id, or a document's name."""

    row: Row
    part: str | None
    document: str = ""


def places(whole: Whole, answers: dict[str, tuple[Answer, ...]]) -> Iterator[Place]:
    """All rows of figures: of each part's texts and variables, and of each document.

    `answers` are the parts' to the question HELD.
    """
    for part in whole.parts:
        yield from of_part(whole, part, answers.get(part, ()), WRITTEN)
    for document in whole.documents:
        for comma in COMMAS:
            found = figures(document.text, comma)
            yield Place(Row.of(found, [-1] * len(found)), None, document.name)


def about(whole: Whole, word: re.Pattern[str]) -> Iterator[Place]:
    """Figures that stand behind a word, wherever it is written or shown: far fewer than all."""
    texts: list[tuple[str, int, str | None]] = [
        (p.passage.text, p.cell, p.part) for p in whole.passages if p.passage.kind != "code"
    ]
    texts += [(document.text, -1, None) for document in whole.documents]
    for text, cell, part in texts:
        ends = 0
        parts = []
        for match in word.finditer(text):
            start, ends = max(ends, match.end()), match.end() + BEHIND
            parts.append(text[start:ends])
        for comma in COMMAS if parts else ():
            found = figures("\n".join(parts), comma)
            yield Place(Row.of(found, [cell] * len(found)), part)


def of_part(
    whole: Whole, part: str, answers: tuple[Answer, ...], kinds: tuple[Kind, ...]
) -> Iterator[Place]:
    """The rows of one part: texts of these kinds, with decimal points and with commas, numbers that
    variables held after some cell, and what they hold in the end."""
    texts = [p for p in whole.passages if p.part == part and p.passage.kind in kinds]
    for comma in COMMAS:
        found: list[Figure] = []
        cells: list[int] = []
        for placed in texts:
            here = figures(placed.passage.text, comma)
            found += here
            cells += [placed.cell] * len(here)
        yield Place(Row.of(found, cells), part)
    reading = whole[part]
    over_time = [(whole.cell(part, reading.cell(cell)), v) for cell, _name, v in reading.held]
    kept = of_values(value for _cell, value in over_time)
    yield Place(Row.of(kept, [cell for cell, _value in over_time]), part)
    values = [v for answer in answers if answer.answered for v in numbers_in(answer.value)]
    yield Place(Row.of(of_values(values), [-1] * len(values)), part)


def numbers_in(value: Any) -> list[float]:
    """All numbers of an answer, arrays row by row, the lone ones last."""
    if isinstance(value, dict):
        arrays = [v for v in value.values() if not isinstance(v, (int, float))]
        alone = [float(v) for v in value.values() if isinstance(v, (int, float))]
        return [n for v in arrays for n in numbers_in(v)] + alone
    if isinstance(value, list):
        return [n for v in value for n in numbers_in(v)]
    if isinstance(value, (int, float)):
        return [float(value)]
    if isinstance(value, np.ndarray):
        return [float(n) for n in value.reshape(-1)]
    return []
