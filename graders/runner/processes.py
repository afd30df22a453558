"""A kernel and everything it started: how much memory it takes, and its end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil


def tree(root: psutil.Process) -> list[psutil.Process]:
    """The process and its descendants that are alive."""
    try:
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def memory(processes: list[psutil.Process], limit: int) -> int:
    """Bytes of memory that they hold together.

    Resident sizes count shared pages twice; only when their sum passes the limit is the exact,
    slower measure taken.
    """
    resident = sum(_resident(process) for process in processes)
    if resident <= limit or len(processes) == 1:
        return resident
    return sum(_proportional(process) for process in processes)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.Error:
        return _resident(process)


def kill_tree(root: psutil.Process, mark: str) -> None:
    """Kill the process, its group, its descendants, and whatever carries the mark
    (`NAME=value`) in its environment, so that one that detached itself is found too.
    """
    doomed = tree(root)
    if os.name == "posix" and root.pid > 1:
        try:
            if os.getpgid(root.pid) == root.pid:  # never our own group
                os.killpg(root.pid, signal.SIGKILL)
        except OSError:
            pass
    for process in [*doomed, *_marked(mark)]:
        try:
            process.kill()
        except psutil.Error:
            continue


def _marked(mark: str) -> list[psutil.Process]:
    if not sys.platform.startswith("linux"):
        return []
    wanted = mark.encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(psutil.Process(int(folder.name)))
        except (OSError, psutil.Error):
            continue
    return found
