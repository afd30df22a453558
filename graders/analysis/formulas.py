"""Formulas as students write them, in LaTeX, plain text or Python, as something to be computed.

Nothing of theirs is executed: a small grammar of arithmetic is read, and what it does not know ends
the formula. Variables may be called anything.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

MAX_TOKENS = 200
MAX_DEPTH = 40
MAX_POWER = 8
Values = Mapping[str, Fraction]


class NoFormula(Exception):  # noqa: N818 - the text holds something else
    """What stands here is no formula that is known."""


@dataclass(frozen=True)
class Formula:
    """Arithmetic over named variables. `divides` are the variables that it divides by; `whole` when
    nothing is left of what was written."""

    variables: frozenset[str]
    compute: Callable[[Values], Fraction]
    divides: frozenset[str] = frozenset()
    whole: bool = True

    def at(self, values: Values) -> Fraction | None:
        """Its value, None where it has none. Raises KeyError for a variable without value."""
        try:
            return self.compute(values)
        except (ZeroDivisionError, OverflowError, NoFormula):
            return None


def number(value: Fraction) -> Formula:
    return Formula(frozenset(), lambda _values: value)


def variable(name: str) -> Formula:
    return Formula(frozenset({name}), lambda values: values[name])


def _joined(one: Formula, two: Formula, way: Callable[[Fraction, Fraction], Fraction]) -> Formula:
    return Formula(
        one.variables | two.variables,
        lambda values: way(one.compute(values), two.compute(values)),
        one.divides | two.divides,
    )


def plus(one: Formula, two: Formula) -> Formula:
    return _joined(one, two, lambda a, b: a + b)


def minus(one: Formula, two: Formula) -> Formula:
    return _joined(one, two, lambda a, b: a - b)


def times(one: Formula, two: Formula) -> Formula:
    return _joined(one, two, lambda a, b: a * b)


def over(one: Formula, two: Formula) -> Formula:
    made = _joined(one, two, lambda a, b: a / b)
    by = two.variables if len(two.variables) == 1 else frozenset()
    return replace(made, divides=made.divides | by)


def power(one: Formula, two: Formula) -> Formula:
    return _joined(one, two, _power)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > MAX_POWER:
        raise NoFormula
    return Fraction(base) ** int(exponent)


def down(inner: Formula) -> Formula:
    return replace(inner, compute=lambda values: Fraction(math.floor(inner.compute(values))))


def _same(inner: Formula) -> Formula:
    return inner


def up(inner: Formula) -> Formula:
    return replace(inner, compute=lambda values: Fraction(math.ceil(inner.compute(values))))


# -- text -----------------------------------------------------------------------------------
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
            return over(self.braced(), self.braced())
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

    def braced(self) -> Formula:
        """A group in braces, or one digit or letter."""
        return self.atom()

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


# -- Python ---------------------------------------------------------------------------------
MAX_SOURCE = 100_000
MAX_NODES = 20_000
_OPERATORS: dict[type[ast.operator], Callable[[Formula, Formula], Formula]] = {
    ast.Add: plus,
    ast.Sub: minus,
    ast.Mult: times,
    ast.Div: over,
    ast.FloorDiv: lambda one, two: down(over(one, two)),
    ast.Pow: power,
}


def formulas_of_code(source: str) -> Iterator[Formula]:
    """Formulas of at least two variables that Python code computes, named steps put together."""
    lines = [line for line in source[:MAX_SOURCE].splitlines() if not line.startswith(("%", "!"))]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    scopes: list[list[ast.stmt]] = [tree.body]
    for seen, node in enumerate(ast.walk(tree)):
        if seen > MAX_NODES:
            break
        if isinstance(node, (ast.FunctionDef, ast.For, ast.If, ast.With, ast.While)):
            scopes.append(node.body)
        elif isinstance(node, ast.Lambda):
            scopes.append([ast.Expr(node.body)])
    for body in scopes:
        yield from _of_statements(body)


def _of_statements(body: list[ast.stmt]) -> Iterator[Formula]:
    known: dict[str, Formula] = {}
    for statement in body:
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.expr):
            continue
        names = [
            target.id
            for target in getattr(statement, "targets", [getattr(statement, "target", None)])
            if isinstance(target, ast.Name)
        ]
        for name in names:
            known.pop(name, None)
        values = [value, *value.args] if isinstance(value, ast.Call) else [value]
        if isinstance(value, ast.Tuple):
            values = list(value.elts)
        for one in values:
            try:
                found = _of_python(one, known, 0)
            except NoFormula:
                continue
            if one is value:
                known.update(dict.fromkeys(names, found))
            if len(found.variables) > 1:
                yield found


def _of_python(node: ast.expr, known: Mapping[str, Formula], depth: int) -> Formula:
    if depth > MAX_DEPTH:
        raise NoFormula
    if isinstance(node, ast.Constant):
        if isinstance(node.value, (int, float)) and abs(node.value) < 1e9:
            return number(Fraction(node.value).limit_denominator(10**6))
        raise NoFormula
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        one, two = (_of_python(side, known, depth + 1) for side in (node.left, node.right))
        return _OPERATORS[type(node.op)](one, two)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _of_python(node.operand, known, depth + 1)
        return minus(number(Fraction(0)), inner) if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Name):
        return known.get(node.id) or variable(node.id)
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return variable(ast.unparse(node)[:200])
    if isinstance(node, ast.Call):
        return _of_call(node, known, depth)
    raise NoFormula


def _of_call(node: ast.Call, known: Mapping[str, Formula], depth: int) -> Formula:
    called = node.func
    if isinstance(called, ast.Attribute) and called.attr in ("astype", "item", "long", "int"):
        return _of_python(called.value, known, depth + 1)
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name in ("floor", "int", "trunc") and len(node.args) == 1:
        return down(_of_python(node.args[0], known, depth + 1))
    if name == "len":
        return variable(ast.unparse(node)[:200])
    raise NoFormula
