"""Which messages does a Python file hold? For Babel, whose own reader skips those in f-strings."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import BinaryIO

Found = tuple[int, str, tuple[str | None, ...], list[str]]


def python(
    file: BinaryIO,
    keywords: Collection[str],
    comment_tags: Collection[str],
    options: Mapping[str, object],
) -> Iterator[Found]:
    """Line, function and messages of each call to one of the keywords."""
    for node in ast.walk(ast.parse(file.read())):
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in keywords:
                yield node.lineno, name, tuple(_text(a) for a in arguments), []


def _text(argument: ast.expr) -> str | None:
    match argument:
        case ast.Constant(value=str(text)):
            return text
    return None
