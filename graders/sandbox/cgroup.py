"""Is there a control group (version 2) of our own, and how does one run get its share of it?

A teacher gets one with `systemd-run --user --scope -p Delegate=yes corrige grade ...`. A group
that hands controllers on may hold no processes itself, so ours move into a leaf first. As in the
kernel's documentation, "Control Group v2", and systemd's, "Control Group APIs and Delegation".
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

from graders.sandbox.protocol import Bounds

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
LEAF = "corrige-grader"
NEEDED = ("memory", "pids")
REMOVAL = 5.0  # seconds until a group whose processes were killed is empty

Acted = Literal["", "memory", "processes"]


@dataclass(frozen=True)
class Delegated:
    """A group that we may divide among runs."""

    folder: Path

    def group(self, bounds: Bounds) -> Path | None:
        """A new group with these limits; None when it cannot be made (any more)."""
        folder = self.folder / f"corrige-run-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            folder.mkdir()
            (folder / "memory.max").write_text(str(bounds.memory))
            (folder / "pids.max").write_text(str(bounds.tasks))
            for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
                if (folder / name).exists():
                    (folder / name).write_text(value)
        except OSError:
            remove(folder)
            return None
        return folder


def delegated(root: Path = ROOT, own: Path = OWN) -> Delegated | None:
    """The group we may divide, made ready for it; None where none was handed to us."""
    try:
        lines = own.read_text().splitlines()
        path = next(line[3:] for line in lines if line.startswith("0::"))
        folder = root / path.lstrip("/")
        if folder.name == LEAF:
            folder = folder.parent
        if folder == root or not set(NEEDED) <= set(_words(folder / "cgroup.controllers")):
            return None
        if not set(NEEDED) <= set(_words(folder / "cgroup.subtree_control")):
            leaf = folder / LEAF
            leaf.mkdir(exist_ok=True)
            for pid in _words(folder / "cgroup.procs"):
                (leaf / "cgroup.procs").write_text(pid)
            wanted = " ".join(f"+{name}" for name in NEEDED)
            (folder / "cgroup.subtree_control").write_text(wanted)
    except (OSError, StopIteration):
        return None
    return Delegated(folder)


def acted(group: Path) -> Acted:
    """Which of its limits the group was held to."""
    if _count(group / "memory.events", "oom_kill"):
        return "memory"
    return "processes" if _count(group / "pids.events", "max") else ""


def memory(group: Path) -> int:
    """Bytes that the group holds, what lies in memory files included; 0 when unknown."""
    try:
        return int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return 0


def remove(group: Path) -> None:
    """Kill what is left in the group and take it away."""
    with suppress(OSError):
        (group / "cgroup.kill").write_text("1")
    end = monotonic() + REMOVAL
    while group.exists() and monotonic() < end:
        try:
            group.rmdir()
        except OSError:
            sleep(0.05)


def _words(path: Path) -> list[str]:
    return path.read_text().split()


def _count(path: Path, name: str) -> int:
    try:
        pairs = (line.split() for line in path.read_text().splitlines())
        return sum(int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] == name)
    except (OSError, ValueError):
        return 0
