"""Is what a textbook's notebook left to be done right? One module for each notebook.

Each TODO is a function of its notebook's module that returns a `Todo`: questions on inputs that do
not stand in the notebook, and a judge that compares the answers with a reference in float64.
"""

from __future__ import annotations

import importlib
import inspect

from graders.analysis.textbook.todo import Todo


def find(name: str) -> Todo:
    """The TODO of a name such as "nb3_4.sigmoid". Raises LookupError."""
    notebook, _dot, part = name.partition(".")
    unknown = LookupError(f"there is no TODO {name}")
    if not notebook.isidentifier() or not part.isidentifier() or part.startswith("_"):
        raise unknown
    module_name = f"{__name__}.{notebook}"
    try:
        function = vars(importlib.import_module(module_name)).get(part)
    except ModuleNotFoundError as error:
        if error.name == module_name:
            raise unknown from None
        raise
    if not inspect.isfunction(function) or function.__module__ != module_name:
        raise unknown
    made = function()
    if not isinstance(made, Todo):
        raise unknown
    return made


__all__ = ["Todo", "find"]
