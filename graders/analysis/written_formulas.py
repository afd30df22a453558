"""Formulas as students write them, in LaTeX or plain text; variables may be called anything.

A small grammar of arithmetic is read, and what it does not know ends the formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from graders.analysis.formula import (
    MAX_DEPTH,
    Formula,
    NoFormula,
    down,
    minus,
    number,
    over,
    plus,
    power,
    times,
    up,
    variable,
)

MAX_TOKENS = 200
_LATEX = {
    r"\left": " ", r"\right": " ", r"\big": " ", r"\Big": " ", r"\bigg": " ", r"\Bigg": " ",
    r"\bigl": " ", r"\bigr": " ", r"\Bigl": " ", r"\Bigr": " ", r"\displaystyle": " ",
    r"\quad": " ", r"\,": "", r"\;": " ", r"\:": " ", r"\!": "", r"\ ": " ", "&": " ", "~": " ",
    r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈", r"\rceil": "⌉",
    r"\cdot": "*", r"\times": "*", r"\ast": "*", "·": "*",
    "×": "*", "∗": "*", r"\div": "/", "÷": "/", "−": "-", "–": "-", r"\dfrac": r"\frac",
    r"\tfrac": r"\frac", r"\cfrac": r"\frac", "**": "^", r"\lbrack": "[", r"\rbrack": "]",
    r"\_": "_", "²": "^2", "`": " ",
}  # fmt: skip
_REPLACED = re.compile(
    "|".join(
        re.escape(k) + (r"(?![A-Za-z])" if k[-1].isalpha() else "")
        for k in sorted(_LATEX, key=len, reverse=True)
    )
)
_INDEX = re.compile(r"(?<=[^\W\d])\[\d\]")  # `stride[0]`
_NAMED = re.compile(r"\\(?:text|mathrm|mathit|mathbf|textit|textrm|textbf|operatorname)\s*\{")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<frac>\\frac)|(?P<int>//)"
    r"|(?P<name>\\?[^\W\d_]+(?:_\{[^{}]{0,30}\}|_\w+|\d+(?!\w))*'?)|(?P<sign>[-+*/^()\[\]{}⌊⌋⌈⌉]))"
)
_FLOORS = frozenset("floor int piso suelo trunc entero parteentera ent e".split())


def plain_formula(text: str) -> str:
    """LaTeX that only moves or names things taken out, signs of one kind."""
    text = _REPLACED.sub(lambda match: _LATEX[match.group()], text)
    for _time in range(20):
        match = _NAMED.search(text)
        if match is None:
            break
        end = _closing(text, match.end())
        inner = re.sub(r"\W+", "", text[match.end() : end])
        text = text[: match.start()] + inner + text[end + 1 :]
    return _INDEX.sub("", text)


def _closing(text: str, start: int) -> int:
    depth = 1
    for place in range(start, min(len(text), start + 200)):
        depth += (text[place] == "{") - (text[place] == "}")
        if not depth:
            return place
    return len(text)


def read_formula(text: str) -> Formula:
    """The longest formula that this plain text begins with. Raises NoFormula."""
    return _Reader(text).whole()


def _same(inner: Formula) -> Formula:
    return inner


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    touches: bool  # nothing stands between it and the one before


def _one_name(one: _Token, two: _Token) -> bool:
    """Are two names the words of one, as in `tamaño de entrada`?"""
    words = one.kind == two.kind == "name" and not two.touches
    long = max(len(one.text), len(two.text)) > 1
    return words and long and "\\" not in one.text + two.text


_WORDS = frozenset("yoeau")  # of one letter, behind a number in a sentence
_END = re.compile(r"\s*(?:$|\n|[=,;.:|)]|\\\\|\\end|\\tag|\\label)|\s+[^\W\d_]")


class _Reader:
    """Reads sums of products of powers, from left to right."""

    def __init__(self, text: str) -> None:
        self.tokens: list[_Token] = []
        self.ends: list[int] = []
        self.text = text
        self.at = self.depth = 0
        place = 0
        while len(self.tokens) < MAX_TOKENS:
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                break
            word = match[match.lastgroup]
            touches = match.start(match.lastgroup) == place
            place = match.end()
            token = _Token(match.lastgroup, word, touches)
            if self.tokens and _one_name(self.tokens[-1], token):
                last = self.tokens.pop()
                self.ends.pop()
                token = _Token("name", f"{last.text}_{word}", last.touches)
            self.tokens.append(token)
            self.ends.append(place)

    def whole(self) -> Formula:
        made = self.sum()
        rest = self.text[self.ends[self.at - 1] :]
        return replace(made, whole=_END.match(rest) is not None)

    def peek(self) -> _Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *texts: str) -> bool:
        token = self.peek()
        if token is None or token.text not in texts:
            return False
        self.at += 1
        return True

    def sum(self) -> Formula:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NoFormula
        negative = self.take("-")
        if not negative:
            self.take("+")
        made = self.product()
        if negative:
            made = minus(number(Fraction(0)), made)
        while (token := self.peek()) is not None and token.text in ("+", "-"):
            before = self.at
            self.at += 1
            try:
                term = self.product()
            except NoFormula:
                self.at = before
                break
            made = plus(made, term) if token.text == "+" else minus(made, term)
        self.depth -= 1
        return made

    def product(self) -> Formula:
        made = self.raised()
        while (token := self.peek()) is not None:
            before = self.at
            try:
                if token.text in ("*", "/", "//"):
                    self.at += 1
                    factor = self.raised()
                    made = times(made, factor) if token.text == "*" else over(made, factor)
                    if token.text == "//":
                        made = down(made)
                elif self._beside(token):
                    made = times(made, self.raised())
                else:
                    break
            except NoFormula:
                self.at = before
                break
        return made

    def _beside(self, token: _Token) -> bool:
        """Is this a factor without a sign before it: `2p`, `d(k-1)`, `2 p`?"""
        last = self.tokens[self.at - 1]
        if token.kind == "frac" or token.text in ("⌊", "⌈"):
            return True
        if token.kind == "name":
            bare = re.sub(r"_.*", "", token.text)
            short = len(bare) == 1 and bare not in _WORDS
            return token.touches or (last.kind == "number" and short)
        times = last.kind == "number" and last.text != "1"  # `+ 1 (rounded down)` is a remark
        return token.text in ("(", "[", "{") and (token.touches or times)

    def raised(self) -> Formula:
        base = self.atom()
        if self.take("^"):
            return power(base, self.atom())
        return base

    def atom(self) -> Formula:
        token = self.peek()
        if token is None:
            raise NoFormula
        self.at += 1
        if token.kind == "number":
            return number(Fraction(token.text))
        if token.kind == "frac":
            return over(self.atom(), self.atom())
        if token.kind == "name":
            if token.text.lstrip("\\").lower() in _FLOORS and self._opens():
                return down(self.atom())
            return variable(token.text)
        pairs = {"(": ")", "[": "]", "{": "}", "⌊": "⌋", "⌈": "⌉"}
        if token.text in pairs:
            inner = self.sum()
            if not self.take(pairs[token.text]):
                raise NoFormula
            return {"⌊": down, "⌈": up}.get(token.text, _same)(inner)
        if token.text == "-":
            return minus(number(Fraction(0)), self.atom())
        raise NoFormula

    def _opens(self) -> bool:
        token = self.peek()
        return token is not None and token.text in ("(", "[", "{")


_MATH = re.compile(
    r"\$\$(.{1,2000}?)\$\$|\$([^$]{1,1000})\$|\\\[(.{1,2000}?)\\\]|\\\((.{1,1000}?)\\\)", re.DOTALL
)
_STARTS = re.compile(r"=|≈|:|→|\bes\b|\bis\b|^|(?=⌊|floor|\\frac|\()", re.MULTILINE)
_ARITHMETIC = re.compile(r"[/÷]|\\[dtc]?frac|\+.*[-−–]|[-−–].*\+")
MAX_STARTS = 1500  # places of one text at which a formula may begin


def formulas_in(text: str) -> Iterator[Formula]:
    """Formulas of at least two variables in a text: prose, Markdown with LaTeX, a PDF's text.

    Parts of formulas come too; those that are `whole` begin where a formula does.
    """
    parts = [m[m.lastindex or 0] for m in _MATH.finditer(text)]
    lines = _MATH.sub(" ; ", text).splitlines()
    starts = 0
    for part in (*parts, *lines):
        if _ARITHMETIC.search(part) is None:
            continue
        written = plain_formula(part)
        for match in _STARTS.finditer(written):
            starts += 1
            if starts > MAX_STARTS:
                return
            try:
                found = read_formula(written[match.end() : match.end() + 1000])
            except NoFormula:
                continue
            if len(found.variables) > 1:
                before = written[: match.end()].rstrip(" ^*")
                first = not before or before.endswith(("=", "≈", ":", "→"))
                yield replace(found, whole=found.whole and first)
