"""How are runs in other threads ended, when nobody waits for them any more?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Stopping:
    """Ends the runs that were begun with it. Ctrl-C only reaches the main thread by itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[asyncio.Task[Any], asyncio.AbstractEventLoop] = {}
        self._stopped = False

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for the work of this thread; raises CancelledError when it is ended."""
        task = asyncio.ensure_future(work)
        with self._lock:
            if self._stopped:
                task.cancel()
            self._running[task] = asyncio.get_running_loop()
        try:
            return await task
        finally:
            with self._lock:
                del self._running[task]

    def stop(self) -> None:
        """End what runs now, and what begins from now on."""
        with self._lock:
            self._stopped = True
            for task, loop in self._running.items():
                with suppress(RuntimeError):  # it has just ended by itself
                    loop.call_soon_threadsafe(task.cancel)
