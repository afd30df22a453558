"""Does a student know how large a convolution's output is?

floor((n + 2p - k) / s) + 1, and with dilation floor((n + 2p - d (k - 1) - 1) / s) + 1: looked for
in all that is written, under any names, by computing what stands there at random sizes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import Literal

from graders.analysis.coded_formulas import formulas_of_code
from graders.analysis.formula import Formula
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.whole import OTHERS
from graders.analysis.written_formulas import formulas_in
from graders.language import _

Sort = Literal["right", "unrounded", "total_padding", "no_padding", "no_stride", "wrong", "other"]
BEST: tuple[Sort, ...] = (
    "right", "unrounded", "total_padding", "no_padding", "no_stride", "wrong",
)  # fmt: skip
POINTS = 40
MAX_FORMULAS = 400  # of one submission
_STRIDE = re.compile(r"^\\?(s|st|stride|strides|paso|pasos|zancada)(?![a-z])", re.IGNORECASE)
_PADDING = re.compile(r"^\\?(p|pad|padding|relleno)(?![a-z])", re.IGNORECASE)
_TOLD = (
    re.compile(r"padding|relleno", re.IGNORECASE),
    re.compile(r"stride|paso|zancada", re.IGNORECASE),
    re.compile(r"kernel|filtro|filter|n[uú]cleo", re.IGNORECASE),
    re.compile(r"salida|output", re.IGNORECASE),
    re.compile(r"divid|/|÷|\\frac|resta|menos|−", re.IGNORECASE),
)


@dataclass(frozen=True)
class Sizes:
    """n: input, k: kernel, p: padding on each side, s: stride, d: dilation."""

    n: int
    k: int
    p: int
    s: int
    d: int

    @property
    def exact(self) -> Fraction:
        """The output's size before rounding."""
        return Fraction(self.n + 2 * self.p - self.d * (self.k - 1) - 1, self.s) + 1

    def values(self, roles: Mapping[str, str]) -> dict[str, Fraction]:
        return {name: Fraction(getattr(self, role)) for name, role in roles.items()}


def sort_of(formula: Formula) -> Sort:
    """What a formula says of the output's size, when its variables are given the best roles."""
    names = sorted(formula.variables)
    if not 3 <= len(names) <= 5:
        return "other"
    found: set[Sort] = set()
    for roles in permutations("nkpsd", len(names)):
        if {"n", "k"} <= set(roles):
            found |= _agrees(formula, dict(zip(names, roles, strict=True)))
    for sort in BEST:
        if sort in found:
            return sort
    padded = len(names) > 3 or any(map(_PADDING.match, names))
    attempt = formula.whole and padded and any(map(_STRIDE.match, formula.divides))
    return "wrong" if attempt else "other"


def _agrees(formula: Formula, roles: Mapping[str, str]) -> set[Sort]:
    """What it says under these roles; nothing when it says something else."""
    given = set(roles.values())
    ways: dict[Sort, bool] = {"right": True, "unrounded": True, "total_padding": True}
    generator = random.Random(20250716)
    for _time in range(POINTS):
        sizes = Sizes(
            n=generator.randint(12, 60),
            k=generator.randint(1, 5),
            p=generator.randint(0, 4) if "p" in given else 0,
            s=generator.randint(1, 5) if "s" in given else 1,
            d=generator.randint(1, 3) if "d" in given else 1,
        )
        said = formula.at(sizes.values(roles))
        if said is None:
            return set()
        down = Fraction(sizes.exact.__floor__())
        total = sizes.exact - Fraction(sizes.p, sizes.s)
        ways["right"] &= said == down
        ways["unrounded"] &= said == sizes.exact
        ways["total_padding"] &= said in (total, Fraction(total.__floor__()))
        if not any(ways.values()):
            return set()
    if not {"p", "s"} <= given:
        whole = ways["right"] or ways["unrounded"]
        if not whole:
            return set()
        return {"no_padding"} if "s" in given else {"no_stride"}
    return {sort for sort, holds in ways.items() if holds}


def best_of(formulas: Iterable[Formula]) -> Sort:
    """The best that any of them says."""
    best: Sort = "other"
    for number, formula in enumerate(formulas):
        if number >= MAX_FORMULAS:
            break
        sort = sort_of(formula)
        if sort == "right":
            return sort
        if sort != "other" and (best == "other" or BEST.index(sort) < BEST.index(best)):
            best = sort
    return best


def answer(reading: Reading) -> Answer:
    """Whether the formula stands anywhere in the submission."""
    whole = reading.whole
    best: Sort = "other"
    cells: tuple[int, ...] = ()
    for cell, formulas in _places(reading):
        sort = best_of(formulas)
        if sort != "other" and (best == "other" or BEST.index(sort) < BEST.index(best)):
            best, cells = sort, (cell,) if cell is not None else ()
        if best == "right":
            break
    if best == "right":
        return Answer(True, _("the formula gives the right size for any numbers"), cells)
    if best == "unrounded":
        words = _("the formula is right where the division comes out even; it does not round down")
        return Answer(True, words, cells)
    words = {
        "total_padding": _(
            "the formula is right if its padding is that of both sides together; a person must "
            "say whether that is what it means"
        ),
        "no_padding": _("a formula without padding was found"),
        "no_stride": _("a formula without stride was found"),
    }.get(best, "")
    if words:
        return Answer(None, words, cells)
    if whole.illegible:
        words = _("no right formula was found as text; there are pictures on which it may stand")
        return Answer(None, words, cells)
    if best == "wrong":
        return Answer(False, _("the formula that was found gives other sizes"), cells)
    if _in_words(reading):
        words = _("it is spoken of, but no formula could be read")
        return Answer(None, words)
    return Answer(False, _("no formula of the output's size was found"))


def _places(reading: Reading) -> Iterator[tuple[int | None, Iterator[Formula]]]:
    """All that is written, with its cell. Code of handed-out notebooks is not the student's."""
    for placed in reading.whole.passages:
        if placed.passage.kind == "code":
            if placed.part == OTHERS:
                yield placed.cell, formulas_of_code(placed.passage.text)
                yield placed.cell, formulas_in(_quoted(placed.passage.text))
        else:
            yield placed.cell, formulas_in(placed.passage.text)
    for document in reading.whole.documents:
        yield None, formulas_in(document.text)


def _quoted(source: str) -> str:
    """Comments and strings of code, where an answer may be written too."""
    found = re.findall(r"#(.*)|\"\"\"(.{0,5000}?)\"\"\"|'''(.{0,5000}?)'''", source, re.DOTALL)
    return "\n".join("\n".join(groups) for groups in found)


def _in_words(reading: Reading) -> bool:
    texts = [p.passage.text for p in reading.whole.passages if p.passage.kind == "prose"]
    texts += [document.text for document in reading.whole.documents]
    return any(all(told.search(text) for told in _TOLD) for text in texts)
