"""What does this machine have?"""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console

from graders.batch.cores import available_cores
from graders.language import _, speaking
from graders.sandbox import SandboxUnavailable, choose

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
        try:
            console.print(_("sandbox") + f": {choose('auto').name}")
        except SandboxUnavailable as error:
            lacking = True
            console.print(_("sandbox") + f": {error}", style="yellow")
        data = os.environ.get("CORRIGE_DATA")
        console.print(f"CORRIGE_DATA: {data or _('not set')}")
    return int(lacking)
