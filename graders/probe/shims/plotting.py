"""Figures go into the notebook, whatever backend is asked for; no window opens or waits."""

from __future__ import annotations

import functools
from typing import Any

from ..imports import when_imported
from ..notices import note

_QUIET = frozenset({"agg", "inline", "pdf", "svg", "ps", "cairo", "template"})


def install(shell: Any) -> None:
    """Any `%matplotlib` is `inline`; `matplotlib.use` keeps to backends without windows."""
    if shell is not None:
        real = shell.enable_matplotlib

        @functools.wraps(real)
        def enable_matplotlib(gui: str | None = None) -> Any:
            if gui not in (None, "inline", "agg"):
                note("plot", f"%matplotlib {gui}")
            return real("inline")

        shell.enable_matplotlib = enable_matplotlib
        shell.enable_gui = lambda gui=None: None if gui is None else note("plot", f"%gui {gui}")
    when_imported("matplotlib", _matplotlib)
    when_imported("matplotlib.pyplot", _pyplot)


def _window(backend: Any) -> bool:
    name = str(backend).lower()
    return not (name in _QUIET or name.startswith("module://matplotlib_inline"))


def _matplotlib(matplotlib: Any) -> None:
    real = matplotlib.use

    @functools.wraps(real)
    def use(backend: Any, **kwargs: Any) -> Any:
        if _window(backend):
            note("plot", f"matplotlib.use({backend!r})")
            return None
        return real(backend, **kwargs)

    matplotlib.use = use


def _pyplot(pyplot: Any) -> None:
    real = pyplot.switch_backend

    @functools.wraps(real)
    def switch_backend(newbackend: Any) -> Any:
        # pyplot itself tries those for windows when none was chosen: they fail by themselves.
        if _window(newbackend) and pyplot.rcParams._get_backend_or_none() is not None:
            note("plot", f"switch_backend({newbackend!r})")
            return None
        return real(newbackend)

    pyplot.switch_backend = switch_backend
