"""What a sandbox is: something that wraps a command so that it runs shut in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol


class SandboxUnavailable(Exception):  # noqa: N818 - a state of the machine
    """This sandbox does not work on this machine. The message says what to do about it."""


class Sandbox(Protocol):
    """One way to shut a process in."""

    @property
    def name(self) -> str:
        """Short name, part of the evidence key."""
        ...

    def wrap(
        self,
        command: list[str],
        *,
        workdir: Path,
        readable: Sequence[Path],
        env: Mapping[str, str],
    ) -> tuple[list[str], dict[str, str]]:
        """The command line that runs `command` shut in, and the environment to start it with.

        `workdir` (absolute) is the only folder it may write; `readable` may be read besides the
        system. Paths stay the same inside. The process starts in `workdir` and sees only `env`.
        """
        ...

    def self_check(self) -> None:
        """Try it for real. Raises SandboxUnavailable, with the remedy, when it does not hold."""
        ...
