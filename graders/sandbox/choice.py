"""Which sandbox runs the code? The one asked for, or an error with the remedy."""

from __future__ import annotations

from functools import cache

from graders.sandbox.bwrap import Bubblewrap
from graders.sandbox.none import NoSandbox
from graders.sandbox.protocol import Sandbox, SandboxUnavailable

NAMES = ("auto", "bwrap", "none")


@cache
def choose(name: str = "auto") -> Sandbox:
    """The sandbox of this name, once it has proven itself; `auto` is bubblewrap.

    There is no silent fall back to less: without a sandbox only by asking for `none`.
    Raises SandboxUnavailable with the remedy, ValueError for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"unknown sandbox {name!r}: one of {', '.join(NAMES)}")
    sandbox: Sandbox = NoSandbox() if name == "none" else Bubblewrap()
    sandbox.self_check()
    return sandbox


__all__ = ["NAMES", "SandboxUnavailable", "choose"]
