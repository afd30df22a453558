"""Is what a textbook's notebook left to be done right? One module for each notebook.

Each TODO is a function of its notebook's module that returns a `Todo`: questions on inputs that do
not stand in the notebook, and a judge that compares the answers with a reference in float64.
"""

from __future__ import annotations

from graders.analysis.textbook.todo import Todo
from graders.named import function_in


def find(name: str) -> Todo:
    """The TODO of a name such as "nb3_4.sigmoid". Raises LookupError."""
    made = function_in(__name__, name)()
    if not isinstance(made, Todo):
        raise LookupError(f"{name} is no TODO")
    return made


__all__ = ["Todo", "find"]
