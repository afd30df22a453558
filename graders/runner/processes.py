"""A kernel and everything it started: which processes, how much memory, and their end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil

PROC = Path("/proc")


def tree(root: int) -> list[int]:
    """The process and its descendants that are alive."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        try:
            listings = list((PROC / str(pid) / "task").glob("*/children"))
            below = [int(child) for listing in listings for child in listing.read_text().split()]
        except OSError:
            continue
        if not listings:  # not Linux, or a kernel without these lists, or gone
            return _searched(root)
        found.append(pid)
        todo += below
    return found


def _searched(root: int) -> list[int]:
    try:
        return [root, *(child.pid for child in psutil.Process(root).children(recursive=True))]
    except psutil.Error:
        return []


def memory(processes: list[int], limit: int) -> int:
    """Bytes of memory that they hold together, with what lies in their files in memory.

    Resident sizes count shared pages twice; only when their sum passes the limit is the exact,
    slower measure taken.
    """
    in_files = _memory_files(processes)
    resident = in_files + sum(_resident(pid) for pid in processes)
    if resident <= limit:
        return resident
    shares = [_shares(pid) for pid in processes]
    held, shared = (sum(share[part] for share in shares) for part in (0, 1))
    return held + max(0, in_files - shared)


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _shares(pid: int) -> tuple[int, int]:
    """Bytes with shared pages divided among those who share them; how many lie in memory files."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return _resident(pid), 0
    sizes = {words[0]: int(words[1]) * 1024 for words in map(str.split, lines) if len(words) == 3}
    return sizes.get("Pss:", 0), sizes.get("Pss_Shmem:", 0)


def _memory_files(processes: list[int]) -> int:
    """Bytes in the folders in memory that are the sandbox's own."""
    total = 0
    for folder in ("/dev/shm", "/tmp"):
        for pid in processes[-1:]:  # the youngest is inside; the first is still outside
            inside = f"{PROC}/{pid}/root{folder}"
            try:
                if os.stat(inside).st_dev != os.stat(folder).st_dev:
                    seen = os.statvfs(inside)
                    total += (seen.f_blocks - seen.f_bfree) * seen.f_frsize
            except OSError:
                continue
    return total


def unlinked(processes: list[int], device: int) -> int:
    """Bytes of files on this device that have no name any more and are held open."""
    sizes: dict[int, int] = {}
    for pid in processes:
        try:
            entries = list(os.scandir(f"{PROC}/{pid}/fd"))
        except OSError:
            continue
        for entry in entries:
            try:
                seen = os.stat(entry.path)
            except OSError:
                continue
            if seen.st_nlink == 0 and seen.st_dev == device:
                sizes[seen.st_ino] = seen.st_blocks * 512
    return sum(sizes.values())


def kill_tree(root: int, mark: str) -> None:
    """Kill the process, its group, its descendants, and whatever carries the mark
    (`NAME=value`) in its environment, so that one that detached itself is found too.

    In a sandbox the first is enough: what shares its process namespace dies with it.
    """
    doomed = tree(root)
    if os.name == "posix" and root > 1:
        try:
            if os.getpgid(root) == root:  # never our own group
                os.killpg(root, signal.SIGKILL)
        except OSError:
            pass
    for pid in [*doomed, *_marked(mark)]:
        try:
            psutil.Process(pid).kill()
        except (psutil.Error, OSError):
            continue


def _marked(mark: str) -> list[int]:
    if not sys.platform.startswith("linux"):
        return []
    wanted = mark.encode()
    found = []
    for folder in PROC.glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found
