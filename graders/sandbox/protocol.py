"""What a sandbox is: something that wraps a command so that it runs shut in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class SandboxUnavailable(Exception):  # noqa: N818 - a state of the machine
    """This sandbox does not work on this machine. The message says what to do about it."""


@dataclass(frozen=True)
class Bounds:
    """How much a run may take. What the system cannot hold it to, the runner watches."""

    memory: int = 6 * 2**30  # bytes of all its processes together
    processes: int = 256
    disk: int = 4 * 2**30  # bytes it may write in its folder, and of one file
    open_files: int = 4096  # of one process

    @property
    def tasks(self) -> int:
        """Processes and threads together: numerical libraries start a thread for each core."""
        return 16 * self.processes


@dataclass(frozen=True)
class Launch:
    """How to start a shut-in command. `group` is its control group, when it has one."""

    command: list[str]
    env: dict[str, str]
    group: Path | None = None


@dataclass(frozen=True)
class Shared:
    """What of the disk a run sees besides the system and its own folder."""

    readable: Sequence[Path] = field(default=())
    hidden: Sequence[Path] = field(default=())  # folders that would lie inside what is readable


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
        shared: Shared,
        env: Mapping[str, str],
        bounds: Bounds,
    ) -> Launch:
        """What starts `command` shut in.

        `workdir` (absolute) is the only folder it may write. Paths stay the same inside. The
        process starts in `workdir` and sees only `env`.
        """
        ...

    def self_check(self) -> None:
        """Try it for real. Raises SandboxUnavailable, with the remedy, when it does not hold."""
        ...
