"""How many at once, and how many threads for each?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def share_threads(workers: int) -> None:
    """Let the workers' numerical libraries share the cores, unless the user has said otherwise."""
    threads = str(max(1, available_cores() // workers))
    for name in _THREADS:
        os.environ.setdefault(name, threads)


@contextmanager
def sharing_threads(workers: int) -> Iterator[None]:
    """As `share_threads`, for the processes started inside, and as it was before afterwards."""
    before = {name: os.environ.get(name) for name in _THREADS}
    share_threads(workers)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
