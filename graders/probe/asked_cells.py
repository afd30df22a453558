"""Which of the notebook's statements are run again for a question? Read from its code alone."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import Any

MAX_CELLS = 12  # that are run each by itself, the last ones

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def chosen(sources: Sequence[Any], question: dict[str, Any]) -> list[ast.Module]:
    """What is to be run for a question, in order; several parts only for `each` cell by itself.

    `sources` are the cells that ran. Statements that assign nothing but what the question gives
    are left out, so that what was given stays.
    """
    trees = list(_parsed(sources))
    names = set(question["names"])
    if question["calls"]:
        names = callers(trees, names)
    cells = [
        tree
        for tree in trees
        if assigned(tree) & names or (question["calls"] and called(tree) & names)
    ]
    if not cells:
        return []
    which = question["which"]
    if which == "first":
        cells = cells[:1]
    elif which == "last":
        cells = cells[-1:]
    elif which == "each":
        cells = cells[-MAX_CELLS:]
    else:
        cells = _together(trees, cells, names, set(question["until"]))
    given = set(question["given"])
    return [_without(tree, given) for tree in cells]


def _parsed(sources: Sequence[Any]) -> Iterator[ast.Module]:
    for text in sources:
        if not isinstance(text, str):
            continue
        try:
            tree = ast.parse(text)
            yield ast.parse(_timed(tree)) if _timed(tree) else tree
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def _timed(tree: ast.Module) -> str:
    """The code of a cell that only `%%time` or the like runs, as IPython writes it down."""
    match tree.body:
        case [
            ast.Expr(
                ast.Call(
                    ast.Attribute(attr="run_cell_magic"),
                    [ast.Constant(name), ast.Constant(), ast.Constant(str() as code)],
                )
            )
        ] if name in ("time", "timeit", "capture", "prun"):
            return code
    return ""


def _together(
    trees: Sequence[ast.Module], cells: Sequence[ast.Module], names: set[str], until: set[str]
) -> list[ast.Module]:
    """The cells one behind the other. From the first that assigns one of the names on, a statement
    that assigns one of `until` ends it, in whichever cell it stands."""
    kept: list[list[ast.stmt]] = []
    started = False
    for tree in trees:
        body: list[ast.stmt] = []
        last = -1
        for statement in tree.body:
            found = assigned(statement)
            if started and found & until and not found & names:
                return [_module(part) for part in kept if part] + [_module(body[: last + 1])]
            body.append(statement)
            if found & names:
                started, last = True, len(body) - 1
        if any(tree is cell for cell in cells):
            kept.append(body)
    return [_module(part) for part in kept]


def pieces(tree: ast.Module) -> Iterator[ast.Module]:
    """A part cut behind each of its loops."""
    piece: list[ast.stmt] = []
    for statement in tree.body:
        piece.append(statement)
        if isinstance(statement, (ast.For, ast.While)):
            yield _module(piece)
            piece = []
    if piece:
        yield _module(piece)


def _without(tree: ast.Module, given: set[str]) -> ast.Module:
    return _module([statement for statement in tree.body if not _only_assigns(statement, given)])


def _only_assigns(statement: ast.stmt, given: Collection[str]) -> bool:
    """Does a statement do nothing but give these names values?"""
    if isinstance(statement, _DEFINITIONS):
        return statement.name in given
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = [part for target in targets for part in _parts(target)]
    return all(isinstance(part, ast.Name) and part.id in given for part in names)


def _parts(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _parts(part)
    elif isinstance(target, ast.Starred):
        yield from _parts(target.value)
    else:
        yield target


def assigned(tree: ast.AST) -> set[str]:
    """Names that a cell's own statements assign, in loops too, and by parts (`a[0] = 1`)."""
    found: set[str] = set()
    for node in _own(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            inner: ast.expr = node
            while isinstance(inner, ast.Subscript):
                inner = inner.value
            if isinstance(inner, ast.Name):
                found.add(inner.id)
    return found


def called(tree: ast.AST) -> set[str]:
    """Names of functions that a cell calls by itself, outside of what it defines."""
    return {
        node.func.id
        for node in _own(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def callers(trees: Sequence[ast.Module], names: Collection[str]) -> set[str]:
    """The names, and those of all functions that call one of them, themselves or through others."""
    inside: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, _DEFINITIONS):
                uses = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                inside.setdefault(node.name, set()).update(uses)
    found = set(names)
    while more := {name for name, uses in inside.items() if uses & found} - found:
        found |= more
    return found


def _own(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree but those within functions and classes that it defines."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def _module(body: list[ast.stmt]) -> ast.Module:
    return ast.Module(body=body, type_ignores=[])
