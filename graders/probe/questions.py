"""Puts questions to what the notebook made, once its cells have run, and writes the answers down.

A question calls a function of the notebook's, or all of them, runs one of its cells again in a copy
of its variables, or asks what these hold. Nothing that the student's code does here raises, and
nothing of it is shown.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import io
import json
import signal
import threading
import types
from collections.abc import Iterator
from time import monotonic
from typing import Any

from .holdings import holdings

MAX_PARTS = 2000  # lists, tuples and values in one answer
MAX_ARRAY = 8 * 2**20  # bytes
ONE_OF_EACH = 0.5  # seconds for a function when all of them are called


class TooLong(BaseException):
    """The time for a question is over; no `except Exception` of the student's stops it."""


class Questions:
    """Answers the questions of a file, one event each."""

    def __init__(self, shell: Any, log: Any) -> None:
        self._shell, self._log = shell, log
        self._put = {"call": self._call, "cell": self._cell, "held": self._held}

    def answer(self, path: str) -> None:
        """Put every question of this JSON file (a list of {digest, kind, names, ...})."""
        with open(path, encoding="utf-8") as stream:
            questions = json.load(stream)
        for question in questions:
            self._log.write("asked", question=question["digest"], **self._asked(question))
        self._log.flush()

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        quiet = io.StringIO()
        if question["kind"] == "each":
            with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                return {"outcome": "answered", "value": {"dict": self._each(question)}}
        try:
            with _limit(float(question["seconds"])), _without_pictures():
                with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                    found = self._put[question["kind"]](question)
                if found is _MISSING:
                    return {"outcome": "missing"}
                try:
                    return {"outcome": "answered", "value": self._plain(found)}
                except Exception as error:
                    return {"outcome": "unreadable", "error": repr(error)[:500]}
        except TooLong:
            return {"outcome": "late"}
        except BaseException as error:  # SystemExit too: what a student's function does is its own
            return {"outcome": "raised", "error": f"{type(error).__name__}: {error}"[:500]}

    def _call(self, question: dict[str, Any]) -> Any:
        variables = self._shell.user_ns
        named_so = (variables.get(name) for name in question["names"])
        function = next(filter(callable, named_so), None)
        if function is None:
            return _MISSING
        args = [self._value(value) for value in question["args"]]
        named = {key: self._value(value) for key, value in question["named"].items()}
        given = {key: self._value(value) for key, value in question["given"].items()}
        before = {key: variables.get(key, _MISSING) for key in given}
        variables.update(given)
        try:
            return function(*args, **named)
        finally:
            for key, value in before.items():
                if value is _MISSING:
                    variables.pop(key, None)
                else:
                    variables[key] = value

    def _held(self, _question: dict[str, Any]) -> Any:
        return holdings(self._shell.user_ns, getattr(self._shell, "user_ns_hidden", {}))

    def _each(self, question: dict[str, Any]) -> dict[str, Any]:
        """What every function of the notebook's own returns that can be called so, by name."""
        variables = self._shell.user_ns
        ends = monotonic() + float(question["seconds"])
        found: dict[str, Any] = {}
        for name, function in list(variables.items()):
            own = isinstance(function, types.FunctionType) and function.__globals__ is variables
            if not own or monotonic() > ends:
                continue
            try:
                with _limit(ONE_OF_EACH), _without_pictures():
                    args = [self._value(value) for value in question["args"]]
                    inspect.signature(function).bind(*args)
                    found[name[:100]] = self._plain(function(*args))
            except BaseException:  # what a student's function does is its own
                continue
        return found

    def _cell(self, question: dict[str, Any]) -> Any:
        source = self._source(question["names"], question["which"], question["calls"])
        if source is None:
            return _MISSING
        variables = {k: _own_copy(v) for k, v in self._shell.user_ns.items()}
        variables.update({k: self._value(v) for k, v in question["given"].items()})
        code = compile(source, "<asked>", "exec")
        exec(code, variables)
        return [_of(variables, path) for path in question["wanted"]]

    def _source(self, names: list[str], which: str, calls: bool) -> ast.Module | None:
        """The first or last cell that assigns (or calls) one of the names, without its magics."""
        said = called if calls else assigned
        cells = [c for c in self._shell.user_ns.get("In", ()) if isinstance(c, str)]
        for text in cells if which == "first" else reversed(cells):
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError):
                continue
            if any(name in said(tree) for name in names):
                return tree
        return None

    def _value(self, thing: Any) -> Any:
        if not isinstance(thing, dict):
            return thing
        if "array" in thing:
            import numpy as np

            return np.array(thing["array"], dtype=thing["dtype"]).reshape(thing["shape"])
        if "tensor" in thing:
            import torch

            return torch.from_numpy(self._value(thing["tensor"]).copy())
        if "code" in thing:
            import numpy as np

            return eval(thing["code"], {"np": np})  # ours, from the question
        if "name" in thing:
            variables = self._shell.user_ns
            found = next((variables[n] for n in thing["name"] if n in variables), None)
            if found is None:
                raise NameError(f"name '{thing['name'][0]}' is not defined")
            return found
        if "list" in thing:
            return [self._value(item) for item in thing["list"]]
        return {key: self._value(item) for key, item in thing["dict"].items()}

    def _plain(self, thing: Any, room: list[int] | None = None, depth: int = 0) -> Any:
        """As JSON; arrays are kept and named by digest. Raises TypeError for what is neither."""
        room = [MAX_PARTS] if room is None else room
        room[0] -= 1
        if room[0] < 0 or depth > 6:
            raise TypeError("an answer of too many parts")
        if thing is None or type(thing) in (bool, int, float, str):
            return thing[:2000] if isinstance(thing, str) else thing
        if type(thing) in (list, tuple):
            return {"list": [self._plain(item, room, depth + 1) for item in thing]}
        if type(thing) is dict:
            return {
                "dict": {str(k)[:100]: self._plain(v, room, depth + 1) for k, v in thing.items()}
            }
        if hasattr(thing, "detach") and hasattr(thing, "cpu"):
            thing = thing.detach().cpu().numpy()
        import numpy as np

        array = np.asarray(thing)
        if array.dtype.kind not in "biufc" or array.nbytes > MAX_ARRAY:
            raise TypeError(f"{type(thing).__name__} of {array.dtype}")
        if array.dtype.kind == "c":
            array = np.stack([array.real, array.imag])
        return {"array": self._log.keep(array)}


_MISSING = object()


def assigned(tree: ast.Module) -> set[str]:
    """Names that a cell's own statements assign, also by parts (`a[0] = 1`) and in loops."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def called(tree: ast.Module) -> set[str]:
    """Names of functions that a cell calls by itself, outside of what it defines."""
    found: set[str] = set()
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(node.func.id)
        todo.extend(ast.iter_child_nodes(node))
    return found


def _of(variables: dict[str, Any], path: str) -> Any:
    """`a` or `a.b`; None when it is not there."""
    name, *attributes = path.split(".")
    found = variables.get(name)
    for attribute in attributes:
        found = getattr(found, attribute, None)
    return found


def _own_copy(value: Any) -> Any:
    """A copy of arrays, so that running a cell again changes none of the notebook's."""
    if type(value).__module__ in ("numpy", "torch") and hasattr(value, "shape"):
        try:
            return copy.deepcopy(value)
        except Exception:
            return value
    return value


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raises TooLong in what runs longer; only the main thread can be told."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _without_pictures() -> Iterator[None]:
    """What is drawn while a question is answered is thrown away."""
    import sys

    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        yield
        return
    show = pyplot.show
    pyplot.show = lambda *args, **kwargs: pyplot.close("all")
    try:
        yield
    finally:
        pyplot.show = show
        pyplot.close("all")
