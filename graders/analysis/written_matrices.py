"""Which matrices stand in a text? LaTeX, Markdown tables, arrays as they are typed or printed,
rows of numbers below each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from graders.analysis.written_numbers import (
    COMMAS,
    Comma,
    WrittenNumber,
    numbers_of,
    plain,
    results_among,
    stand_in_order,
)

Floats = NDArray[np.float64]
Rows = tuple[tuple[WrittenNumber, ...], ...]
MAX_MATRICES = 2000  # of one text
_ENVIRONMENT = re.compile(
    r"\\begin\{(?P<name>[bpvBV]?matrix\*?|smallmatrix|array|tabular)\}(?:\[[^\]]*\]|\{[^}]*\})?"
    r"(?P<body>.{0,20000}?)\\end\{(?P=name)\}",
    re.DOTALL,
)
_INNER = re.compile(r"[\[({]([^\[\](){}]{1,4000})[\])}]")
_BETWEEN = re.compile(r"[\s,;]*(?:dtype[^\[\](){}]*)?")
_RULE = re.compile(r"^[\s|:+=_-]+$")
_FRAME = re.compile(r"[|\[\](){},;&\s⎡⎢⎣⎤⎥⎦⎛⎜⎝⎞⎟⎠│┃║]|tensor|array|\\\\|\$")


def matrices_in(text: str, comma: Comma = "separator") -> tuple[Rows, ...]:
    """The matrices of a text, each as rows of equally many numbers; a single row is one too."""
    return _matrices(plain(text), comma)


def _matrices(text: str, comma: Comma) -> tuple[Rows, ...]:
    found: list[Rows] = []
    for ways in (_of_latex, _of_brackets, _of_lines):
        for rows in ways(text, comma):
            if rows and rows[0] and len({len(row) for row in rows}) == 1:
                found.append(rows)
            if len(found) >= MAX_MATRICES:
                return tuple(found)
    return tuple(found)


def is_matrix(rows: Rows, wanted: Floats) -> bool:
    """True when these are the wanted matrix's numbers, as precisely as they are written; also with
    the numbers of the rows before them, as tables show."""
    height, width = wanted.shape
    if len(rows) not in (height, height + 1) or len(rows[0]) not in (width, width + 1):
        return False
    below = rows[len(rows) - height :]
    cells = [row[len(row) - width :] for row in below]
    return all(
        n.agrees(w)
        for row, right in zip(cells, wanted, strict=True)
        for n, w in zip(row, right, strict=True)
    ) and _only_numbered(rows, height, width)


def _only_numbered(rows: Rows, height: int, width: int) -> bool:
    """True when what stands above and to the left only counts rows and columns."""
    left = [row[0].value for row in rows[len(rows) - height :]] if len(rows[0]) > width else []
    above = [n.value for n in rows[0][len(rows[0]) - width :]] if len(rows) > height else []
    return all(
        not side or side in (list(range(len(side))), list(range(1, len(side) + 1)))
        for side in (left, above)
    )


def holds(text: str, wanted: Floats) -> bool:
    """True when the wanted matrix stands in the text: as one, or its numbers in order (a PDF's text
    has lost the lines), or as the results of equations in order."""
    text = plain(text)
    commas = COMMAS if re.search(r"\d,\d", text) else COMMAS[:1]
    for comma in commas:
        numbers = numbers_of(text, comma)
        if not all(any(n.agrees(w) for n in numbers) for w in np.unique(wanted)):
            continue
        if (
            stand_in_order(numbers, wanted)
            or stand_in_order(results_among(text, numbers), wanted)
            or any(is_matrix(rows, wanted) for rows in _matrices(text, comma))
        ):
            return True
    return False


def _of_latex(text: str, comma: Comma) -> Iterator[Rows]:
    for match in _ENVIRONMENT.finditer(text):
        body = re.sub(r"\\hline|\\[a-z]*rule", " ", match["body"])
        lines = [line for line in re.split(r"\\\\|\\cr\b", body) if line.strip()]
        rows = [tuple(_entry(cell, comma) for cell in line.split("&")) for line in lines]
        if all(None not in row for row in rows):
            yield tuple(tuple(n for n in row if n is not None) for row in rows)


def _entry(cell: str, comma: Comma) -> WrittenNumber | None:
    """The number of a cell: the only one, or what its equation ends with."""
    found = numbers_of(cell, comma)
    if len(found) > 1 and "=" in cell:
        found = results_among(cell, found)[-1:]
    return found[0] if len(found) == 1 else None


def _of_brackets(text: str, comma: Comma) -> Iterator[Rows]:
    """Brackets of numbers, one behind the other, are rows: `[[3, 4], [6, 11]]`, `[3 4; 6 11]`."""
    if comma == "decimal":
        text = re.sub(r",(?=\s)", " ", text)  # what parts numbers has a space behind it
    rows: list[tuple[WrittenNumber, ...]] = []
    end = -1
    for match in _INNER.finditer(text):
        inside = match[1]
        if ";" in inside:
            yield tuple(numbers_of(part, comma) for part in inside.split(";"))
        numbers = numbers_of(inside, comma)
        if not numbers or _left_over(inside, numbers):
            continue
        apart = text[end : match.start()] if end >= 0 else "x"
        if _BETWEEN.fullmatch(apart) is None and rows:
            yield tuple(rows)
            rows = []
        rows.append(numbers)
        end = match.end()
    if rows:
        yield tuple(rows)


def _left_over(text: str, numbers: Sequence[WrittenNumber]) -> bool:
    """Is there anything but these numbers and what parts them?"""
    places = [0, *(p for n in numbers for p in (n.start, n.end)), len(text)]
    rest = "".join(text[a:b] for a, b in zip(places[::2], places[1::2], strict=True))
    return bool(_FRAME.sub("", rest).strip(". "))


def _of_lines(text: str, comma: Comma) -> Iterator[Rows]:
    """Lines of as many numbers and nothing else, below each other; rules between them count not."""
    rows: list[tuple[WrittenNumber, ...]] = []
    for line in text.splitlines():
        if _RULE.match(line) and not re.search(r"\d", line):
            continue
        if not _FRAME.sub("", line):
            continue
        numbers = numbers_of(line, comma)
        if not numbers or _left_over(line, numbers):
            numbers = ()
        if rows and (not numbers or len(numbers) != len(rows[-1])):
            yield from _blocks(rows)
            rows = []
        if numbers:
            rows.append(numbers)
    yield from _blocks(rows)


def _blocks(rows: Sequence[tuple[WrittenNumber, ...]]) -> Iterator[Rows]:
    """The rows together, and each part of them: several matrices may follow each other."""
    if not rows:
        return
    yield tuple(rows)
    if len(rows) > 24:
        return
    for start in range(len(rows)):
        for stop in range(start + 1, len(rows) + 1):
            if (start, stop) != (0, len(rows)):
                yield tuple(rows[start:stop])
