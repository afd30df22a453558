"""Which function does a name such as "theme.function" stand for in a package of ours?"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any


def function_in(package: str, name: str) -> Callable[..., Any]:
    """The public function of the package's module that was written there. Raises LookupError."""
    module, _dot, called = name.partition(".")
    unknown = LookupError(f"there is no {name} in {package}")
    if not module.isidentifier() or not called.isidentifier() or called.startswith("_"):
        raise unknown
    module_name = f"{package}.{module}"
    try:
        function = vars(importlib.import_module(module_name)).get(called)
    except ModuleNotFoundError as error:
        if error.name == module_name:
            raise unknown from None
        raise
    if not inspect.isfunction(function) or function.__module__ != module_name:
        raise unknown
    return function
