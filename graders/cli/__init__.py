"""The command line: `corrige`."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit status."""
    from graders.cli.app import run

    run()
