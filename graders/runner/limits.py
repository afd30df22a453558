"""Time: interrupts a cell that takes too long, kills what does not react."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Literal

from graders.rubric.model import Run
from graders.runner.kernel import Kernel
from graders.runner.watcher import Taken, Watcher

GRACE = 4.0  # seconds to react to an interrupt, twice

Reason = Literal["", "cell", "budget"] | Taken


class Limits:
    """Watches one kernel. `killed_for` says why it was killed, "" when it was not by us."""

    def __init__(self, kernel: Kernel, settings: Run, began: float) -> None:
        self._kernel = kernel
        self._settings = settings
        self._end = began + settings.budget
        self.killed_for: Reason = ""
        self.timed_out = False  # the running cell, or the last that ran
        self.watcher = Watcher(kernel)

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
    async def watching(self) -> AsyncIterator[None]:
        """Kill the kernel when it and its children take more than allowed."""
        task = asyncio.create_task(self._watch())
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
        self._kill("budget" if self.spent else "cell")

    async def _watch(self) -> None:
        self._kill(await self.watcher.too_much())

    def _kill(self, reason: Reason) -> None:
        self.killed_for = reason
        self._kernel.kill()


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
