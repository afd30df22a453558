"""What does the notebook hold in its variables after a cell? Models, arrays, numbers."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

from .cells import Cells
from .frameworks.seam import Tensors
from .log import EventLog
from .models import ModelBook, weights_in

MAX_VARIABLES = 400
MAX_ARRAY = 4 * 2**20  # bytes of an array that is kept whole
MAX_COLLECTION = 32 * 2**20  # bytes of a dict or list of weights
MIN_ROWS = 50
MAX_NUMBERS = 2000


class Namespace:
    """Reads the user's variables; never calls anything of the student's."""

    def __init__(self, log: EventLog, cells: Cells, book: ModelBook) -> None:
        self.log, self.cells, self.book = log, cells, book
        self._arrays: dict[str, Any] = {}
        self._numbers: dict[str, float] = {}

    def cell_ended(self) -> None:
        numbers: dict[str, float] = {}
        variables = list(self._variables())
        self._meet(variables)
        for name, value in variables:
            if len(numbers) < MAX_NUMBERS:
                numbers.update(_numbers(self.book, name, value))
            for path, item in _arrays(self.book, name, value):
                self._array(path, item)
        changed = {k: v for k, v in numbers.items() if self._numbers.get(k) != v}
        self._numbers = numbers
        if changed:
            self.log.write(
                "numbers", cell=self.cells.current, moment=self.cells.tick(), values=changed
            )

    def _variables(self) -> Iterator[tuple[str, Any]]:
        hidden = getattr(self.cells.shell, "user_ns_hidden", {})
        count = 0
        for name, value in list(self.cells.shell.user_ns.items()):
            if name.startswith("_") or name in ("In", "Out") or hidden.get(name) is value:
                continue
            if isinstance(value, (types.ModuleType, types.FunctionType, type)):
                continue
            count += 1
            if count > MAX_VARIABLES:
                return
            yield name, value

    def _meet(self, variables: list[tuple[str, Any]]) -> None:
        """Models in variables, in containers and in the attributes of the student's objects.

        Parts of a model are left out, unless a variable holds one that is more than a layer.
        """
        book = self.book
        if not book.frameworks:
            return
        found = [
            (path, thing, book.framework_of(thing))
            for name, value in variables
            for path, thing in _things(book, name, value)
        ]
        parts = {
            id(part)
            for _path, thing, framework in found
            if framework is not None
            for _, part in framework.parts(thing)
            if part is not thing
        }
        for path, thing, framework in found:
            if framework is not None:
                held = "." not in path and not framework.is_layer(thing)
                if (id(thing) not in parts or held) and framework.has_parameters(thing):
                    book.meet(thing, path)
            elif any(_is_collection(f.tensors, thing) for f in book.frameworks):
                book.meet(thing, path)

    def _array(self, name: str, value: Any) -> None:
        import numpy as np

        columns: list[str] = []
        kind = type(value).__name__
        tensors = self.book.tensors_of(value)
        if isinstance(value, np.ndarray):
            array = value
        elif tensors is not None:
            if tensors.learns(value) or len(tensors.shape(value)) not in (1, 2):
                return
            array = tensors.to_numpy(value)
        elif kind in ("DataFrame", "Series") and type(value).__module__.startswith("pandas"):
            if kind == "DataFrame":
                numeric = value.select_dtypes("number")
                columns = [str(c)[:60] for c in numeric.columns[:200]]
                array = numeric.to_numpy()
            else:
                array = value.to_numpy()
                columns = [str(value.name)[:60]]
        elif (
            isinstance(value, list)
            and len(value) >= MIN_ROWS
            and isinstance(value[0], (int, float))
        ):
            array = np.asarray(value)
        else:
            return
        if array.dtype.kind == "O":
            array = array.astype(str) if array.ndim == 1 and len(array) < 100_000 else array
        if array.dtype.kind not in "biufU" or array.ndim not in (1, 2) or len(array) < MIN_ROWS:
            return
        if array.dtype.kind == "U" and array.dtype.itemsize > 400:
            return
        if array.nbytes > 32 * MAX_ARRAY:
            return
        digest = self.log.digest(array)
        if self._arrays.get(name) == digest:
            return
        self._arrays[name] = digest
        if array.nbytes <= MAX_ARRAY:
            self.log.keep(array)
        self.log.write(
            "array",
            name=name[:200],
            cell=self.cells.current,
            moment=self.cells.tick(),
            kind=kind,
            shape=list(array.shape),
            dtype=str(array.dtype),
            digest=digest,
            columns=columns,
        )


def _arrays(book: ModelBook, name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """A value, what a container, an object of the student's or a data set holds."""
    yield name, value
    if depth >= 2:
        return
    home = type(value).__module__
    if isinstance(value, dict) and len(value) <= 20:
        items = list(value.items())
    elif isinstance(value, (list, tuple)) and len(value) <= 20:
        items = list(enumerate(value))
    elif home == "__main__" and book.framework_of(value) is None:
        items = list(getattr(value, "__dict__", {}).items())[:40]
    elif home.startswith("torch.utils.data"):
        held = getattr(value, "__dict__", {})
        items = [(key, held[key]) for key in ("tensors", "dataset") if key in held]
    else:
        return
    for key, item in items:
        yield from _arrays(book, f"{name}.{key}", item, depth + 1)


def _things(book: ModelBook, name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    yield name, value
    if depth >= 2 or isinstance(value, (str, bytes)) or book.tensors_of(value) is not None:
        return
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())[:100]
    elif isinstance(value, (list, tuple)) and len(value) <= 100:
        items = list(enumerate(value))
    elif type(value).__module__ == "__main__" and book.framework_of(value) is None:
        items = list(getattr(value, "__dict__", {}).items())[:100]
    for key, item in items:
        if (
            isinstance(item, (dict, list, tuple))
            or type(item).__module__ == "__main__"
            or book.framework_of(item) is not None
        ):
            yield from _things(book, f"{name}.{key}", item, depth + 1)


def _is_collection(tensors: Tensors, thing: Any) -> bool:
    """A dict or list of weights: two tensors or more, one a matrix, all of modest size."""
    if not isinstance(thing, (dict, list, tuple)) or not thing or len(thing) > 500:
        return False
    found = [t for _n, t in weights_in(tensors, thing)]
    return (
        len(found) >= 2
        and any(len(tensors.shape(t)) == 2 for t in found)
        and sum(tensors.nbytes(t) for t in found) <= MAX_COLLECTION
    )


def _numbers(book: ModelBook, name: str, value: Any, depth: int = 0) -> dict[str, float]:
    """Numbers held in a variable, by path."""
    if isinstance(value, bool):
        return {}
    if isinstance(value, (int, float)):
        return {name[:200]: float(value)}
    tensors = book.tensors_of(value)
    if tensors is not None:
        number = tensors.number(value)
        return {} if number is None else {name[:200]: number}
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        try:
            return {name[:200]: float(value)}
        except (TypeError, ValueError):
            return {}
    if depth >= 2:
        return {}
    kind = type(value).__name__
    found: dict[str, float] = {}
    if isinstance(value, dict):
        for key, item in list(value.items())[:60]:
            found.update(_numbers(book, f"{name}.{key}", item, depth + 1))
    elif isinstance(value, (list, tuple)) and len(value) <= 60:
        for key, item in enumerate(value):
            found.update(_numbers(book, f"{name}.{key}", item, depth + 1))
    elif kind == "DataFrame" and type(value).__module__.startswith("pandas") and value.size <= 200:
        for column in value.columns:
            for row, item in zip(value.index, value[column].tolist(), strict=False):
                found.update(_numbers(book, f"{name}.{column}.{row}", item, depth + 1))
    elif kind == "Series" and type(value).__module__.startswith("pandas") and value.size <= 60:
        for row, item in zip(value.index, value.tolist(), strict=False):
            found.update(_numbers(book, f"{name}.{row}", item, depth + 1))
    return found
