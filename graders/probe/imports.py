"""Do something right after a module is first imported, without changing what import means."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .notices import note

Action = Callable[[Any], object]
Repair = Callable[[BaseException], bool]


class _Watcher(importlib.abc.MetaPathFinder):
    """First on `sys.meta_path`; asks the other finders and adds to the loader they give.

    Only the one loader object of a watched module is touched, and only until it has run.
    """

    def __init__(self) -> None:
        self.actions: dict[str, list[Action]] = {}
        self.repairs: dict[str, Repair] = {}
        self._searching: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self._searching or not (
            fullname in self.actions or fullname in self.repairs
        ):
            return None
        self._searching.add(fullname)
        try:
            spec = self._ask_others(fullname, path, target)
        finally:
            self._searching.discard(fullname)
        loader = spec.loader if spec is not None else None
        if loader is not None and not isinstance(loader, type) and hasattr(loader, "exec_module"):
            self._prepare(fullname, loader)
        return spec

    def _ask_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
        return None

    def _prepare(self, name: str, loader: Any) -> None:
        original = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            loader.__dict__.pop("exec_module", None)
            try:
                original(module)
            except Exception as error:
                repair = self.repairs.get(name)
                if repair is None or not repair(error):
                    raise
                original(module)
            for action in self.actions.pop(name, []):
                _run(action, name, module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            note("fault", f"imports: {name} cannot be watched")


def _run(action: Action, name: str, module: Any) -> None:
    try:
        action(module)
    except Exception as error:
        note("fault", f"imports: {name}: {error!r}")


_watcher = _Watcher()


def _watching() -> _Watcher:
    if _watcher not in sys.meta_path:
        sys.meta_path.insert(0, _watcher)
    return _watcher


def when_imported(name: str, action: Action) -> None:
    """Run `action(module)` right after the module is first imported; now if it already is.

    What the action raises is noted, never seen by the code that imports.
    """
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    if module is not None and not getattr(spec, "_initializing", False):
        _run(action, name, module)
    else:
        _watching().actions.setdefault(name, []).append(action)


def when_import_fails(name: str, repair: Repair) -> None:
    """When importing the module raises, `repair(error)` may mend it and say True: it is tried
    once more.
    """
    if name not in sys.modules:
        _watching().repairs[name] = repair
