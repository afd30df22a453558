"""The command line: `corrige`."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command line and leave with its exit status."""
    _import_nothing_from_here()
    from graders.cli.app import run

    run()


def _import_nothing_from_here() -> None:
    """Python looks for modules in the current folder first when it is started with `-m`, or with
    an empty entry in PYTHONPATH. That folder may be a submission with a `typer.py` in it.
    """
    ours, here = Path(__file__).resolve().parents[2], Path.cwd().resolve()
    sys.path[:] = [
        entry
        for entry in sys.path
        if Path(entry or ".").resolve() != here or (here == ours and entry)
    ]
    if here == ours and str(ours) not in sys.path:
        sys.path.insert(0, str(ours))
