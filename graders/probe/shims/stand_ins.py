"""Modules that exist only where nobody else provides them."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

Fill = Callable[[ModuleType], None]


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Last on `sys.meta_path`, so that a real module always wins.

    `fill(module)` gives a module its content when it is first imported.
    """

    def __init__(self) -> None:
        self._fills: dict[str, Fill] = {}

    def add(self, name: str, fill: Fill) -> None:
        self._fills[name] = fill
        if self not in sys.meta_path:
            sys.meta_path.append(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._fills:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        self._fills[module.__name__](module)


stand_ins = StandIns()
