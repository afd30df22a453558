"""Is every criterion proven? Wheats lose nothing, each chaff loses just what it breaks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from graders import rubric as rubrics
from graders.batch import data as data_files
from graders.batch import places
from graders.batch.chaffs import Proof, proofs
from graders.batch.cores import available_cores, share_threads
from graders.batch.job import Job, Options, job_for
from graders.batch.problems import UsageProblem
from graders.language import _, speaking
from graders.rubric.model import Rubric
from graders.scoring.decisions import said
from graders.scoring.result import Verdict, VerdictKind

Verdicts = Mapping[str, Verdict]


@dataclass(frozen=True)
class Judged:
    """What came of one proof."""

    name: str
    verdicts: Verdicts
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Surprise:
    """A verdict that is not the expected one. `proof` is "" when no chaff breaks the criterion."""

    proof: str
    criterion: str
    sentence: str


@dataclass(frozen=True)
class Validation:
    """What came of validating one rubric."""

    rubric: Rubric
    proofs: Sequence[Proof]
    judged: Mapping[str, Judged]  # by the proof's name
    surprises: Sequence[Surprise]


def validate(
    assignment: str,
    *,
    data: Path | None = None,
    workers: int = 0,
    language: str = "es",
    rerun: bool = False,
    sandbox: str = "none",
    console: Console | None = None,
) -> Validation:
    """Run and mark the reference solutions; they are ours, so by default without a sandbox.

    Raises UsageProblem, RubricError or SandboxUnavailable.
    """
    rubric = rubrics.load(rubrics.find(assignment))
    reference = places.reference(rubric.assignment)
    if reference is None:
        raise UsageProblem(
            _("There is no folder reference/{name} with wheats and chaffs.").format(
                name=rubric.assignment
            )
        )
    planned = proofs(reference, rubric, places.home() / "validate" / rubric.assignment)
    options = Options(
        data=data or data_files.stand_in(rubric), language=language, sandbox=sandbox, rerun=rerun
    )
    job = _job(planned, rubric, options)
    judged: dict[str, Judged] = {}
    for found in _all(job, workers):
        judged[found.name] = found
        if console is not None:
            console.print(f"{len(judged)}/{len(planned)} {found.name}", highlight=False)
    with speaking(language):
        surprises = [s for proof in planned for s in compare(proof, judged[proof.name], rubric)]
        surprises += unproven(planned, rubric)
    return Validation(rubric, planned, judged, surprises)


def compare(proof: Proof, judged: Judged, rubric: Rubric) -> Iterator[Surprise]:
    """Where verdicts and flags are not what the proof is meant to show."""
    for flag in sorted(proof.flags - judged.flags):
        yield Surprise(proof.name, flag, _("it is not flagged"))
    for exercise in rubric.exercises:
        for criterion in exercise.criteria:
            if criterion.manual:
                continue
            verdict = judged.verdicts[criterion.id]
            violated = verdict.verdict is VerdictKind.VIOLATED
            if criterion.id in proof.breaks:
                expected, fine = _("violated"), violated
            elif criterion.id in proof.also:
                continue
            else:
                expected, fine = _("met"), verdict.verdict is VerdictKind.MET
            if not fine:
                sentence = _("expected {expected}, but {verdict}: {message}").format(
                    expected=expected,
                    verdict=said(verdict.verdict),
                    message=verdict.message or verdict.observed,
                )
                yield Surprise(proof.name, criterion.id, sentence)


def unproven(planned: Sequence[Proof], rubric: Rubric) -> Iterator[Surprise]:
    """Criteria that no chaff breaks."""
    broken = frozenset[str]().union(*(proof.breaks for proof in planned))
    for exercise in rubric.exercises:
        for criterion in exercise.criteria:
            if not criterion.manual and criterion.id not in broken:
                yield Surprise("", criterion.id, _("no chaff breaks it"))


def _job(planned: Sequence[Proof], rubric: Rubric, options: Options) -> Job:
    from graders.intake import collect

    submissions = []
    for proof in planned:
        (submission,) = collect([proof.folder], rubric)
        submissions.append(submission.model_copy(update={"id": proof.name}))
    return job_for(submissions, rubric, options)


def _all(job: Job, workers: int) -> Iterator[Judged]:
    count = min(workers or available_cores(), len(job.submissions))
    share_threads(count)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        futures = [pool.submit(_judge, job, submission.id) for submission in job.submissions]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _judge(job: Job, name: str) -> Judged:
    from graders.batch.marking import Marking

    marking = Marking(job.submission(name), job)
    with speaking(job.language):
        if marking.problem:
            raise UsageProblem(f"{name}: {marking.problem}")
    return Judged(name, dict(marking.verdicts), frozenset(flag.id for flag in marking.flags))
