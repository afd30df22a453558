"""How many at once, and how many threads for each?"""

from __future__ import annotations

import os

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
