"""Which sandbox runs the code? The one asked for, or an error with the remedy."""

from __future__ import annotations

from functools import cache

from graders.language import _
from graders.sandbox.bwrap import Bubblewrap
from graders.sandbox.cgroup import delegated
from graders.sandbox.devices import gpu_devices
from graders.sandbox.none import NoSandbox
from graders.sandbox.protocol import Sandbox, SandboxUnavailable

NAMES = ("auto", "bwrap", "bwrap+gpu", "none")


@cache
def choose(name: str = "auto") -> Sandbox:
    """The sandbox of this name, once it has proven itself; `auto` is bubblewrap, without the GPU.

    There is no silent fall back to less: without a sandbox only by asking for `none`.
    Raises SandboxUnavailable with the remedy, ValueError for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"unknown sandbox {name!r}: one of {', '.join(NAMES)}")
    sandbox: Sandbox = NoSandbox() if name == "none" else _bubblewrap(gpu=name.endswith("+gpu"))
    sandbox.self_check()
    return sandbox


def _bubblewrap(*, gpu: bool) -> Bubblewrap:
    devices = gpu_devices() if gpu else ()
    if gpu and not devices:
        raise SandboxUnavailable(_("There is no GPU here (no /dev/nvidia*, kfd or dri)."))
    return Bubblewrap(devices=devices, delegated=delegated())


__all__ = ["NAMES", "SandboxUnavailable", "choose"]
