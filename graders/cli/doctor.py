"""What does this machine have?"""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console

from graders.batch.cores import available_cores
from graders.batch.environments import made
from graders.cli.environments import used
from graders.language import _, speaking
from graders.sandbox import SandboxUnavailable, choose
from graders.sandbox.cgroup import delegated
from graders.sandbox.devices import gpu_devices
from graders.sandbox.self_check import examine as examine_sandbox

_PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn", "nbclient", "ipykernel", "pytest")


def examine(language: str) -> int:
    """A line for each thing that marking needs. 1 when something is lacking."""
    console = Console(highlight=False)
    lacking = False
    with speaking(language):
        console.print(f"python {platform.python_version()}, {available_cores()} " + _("cores"))
        for name in _PACKAGES:
            try:
                console.print(f"{name} {version(name)}")
            except PackageNotFoundError:
                lacking = True
                console.print(f"{name}: " + _("not installed"), style="red")
        lacking |= not _sandbox(console)
        _environments(console)
        data = os.environ.get("CORRIGE_DATA")
        console.print(f"CORRIGE_DATA: {data or _('not set')}")
    return int(lacking)


def _environments(console: Console) -> None:
    """Which environments rubrics name, and whether they are made."""
    for folder, names in used().items():
        note = made(folder)
        if note is None:
            said = _("not made yet: corrige env make {name}").format(name=names[0])
            console.print(_("environment") + f" {', '.join(names)}: {said}", style="yellow")
        else:
            said = f"{note.file}, Python {note.python}"
            console.print(_("environment") + f" {', '.join(names)}: {said}")


def _sandbox(console: Console) -> bool:
    """Say of each promise of the sandbox whether it holds here; False when it cannot be used."""
    try:
        sandbox = choose("auto")
        promises = examine_sandbox(sandbox)
    except SandboxUnavailable as error:
        console.print(_("sandbox") + f": {error}", style="yellow")
        return False
    console.print(_("sandbox") + f": {sandbox.name}")
    for promise in promises:
        console.print(f"  {'✓' if promise.kept else '✗'} {promise.sentence}")
    if any(not promise.kept for promise in promises):
        console.print(
            "  " + _("What is marked ✗ needs prlimit (Debian: apt install util-linux)."),
            style="yellow",
        )
    group = delegated()
    limits = (
        _("memory and processes: a control group, and the grader's watcher")
        if group
        else _("memory and processes: the grader's watcher (no control group was delegated)")
    )
    console.print(f"  {limits}")
    console.print("  GPU: " + (", ".join(gpu_devices()) or _("none")))
    return True
