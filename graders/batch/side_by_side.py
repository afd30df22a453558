"""How do the runs of one submission share the cores, when there are more of them than submissions?

A kernel is a process of its own, so that threads here only wait for several at once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from graders.batch.evidence_cache import OnCell
from graders.batch.part import Part
from graders.runner.stopping import Stopping

PARTS = 1000  # of a submission's run, for whoever shows how far it is


class Shares:
    """Puts how far each of several runs is together to how far the submission is."""

    def __init__(self, on_cell: OnCell, runs: int) -> None:
        self._on_cell, self._runs = on_cell, runs
        self._done: list[float] = []
        self._lock = threading.Lock()

    def next(self) -> OnCell:
        """What a further run calls after each of its cells."""
        number = len(self._done)
        self._done.append(0.0)

        def told(done: int, total: int) -> None:
            with self._lock:
                self._done[number] = done / max(1, total)
                share = min(1.0, sum(self._done) / self._runs)
                self._on_cell(round(PARTS * share), PARTS)

        return told


def run_all(parts: Sequence[Part], at_once: int) -> None:
    """Gather the evidence of every part. Raises what the first of them that fails raises."""
    if at_once <= 1 or len(parts) <= 1:
        for part in parts:
            _evidence_of(part)
        return
    stopping = Stopping()
    for part in parts:
        part.stopping = stopping
        _asked = part.questions  # worked out here: it imports what threads would import together
    with ThreadPoolExecutor(min(at_once, len(parts))) as pool:
        try:
            runs = [pool.submit(copy_context().run, _evidence_of, part) for part in parts]
            for run in runs:
                run.result()
        except BaseException:
            stopping.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _evidence_of(part: Part) -> None:
    _evidence = part.kept
