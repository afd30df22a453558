"""What do the notebook's variables hold in the end: small arrays and numbers, wherever they lie?

Reads variables and what is in them; never calls anything of the student's, not even a property.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

MAX_SIZE = 256  # numbers of one array
MAX_FOUND = 400  # arrays and numbers in all
MAX_VARIABLES = 400
MAX_ITEMS = 60  # of a list, a dictionary or an object
MAX_DEPTH = 3
_EXACT = ("fractions", "decimal", "sympy")


def holdings(variables: dict[str, Any], hidden: dict[str, Any]) -> dict[str, Any]:
    """Arrays (numpy, of at most MAX_SIZE numbers) and numbers by their path: `a`, `a.0.b`.

    `hidden` are names that the kernel itself put there.
    """
    found: dict[str, Any] = {}
    for count, (name, value) in enumerate(list(variables.items())):
        if count >= MAX_VARIABLES or len(found) >= MAX_FOUND:
            break
        if name.startswith("_") or name in ("In", "Out") or hidden.get(name) is value:
            continue
        for path, item in _within(name, value, 0):
            if len(found) >= MAX_FOUND:
                break
            found[path[:200]] = item
    return found


def _within(path: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (types.ModuleType, types.FunctionType, type, bool, str, bytes)):
        return
    try:
        numbers = _numbers(value)
    except Exception:
        numbers = None
    if numbers is not None:
        yield path, numbers
        gradient = _gradient(value)
        if gradient is not None:
            yield f"{path}.grad", gradient
        return
    if depth >= MAX_DEPTH:
        return
    for key, item in _items(value):
        yield from _within(f"{path}.{key}", item, depth + 1)


def _items(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return [(key, item) for key, item in value.items() if isinstance(key, (str, int))][
            :MAX_ITEMS
        ]
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))[:MAX_ITEMS]
    module = _torch_module(value)
    if module is not None:
        return list(module.named_parameters(value))[:MAX_ITEMS]
    if type(value).__module__ == "__main__":
        return list(getattr(value, "__dict__", {}).items())[:MAX_ITEMS]
    return []


def _numbers(value: Any) -> Any:
    """The value as an array or a number; None when it is neither, or too large."""
    if isinstance(value, (int, float)):
        return float(value)
    home = type(value).__module__.partition(".")[0]
    if home in ("numpy", "pandas", "torch", "sympy") or isinstance(value, (list, tuple)):
        return _array(value, home)
    return float(value) if home in _EXACT else None


def _array(value: Any, home: str) -> Any:
    import numpy as np

    if home == "torch":
        if not hasattr(value, "detach") or value.numel() > MAX_SIZE:
            return None
        array = value.detach().cpu().numpy()
    elif home == "sympy":
        if not hasattr(value, "tolist"):
            return float(value)
        array = np.array(value.tolist(), dtype=np.float64)
    elif home == "pandas":
        if getattr(value, "size", MAX_SIZE + 1) > MAX_SIZE:
            return None
        array = value.to_numpy()
    elif home == "numpy":
        array = np.asarray(value)
    else:  # of numbers alone: what holds arrays is looked into
        if not value or len(value) > MAX_SIZE or not _plain(value):
            return None
        array = np.asarray(value)
    if array.dtype.kind not in "iuf" or not 0 < array.size <= MAX_SIZE:
        return None
    return array if array.ndim else float(array)


def _plain(value: Any, depth: int = 0) -> bool:
    if isinstance(value, (list, tuple)):
        return depth < 3 and len(value) <= MAX_SIZE and all(_plain(v, depth + 1) for v in value)
    return type(value) in (int, float)


def _gradient(value: Any) -> Any:
    """What a leaf tensor's gradient holds."""
    if type(value).__module__.partition(".")[0] != "torch" or not value.is_leaf:
        return None
    gradient = value.grad
    return None if gradient is None else _array(gradient, "torch")


def _torch_module(value: Any) -> Any:
    """torch's class of modules, when the value is one."""
    import sys

    torch: Any = sys.modules.get("torch")
    module = getattr(getattr(torch, "nn", None), "Module", None)
    return module if module is not None and isinstance(value, module) else None
