"""Time and memory: interrupts a cell that takes too long, kills what takes too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Literal

from graders.rubric.model import Run
from graders.runner.kernel import Kernel
from graders.runner.processes import memory, tree

GRACE = 4.0  # seconds to react to an interrupt, twice
SAMPLE = 0.2  # seconds between looks at the memory
LOOK_FOR_CHILDREN = 5  # looks between searches for new processes

Reason = Literal["", "cell", "budget", "memory"]


class Limits:
    """Watches one kernel. `killed_for` says why it was killed, "" when it was not by us."""

    def __init__(self, kernel: Kernel, settings: Run, began: float) -> None:
        self._kernel = kernel
        self._settings = settings
        self._end = began + settings.budget
        self.killed_for: Reason = ""
        self.timed_out = False  # the running cell, or the last that ran
        self.peak = 0  # bytes

    @property
    def spent(self) -> bool:
        """Is the budget of all cells spent?"""
        return monotonic() >= self._end

    @asynccontextmanager
    async def cell(self) -> AsyncIterator[None]:
        """Hold a cell to its time and to what is left of the budget."""
        self.timed_out = False
        task = asyncio.create_task(self._time())
        try:
            yield
        finally:
            await _stopped(task)

    @asynccontextmanager
    async def watching_memory(self) -> AsyncIterator[None]:
        """Kill the kernel when it and its children hold more than allowed."""
        task = asyncio.create_task(self._memory())
        try:
            yield
        finally:
            await _stopped(task)

    async def _time(self) -> None:
        left = self._end - monotonic()
        await asyncio.sleep(max(0.0, min(self._settings.cell_timeout, left)))
        self.timed_out = True
        for _attempt in range(2):
            await self._kernel.interrupt()
            await asyncio.sleep(GRACE)
        self.killed_for = "budget" if self.spent else "cell"
        self._kernel.kill()

    async def _memory(self) -> None:
        look = 0
        processes = tree(self._kernel.process)
        while True:
            if look % LOOK_FOR_CHILDREN == 0:
                processes = tree(self._kernel.process)
            look += 1
            held = memory(processes, self._settings.memory)
            self.peak = max(self.peak, held)
            if held > self._settings.memory:
                self.killed_for = "memory"
                self._kernel.kill()
                return
            await asyncio.sleep(SAMPLE)


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
