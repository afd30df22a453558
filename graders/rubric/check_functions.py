"""Does the check exist, and does it take these parameters?

The themes are parsed, not imported: a rubric is read before anything heavy is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.language import _
from graders.rubric.outline import Part
from graders.rubric.problems import Fault, did_you_mean

STUDENT = "student"
"""First positional parameter of every check: what was observed."""

_SCALARS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
}


@dataclass(frozen=True)
class Signature:
    """What a check takes besides the student: names with their annotations as written."""

    parameters: Mapping[str, str]
    required: frozenset[str]
    takes_any: bool = False  # **kwargs


def signatures(theme: Path) -> dict[str, Signature]:
    """The checks of one theme: its public functions of a student. Raises SyntaxError, OSError."""
    tree = ast.parse(theme.read_text(encoding="utf-8"), filename=str(theme))
    return {
        node.name: _signature(node.args)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and [a.arg for a in (*node.args.posonlyargs, *node.args.args)][:1] == [STUDENT]
    }


def check_faults(criteria: list[Part], folder: Path) -> Iterator[Fault]:
    """What is wrong with the checks and parameters that these criteria name."""
    themes = {path.stem: path for path in folder.glob("*.py") if path.stem != "__init__"}
    known: dict[str, dict[str, Signature]] = {}
    for criterion in criteria:
        check = criterion.get("check", str)
        if check is None:
            continue
        theme, dot, function = check.partition(".")
        if not dot:
            message = _("'{check}' is not a check: write it as theme.function.").format(check=check)
            yield criterion.fault("check", message)
            continue
        if theme not in themes:
            message = _("There is no theme '{theme}' among the checks.").format(theme=theme)
            yield criterion.fault("check", message + did_you_mean(theme, sorted(themes)))
            continue
        if theme not in known:
            try:
                known[theme] = signatures(themes[theme])
            except (SyntaxError, OSError) as error:
                message = _("The checks of '{theme}' cannot be read: {reason}.")
                yield criterion.fault("check", message.format(theme=theme, reason=error))
                known[theme] = {}
                continue
        if function not in known[theme]:
            message = _("The check '{check}' does not exist.").format(check=check)
            yield criterion.fault("check", message + did_you_mean(function, list(known[theme])))
            continue
        yield from _parameter_faults(criterion, check, known[theme][function])


def _parameter_faults(criterion: Part, check: str, signature: Signature) -> Iterator[Fault]:
    given: dict[str, Any] = criterion.get("params", dict) or {}
    for name, value in given.items():
        if name in signature.parameters:
            wanted = signature.parameters[name]
            if not _fits(value, wanted):
                message = _("'{name}' of '{check}' must be {wanted}, not '{value}'.")
                yield criterion.fault(
                    ("params", name),
                    message.format(name=name, check=check, wanted=wanted, value=value),
                )
        elif not signature.takes_any:
            message = _("The check '{check}' does not take '{name}'.")
            yield criterion.fault(
                ("params", name),
                message.format(check=check, name=name)
                + did_you_mean(str(name), list(signature.parameters)),
            )
    for name in sorted(signature.required - given.keys()):
        message = _("The check '{check}' needs the parameter '{name}'.")
        yield criterion.fault("check", message.format(check=check, name=name))


def _fits(value: object, wanted: str) -> bool:
    """Whether the value can be of the annotated kind; anything but a plain scalar is let pass."""
    if wanted not in _SCALARS:
        return True
    if isinstance(value, bool):
        return wanted == "bool"
    return isinstance(value, _SCALARS[wanted])


def _signature(arguments: ast.arguments) -> Signature:
    positional = (*arguments.posonlyargs, *arguments.args)
    without_default = positional[: len(positional) - len(arguments.defaults)]
    keyword_required = [
        argument
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return Signature(
        parameters={
            argument.arg: ast.unparse(argument.annotation) if argument.annotation else ""
            for argument in (*positional[1:], *arguments.kwonlyargs)
        },
        required=frozenset(a.arg for a in (*without_default[1:], *keyword_required)),
        takes_any=arguments.kwarg is not None,
    )
