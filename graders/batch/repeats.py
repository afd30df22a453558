"""In which company is a proof judged once more? Alone on one worker, and in a full batch."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.batch import places
from graders.batch.job import Job
from graders.batch.judging import Judged, judge_all


@dataclass(frozen=True)
class Round:
    """One more time through all proofs. `workers` 0 means as many as there are cores."""

    number: int
    order: tuple[str, ...]
    workers: int


def rounds(names: Sequence[str], repeat: int, workers: int) -> list[Round]:
    """The rounds after the first, which went in order on all workers.

    The even ones run one proof at a time, last one first; the odd ones all workers, shuffled.
    """
    found = []
    for number in range(2, repeat + 1):
        if number % 2 == 0:
            found.append(Round(number, tuple(reversed(names)), 1))
        else:
            order = random.Random(number).sample(list(names), len(names))
            found.append(Round(number, tuple(order), workers))
    return found


def judge_again(job: Job, again: Round) -> Iterator[Judged]:
    """Every proof in a fresh kernel; what was kept of earlier runs is neither read nor touched."""
    places.home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="round-", dir=places.home()) as folder:
        apart = job.model_copy(update={"evidence": Path(folder), "rerun": False})
        yield from judge_all(apart, again.workers, again.order)
