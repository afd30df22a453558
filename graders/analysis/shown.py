"""Which numbers does a student show? Numbers in outputs, with the precision they are shown at."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

from graders.evidence.run_record import CellRecord

_NUMBER = re.compile(r"(?<![\w.])[-+]?(\d+(?:[.,]\d+)?|\.\d+)(?:[eE][-+]?\d+)?\s?(%)?")
_TAG = re.compile(r"<style.*?</style>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_COUNT = re.compile(r"(?<![\w.,])(\d{1,7})\s*(?:/|de|of|out of)\s*(\d{1,7})(?![\w.,]*\d)")
MAX_TEXT = 200_000
MAX_LINE = 100  # characters
CLOSE = 0.02  # of 1, around a number
CHANCE = 0.3  # share of the numbers that could be written there
FEW = 20  # numbers with the same label
SINGLE = 1e-6  # what single precision leaves of a figure shown with all its digits


@dataclass(frozen=True)
class ShownNumber:
    """A number as shown: `value` and half a unit of its last digit, the words before it."""

    value: float
    tolerance: float
    digits: int  # significant digits after the decimal point (2 more in a percentage)
    words: str
    cell: int
    percent: bool
    literal: bool  # its digits stand in the cell's source: typed, not computed
    typed: bool = False  # its digits stand in another cell's source
    line: str = ""  # what is written on its line, around it

    def agrees(self, figure: float) -> bool:
        """True when the figure, rounded as shown, is this number (as a share or per cent)."""
        tolerance = max(self.tolerance * 1.0001, SINGLE * max(1.0, self.value))
        scales = (1.0, 100.0) if self.percent or self.value >= 1 else (1.0,)
        return any(abs(self.value - scale * figure) <= tolerance for scale in scales)


def typed_numbers(cells: Iterable[CellRecord]) -> frozenset[str]:
    """Decimal numbers of three digits or more that are typed in these cells."""
    found = frozenset[str]().union(*(_literals(cell.source) for cell in cells))
    return frozenset(n for n in found if len(n.partition(".")[2]) >= 3)


def shown_numbers(
    cell: CellRecord, anywhere: frozenset[str] = frozenset()
) -> tuple[ShownNumber, ...]:
    """Numbers in a cell's text outputs, in order; integers are left out. `anywhere` are the
    numbers typed in the whole notebook."""
    typed = _literals(cell.source)
    found = []
    for output in cell.outputs:
        if output.kind == "error":
            continue
        # A styled table has no text of its own, only HTML.
        text = output.text + "\n" + _TAG.sub(" ", output.html[:MAX_TEXT])
        for match in _NUMBER.finditer(text[:MAX_TEXT]):
            digits = match.group(1).replace(",", ".")
            percent = match.group(2) is not None
            decimals = len(digits.split(".")[1]) if "." in digits else 0
            value = float(match.group(0).replace(",", ".").replace("%", "").strip())
            if decimals == 0 and not percent:
                continue
            scientific = re.search(r"[eE]([-+]?\d+)", match.group(0))
            exponent = int(scientific.group(1)) if scientific else 0
            found.append(
                ShownNumber(
                    value=value,
                    tolerance=0.5 * 10.0 ** (exponent - decimals),
                    digits=decimals + (2 if percent or value > 1 else 0),
                    words=text[max(0, match.start() - 60) : match.start()].lower(),
                    cell=cell.index,
                    percent=percent,
                    literal=digits in typed,
                    typed=digits in anywhere,
                    line=_line(text, match.start(), match.end()),
                )
            )
    return tuple(found)


def shown_counts(cell: CellRecord) -> tuple[tuple[int, int], ...]:
    """Pairs of whole numbers shown as so many of so many: `8312/10000`, `8312 de 10000`."""
    texts = [o.text + "\n" + _TAG.sub(" ", o.html[:MAX_TEXT]) for o in cell.outputs]
    return tuple(
        (int(match.group(1)), int(match.group(2)))
        for output, text in zip(cell.outputs, texts, strict=True)
        if output.kind != "error"
        for match in _COUNT.finditer(text[:MAX_TEXT])
    )


def crowded(number: ShownNumber, beside: Iterable[ShownNumber]) -> bool:
    """True when so many numbers stand in its cell that one of them agrees with any figure.

    `beside` are the numbers of its cell. Those near it, as a share of all that could be written
    there with as many digits, are the chance of an agreement that says nothing. A number whose
    label stands there only a few times is not one of a crowd.
    """
    scale = 100.0 if number.percent or number.value > 1 else 1.0
    near: set[float] = set()
    alike = 0
    for other in beside:
        if other.digits == number.digits and abs(other.value - number.value) < CLOSE * scale:
            near.add(other.value)
            alike += _label(other) == _label(number)
    possible = 2 * CLOSE * scale / (2 * number.tolerance)
    return alike > FEW and len(near) > CHANCE * possible


def _line(text: str, start: int, end: int) -> str:
    """The line on which this stands, up to MAX_LINE characters on both sides."""
    before = text[max(0, start - MAX_LINE) : start].rpartition("\n")[2]
    return (before + text[start : end + MAX_LINE].partition("\n")[0]).lower()


def _label(number: ShownNumber) -> str:
    """The letters of the words before it, on its line."""
    line = number.words.rpartition("\n")[2]
    return "".join(c for c in line[-30:] if c.isalpha())


def _literals(source: str) -> frozenset[str]:
    """Decimal numbers that are typed in the source, in code or inside strings."""
    found: set[str] = set()
    try:
        tree = ast.parse("\n".join(_plain_lines(source)))
    except (SyntaxError, ValueError):
        return frozenset(re.findall(r"\d+\.\d+", source))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, float):
                found.add(repr(node.value))
            elif isinstance(node.value, str):
                found.update(re.findall(r"\d+[.,]\d+", node.value))
    return frozenset(f.replace(",", ".") for f in found)


def _plain_lines(source: str) -> list[str]:
    """Lines as Python: a line magic's own text becomes a string, so that its numbers are seen."""
    return [repr(line) if line.startswith(("%", "!")) else line for line in source.splitlines()]
