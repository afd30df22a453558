"""Puts questions to what the notebook made, once its cells have run, and writes the answers down.

A question calls a function of the notebook's, or all of them, runs cells of it again in copies of
its variables, or asks what these hold. Nothing that the student's code does here raises, and
nothing of it is shown.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import io
import json
import sys
import types
from collections.abc import Iterator
from time import monotonic
from typing import Any

from .asked_bounds import TooLong, limited, without_pictures
from .asked_cells import chosen, pieces
from .holdings import holdings

MAX_PARTS = 2000  # lists, tuples and values in one answer
MAX_ARRAY = 8 * 2**20  # bytes
MAX_LOOKS = 60  # along the way of cells that run again
ONE_OF_EACH = 0.5  # seconds for a function when all of them are called


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
            with (
                limited(float(question["seconds"])),
                without_pictures(),
                contextlib.redirect_stdout(quiet),
                contextlib.redirect_stderr(quiet),
            ):
                return self._put[question["kind"]](question)
        except TooLong:
            return {"outcome": "late"}
        except BaseException as error:  # SystemExit too: what a student's function does is its own
            return {"outcome": "raised", "error": f"{type(error).__name__}: {error}"[:500]}

    def _call(self, question: dict[str, Any]) -> dict[str, Any]:
        variables = self._shell.user_ns
        named_so = (variables.get(name) for name in question["names"])
        function = next(filter(callable, named_so), None)
        if function is None:
            return self._renamed(question)
        found = self._called(function, question)
        try:
            return {"outcome": "answered", "value": self._plain(found)}
        except Exception as error:
            return {"outcome": "unreadable", "error": repr(error)[:500]}

    def _called(self, function: Any, question: dict[str, Any]) -> Any:
        """What the function returns; the notebook's variables are as before afterwards."""
        variables = self._shell.user_ns
        args, named = self._fitted(function, question)
        given = self._values(question["given"])
        before = {key: variables.get(key, _MISSING) for key in given}
        variables.update(given)
        try:
            return function(*args, **named)
        finally:
            _put_back(variables, before)

    def _fitted(self, function: Any, question: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments by place, or by name for a function whose parameters are named as in the
        handed-out notebook but stand in another order, or are more."""
        args = [self._value(value) for value in question["args"]]
        named = self._values(question["named"])
        roles = question["roles"]
        known = {**dict(zip(roles, args, strict=False)), **self._values(question["offered"])}
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            return args, named
        needed = {
            name
            for name, parameter in parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }
        theirs = set(parameters)
        in_order = list(parameters)[: len(roles)] == list(roles) and needed <= set(roles)
        if not roles or in_order or not (set(roles) <= theirs and needed <= set(known)):
            return args, named
        return [], {**{name: known[name] for name in parameters if name in known}, **named}

    def _renamed(self, question: dict[str, Any]) -> dict[str, Any]:
        """What each function that the notebook itself defines says to the same."""
        found = self._each(question)
        if not found:
            return {"outcome": "missing"}
        return {"outcome": "renamed", "value": {"dict": found}}

    def _each(self, question: dict[str, Any]) -> dict[str, Any]:
        """What every function of the notebook's own returns that can be called so, by name."""
        found: dict[str, Any] = {}
        if "torch" not in sys.modules and any(_is_tensor(thing) for thing in question["args"]):
            return found  # no function of a notebook without torch wants tensors
        ends = monotonic() + float(question["seconds"])
        for name, function in self._own_functions():
            if monotonic() > ends:
                break
            try:
                with limited(ONE_OF_EACH), without_pictures():
                    found[name[:100]] = self._plain(self._called(function, question))
            except BaseException:  # what a student's function does is its own
                continue
        return found

    def _own_functions(self) -> Iterator[tuple[str, Any]]:
        variables = self._shell.user_ns
        for name, value in list(variables.items()):
            if isinstance(value, types.FunctionType) and value.__globals__ is variables:
                yield name, value

    def _held(self, _question: dict[str, Any]) -> dict[str, Any]:
        held = holdings(self._shell.user_ns, getattr(self._shell, "user_ns_hidden", {}))
        return {"outcome": "answered", "value": self._plain(held)}

    def _cell(self, question: dict[str, Any]) -> dict[str, Any]:
        parts = chosen(self._shell.user_ns.get("In", ()), question)
        if not parts:
            return {"outcome": "missing"}
        if question["which"] != "each":
            return {"outcome": "answered", "value": self._ran(parts, question)}
        found: list[Any] = []
        for part in parts:
            try:
                found.append(self._ran([part], question))
            except Exception:
                continue
        return {"outcome": "answered", "value": {"list": found}}

    def _ran(self, parts: list[ast.Module], question: dict[str, Any]) -> Any:
        """The wanted variables after these statements, as JSON. The notebook's own are as before.

        As in a notebook, what follows runs though one part failed. Raises its error when nothing
        that is wanted came of it.
        """
        variables = self._shell.user_ns
        before = dict(variables)
        failed: Exception | None = None
        try:
            variables.update({name: _own_copy(value) for name, value in before.items()})
            variables.update(self._values(question["given"]))
            start = self._wanted(question)
            along, looked = question["which"] == "along", list[Any]()
            for part in parts:
                try:
                    for piece in pieces(part):
                        exec(compile(piece, "<asked>", "exec"), variables)
                        if along:
                            looked.append({"list": self._wanted(question)})
                except Exception as error:
                    failed = error
            if along:
                return {"list": looked[-MAX_LOOKS:]}
            found = self._wanted(question)
            if failed is not None and found == start:
                raise failed
            return {"list": found}
        finally:
            for name in [name for name in variables if name not in before]:
                del variables[name]
            variables.update(before)

    def _wanted(self, question: dict[str, Any]) -> list[Any]:
        """The variables that a question wants, as JSON."""
        variables = self._shell.user_ns
        return [self._plain_or_none(_of(variables, path)) for path in question["wanted"]]

    def _plain_or_none(self, thing: Any) -> Any:
        try:
            return self._plain(thing)
        except Exception:
            return None

    def _values(self, things: dict[str, Any]) -> dict[str, Any]:
        return {key: self._value(value) for key, value in things.items()}

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
            return self._made(thing["code"], thing["uses"])
        if "name" in thing:
            variables = self._shell.user_ns
            found = next((variables[n] for n in thing["name"] if n in variables), None)
            if found is None:
                raise NameError(f"name '{thing['name'][0]}' is not defined")
            return found
        if "list" in thing:
            return [self._value(item) for item in thing["list"]]
        return {key: self._value(item) for key, item in thing["dict"].items()}

    def _made(self, source: str, uses: list[str]) -> Any:
        """What code of ours from a question gives."""
        import numpy as np

        variables = self._shell.user_ns
        seen = {"np": np, **{name: variables.get(name) for name in uses}}
        try:
            expression = compile(source, "<question>", "eval")
        except SyntaxError:
            exec(compile(source, "<question>", "exec"), seen)
            return seen["made"]
        return eval(expression, seen)

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


def _is_tensor(thing: Any) -> bool:
    return isinstance(thing, dict) and "tensor" in thing


def _put_back(variables: dict[str, Any], before: dict[str, Any]) -> None:
    for key, value in before.items():
        if value is _MISSING:
            variables.pop(key, None)
        else:
            variables[key] = value


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
