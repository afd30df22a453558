"""Would `corrige validate` notice a check that does nothing? Each is spoilt in turn.

    python tests/batch/blank_checks.py [ASSIGNMENT] [-n WORKERS] [--brief]

Every check of the rubric gets, one after the other, a body that says at once that the criterion
is met, that it is violated, that it cannot tell. The proofs are marked again with it, over the
evidence that `corrige validate` keeps, and compared as it compares them. Exit status 1 when some
spoilt check went unnoticed, or when the checks as they are do not pass.

The function is replaced in its module, where marking looks it up by name; nothing on disk is
edited, and no remembered answer is read. What the other checks answer does not depend on it, so
they are asked once for each proof.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from graders.batch.job import Job
from graders.batch.judging import Judged
from graders.batch.mark import as_far_as_seen, ask, resolve, settle
from graders.batch.marking import Marking
from graders.batch.validate import Plan, conclude, plan
from graders.checks.outcome import Finding, Undecided, Violated
from graders.language import speaking
from graders.rubric.model import Criterion, Rubric
from graders.scoring.result import Verdict

SAYING = ("met", "violated", "undecided")


@dataclass(frozen=True)
class Spoilt:
    """A check whose body only says `saying`. Both are "" for the checks as they are."""

    check: str = ""
    saying: str = ""

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The body is spoilt within the block."""
        if not self.check:
            yield
            return
        theme, name = self.check.split(".")
        module = importlib.import_module(f"graders.checks.{theme}")

        def body(student: object, **params: Any) -> Finding:
            finding = Finding(observed="spoilt")
            if self.saying == "violated":
                raise Violated(finding)
            if self.saying == "undecided":
                raise Undecided(finding)
            return finding

        body.__module__ = module.__name__  # `resolve` takes a module's own functions only
        with patch.dict(vars(module), {name: body}):
            assert resolve(self.check) is body
            yield


def spoilt_checks(rubric: Rubric) -> list[Spoilt]:
    """Every check that the rubric names, in each way of being spoilt; first as they are."""
    names = dict.fromkeys(c.check for c in rubric.criteria if c.check)
    return [Spoilt(), *(Spoilt(name, saying) for name in names for saying in SAYING)]


def judged_with_each(job: Job, name: str) -> dict[Spoilt, Judged]:
    """What comes of one proof with each check spoilt."""
    marking = Marking(job.submission(name), job)
    assert marking.ran
    with speaking(job.language):
        raised = frozenset(flag.id for flag in marking.flags)
    known: dict[str, Verdict] = {}
    found = {}
    for spoilt in spoilt_checks(job.rubric):

        def answer(criterion: Criterion, spoilt: Spoilt = spoilt) -> Verdict:
            if criterion.check == spoilt.check or criterion.id not in known:
                seen = marking.seen(criterion)
                verdict = as_far_as_seen(ask(seen.reading, criterion, None), seen.cut_short)
                if criterion.check == spoilt.check:
                    return verdict
                known[criterion.id] = verdict
            return known[criterion.id]

        with spoilt.in_place():
            verdicts = settle(answer, job.rubric, language=job.language)
        found[spoilt] = Judged(name, verdicts, raised)
    return found


def noticed(planned: Plan, workers: int = 1) -> dict[Spoilt, list[str]]:
    """For each spoilt check, the proofs that do not come out as they should (each once)."""
    names = [proof.name for proof in planned.proofs]
    if workers > 1:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            all_found = list(pool.map(judged_with_each, [planned.job] * len(names), names))
    else:
        all_found = [judged_with_each(planned.job, name) for name in names]
    told = {}
    for spoilt in spoilt_checks(planned.rubric):
        judged: Mapping[str, Judged] = {
            name: found[spoilt] for name, found in zip(names, all_found, strict=True)
        }
        surprises = conclude(planned, [judged]).surprises
        told[spoilt] = list(dict.fromkeys(s.proof for s in surprises if s.proof))
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("assignment", nargs="?", default="p3")
    parser.add_argument("-n", type=int, default=2, help="workers (default %(default)s)")
    parser.add_argument("--brief", action="store_true", help="as `corrige validate --brief`")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    planned = plan(given.assignment, language="en", brief=given.brief)
    told = noticed(planned, given.n)
    seconds = time.perf_counter() - began
    as_they_are = told.pop(Spoilt())
    checks = list(dict.fromkeys(spoilt.check for spoilt in told))
    print(f"{'proofs that notice it when the check says':45}" + "".join(f"{s:>11}" for s in SAYING))
    for check in checks:
        counts = (len(told[Spoilt(check, saying)]) for saying in SAYING)
        print(f"{check:45}" + "".join(f"{count:>11}" for count in counts))
    unnoticed = [spoilt for spoilt, proofs in told.items() if not proofs]
    for spoilt in unnoticed:
        print(f"unnoticed: {spoilt.check} that always says {spoilt.saying}")
    if as_they_are:
        print(f"not as expected with the checks as they are: {', '.join(as_they_are)}")
    print(
        f"{len(checks)} checks, {len(told)} ways of spoiling them, {len(told) - len(unnoticed)} "
        f"noticed; {len(planned.proofs)} proofs, {seconds:.0f} s ({seconds / len(told):.2f} s each)"
    )
    return int(bool(unnoticed or as_they_are))


if __name__ == "__main__":
    sys.exit(main())
