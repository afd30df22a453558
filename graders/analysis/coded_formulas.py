"""Formulas that Python code computes, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
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
    variable,
)

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
