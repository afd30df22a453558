"""Does a run take more than its share? Looks from outside, where the system sets no limit."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Literal

import psutil

from graders.runner.kernel import Kernel
from graders.runner.processes import memory, tree, unlinked
from graders.runner.written import free, nearly_full, written
from graders.sandbox import cgroup

SAMPLE = 0.2  # seconds between looks
COUNTED = 3.0  # seconds between counts of what was written
OWN_GROWTH = 3 * 2**29  # bytes that a run may cost the grader itself
LITTLE_MEMORY = 0.02  # of the machine's, available

Taken = Literal["memory", "processes", "disk", "output", "machine_memory", "machine_disk"]


class Watcher:
    """Looks at one kernel's processes, its folder, the machine and ourselves."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._bounds = kernel.bounds
        self.peak = 0  # bytes of memory

    async def too_much(self) -> Taken:
        """Returns once something is too much, with what it is."""
        folder, bounds = self._kernel.folder, self._bounds
        device = folder.stat().st_dev
        own, room, counted = _own_memory(), free(folder), monotonic()
        was_full = nearly_full(folder)
        while True:
            processes = tree(self._kernel.pid)
            if len(processes) > bounds.processes:
                return "processes"
            held = memory(processes, bounds.memory)
            if self._kernel.group is not None:
                held = max(held, cgroup.memory(self._kernel.group))
            self.peak = max(self.peak, held)
            if held > bounds.memory:
                return "memory"
            if _own_memory() - own > OWN_GROWTH:
                return "output"
            machine = psutil.virtual_memory()
            if machine.available < LITTLE_MEMORY * machine.total:
                return "machine_memory"
            shrunk = room - free(folder) > bounds.disk
            if shrunk or monotonic() - counted > COUNTED:
                here = await asyncio.to_thread(written, folder, bounds.disk)
                if here + unlinked(processes, device) > bounds.disk:
                    return "disk"
                counted, room = monotonic(), free(folder)
            if not was_full and nearly_full(folder):
                return "machine_disk"
            await asyncio.sleep(SAMPLE)


def _own_memory() -> int:
    return int(psutil.Process().memory_info().rss)
