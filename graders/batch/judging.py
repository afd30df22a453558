"""What comes of each proof? Its verdicts and flags, over worker processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from graders.batch.cores import available_cores, sharing_threads
from graders.batch.job import Job
from graders.batch.marking import Marking
from graders.batch.problems import UsageProblem
from graders.language import speaking
from graders.scoring.result import Verdict


@dataclass(frozen=True)
class Judged:
    """What came of one proof."""

    name: str
    verdicts: Mapping[str, Verdict]
    flags: frozenset[str] = frozenset()


def judge_all(job: Job, workers: int = 0, order: Sequence[str] = ()) -> Iterator[Judged]:
    """Every submission of the job as it is done; `order` says which is begun first.

    `workers` 0 means as many as there are cores. Raises UsageProblem.
    """
    names = order or [submission.id for submission in job.submissions]
    cores = workers or available_cores()
    count = min(cores, len(names))
    job = job.model_copy(update={"at_once": max(1, cores // len(names))})
    context = multiprocessing.get_context("spawn")
    with sharing_threads(count), ProcessPoolExecutor(count, mp_context=context) as pool:
        futures = [pool.submit(judge, job, name) for name in names]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def judge(job: Job, name: str) -> Judged:
    """Run and mark one. Raises UsageProblem when there is nothing to run in it."""
    marking = Marking(job.submission(name), job)
    with speaking(job.language):
        if marking.problem:
            raise UsageProblem(f"{name}: {marking.problem}")
    judged = Judged(name, dict(marking.verdicts), frozenset(flag.id for flag in marking.flags))
    marking.remember()
    return judged
