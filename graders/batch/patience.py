"""How long may understanding one submission take, and with how much memory?

What a run left was written beside a student's code: it can be made so that an honest question takes
for ever. Nobody else in the class waits for that.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from time import monotonic
from types import FrameType

import psutil

MOST_SECONDS = 900.0  # of one submission's marking, all together; a slow one takes ten
MOST_MEMORY = 6 * 2**30  # bytes more than what the process has already
AGAIN = 1.0  # seconds after which it is said again, should somebody not have listened


class TookTooLong(BaseException):
    """The time is spent. Not an Exception, so that nothing on the way takes it for a failure."""


class Patience:
    """The time that is left for one submission, and room for its memory."""

    def __init__(self, seconds: float = MOST_SECONDS, memory: int = MOST_MEMORY) -> None:
        self._left, self._memory = seconds, memory
        self._inside = False

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """What is done inside counts. Raises TookTooLong, and lets Python raise MemoryError.

        Only the main thread of a process can be interrupted; elsewhere nothing is limited.
        """
        if self._inside or threading.current_thread() is not threading.main_thread():
            yield
            return
        if self._left <= 0:
            raise TookTooLong
        began = monotonic()
        before = signal.signal(signal.SIGALRM, _stop)
        self._inside = True
        try:
            signal.setitimer(signal.ITIMER_REAL, self._left, AGAIN)
            with _less_memory(self._memory):
                yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            self._inside = False
            self._left -= monotonic() - began


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLong


@contextlib.contextmanager
def _less_memory(room: int) -> Iterator[None]:
    """A ceiling for the memory that this process writes to, where the system has one."""
    try:
        import resource
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    held = getattr(psutil.Process().memory_info(), "data", None)
    ceiling = None if held is None else held + room
    if ceiling is None or any(
        limit != resource.RLIM_INFINITY and limit < ceiling for limit in (soft, hard)
    ):
        yield
        return
    resource.setrlimit(resource.RLIMIT_DATA, (ceiling, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
