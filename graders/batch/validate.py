"""Is every criterion proven? Wheats lose nothing, each chaff loses just what it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from graders import rubric as rubrics
from graders.batch import data as data_files
from graders.batch import lateness, places
from graders.batch.brief import briefly
from graders.batch.chaffs import Proof, proofs
from graders.batch.job import Job, Options, job_for
from graders.batch.judging import Judged, judge_all
from graders.batch.problems import UsageProblem
from graders.batch.repeats import judge_again, rounds
from graders.batch.surprises import Surprise, compare, unproven, unsteady
from graders.language import _, speaking
from graders.rubric.model import Criterion, Rubric


@dataclass(frozen=True)
class Plan:
    """What is to be judged: the proofs of a rubric, and the job of marking them."""

    rubric: Rubric
    proofs: Sequence[Proof]
    job: Job
    whole: bool = True  # all of them, so that every criterion must have its chaff


@dataclass(frozen=True)
class Validation:
    """What came of validating one rubric."""

    rubric: Rubric
    proofs: Sequence[Proof]
    judged: Mapping[str, Judged]  # by the proof's name, of the first round
    surprises: Sequence[Surprise]


def validate(
    assignment: str,
    *,
    data: Path | None = None,
    workers: int = 0,
    language: str = "es",
    rerun: bool = False,
    sandbox: str = "none",
    repeat: int = 1,
    only: Sequence[str] = (),
    brief: bool = False,
    console: Console | None = None,
) -> Validation:
    """Run and mark the reference solutions; they are ours, so by default without a sandbox.

    With `repeat` above 1 they are run and marked again in other company, and must come out alike.
    With `only`, just these of them; whether every criterion has its chaff is then not asked. With
    `brief`, all wheats and one chaff for each criterion.
    Raises UsageProblem, RubricError or SandboxUnavailable.
    """
    planned = plan(
        assignment,
        data=data,
        language=language,
        rerun=rerun,
        sandbox=sandbox,
        only=only,
        brief=brief,
    )
    names = [proof.name for proof in planned.proofs]
    expected = {proof.name: proof for proof in planned.proofs}

    def collect(judged: Iterable[Judged], number: int) -> dict[str, Judged]:
        found: dict[str, Judged] = {}
        for one in judged:
            found[one.name] = one
            if console is not None:
                said = f"{number}/{repeat} · " if repeat > 1 else ""
                console.print(f"{said}{len(found)}/{len(names)} {one.name}", highlight=False)
                with speaking(language):
                    for odd in compare(expected[one.name], one, planned.rubric):
                        line = f"    {odd.criterion}: {odd.sentence}"
                        console.print(line, style="yellow", markup=False, highlight=False)
        return found

    seen = [collect(judge_all(planned.job, workers), 1)]
    for again in rounds(names, repeat, workers):
        seen.append(collect(judge_again(planned.job, again), again.number))
    return conclude(planned, seen)


def plan(
    assignment: str,
    *,
    data: Path | None = None,
    language: str = "es",
    rerun: bool = False,
    sandbox: str = "none",
    only: Sequence[str] = (),
    brief: bool = False,
    work: Path | None = None,
) -> Plan:
    """The proofs, written as notebooks under `work`, and the job of marking them.

    With `only`, just the proofs of these names; with `brief`, those of `graders.batch.brief`.
    Raises UsageProblem, RubricError or SandboxUnavailable.
    """
    rubric = in_earnest(lateness.undated(rubrics.load(rubrics.find(assignment))))
    reference = places.reference(rubric.assignment)
    if reference is None:
        raise UsageProblem(
            _("There is no folder reference/{name} with wheats and chaffs.").format(
                name=rubric.assignment
            )
        )
    planned = proofs(reference, rubric, work or places.home() / "validate" / rubric.assignment)
    if unknown := set(only) - {proof.name for proof in planned}:
        raise UsageProblem(
            _("{name} has no wheat or chaff of this name: {strange}").format(
                name=rubric.assignment, strange=", ".join(sorted(unknown))
            )
        )
    if brief:
        planned = briefly(planned, rubric)
    if only:
        planned = [proof for proof in planned if proof.name in only]
    options = Options(
        data=data or data_files.stand_in(rubric), language=language, sandbox=sandbox, rerun=rerun
    )
    return Plan(rubric, planned, _job(planned, rubric, options), whole=not only)


def in_earnest(rubric: Rubric) -> Rubric:
    """The rubric with an `example`, for want of the teacher's, taken as what is asked: its proofs
    are solutions of that."""

    def asked(criterion: Criterion) -> Criterion:
        params = {k: v for k, v in criterion.params.items() if (k, v) != ("example", True)}
        return criterion.model_copy(update={"params": params})

    exercises = tuple(
        exercise.model_copy(update={"criteria": tuple(map(asked, exercise.criteria))})
        for exercise in rubric.exercises
    )
    return rubric.model_copy(update={"exercises": exercises})


def conclude(planned: Plan, rounds: Sequence[Mapping[str, Judged]]) -> Validation:
    """What is not as expected in the first round, and what differs in the others."""
    rubric, first = planned.rubric, rounds[0]
    with speaking(planned.job.language):
        surprises = [s for p in planned.proofs for s in compare(p, first[p.name], rubric)]
        surprises += unproven(planned.proofs, rubric) if planned.whole else []
        surprises += unsteady(planned.proofs, rounds, rubric)
    return Validation(rubric, planned.proofs, first, surprises)


def _job(planned: Sequence[Proof], rubric: Rubric, options: Options) -> Job:
    from graders.intake import collect

    submissions = []
    for proof in planned:
        (submission,) = collect([proof.folder], rubric)
        submissions.append(submission.model_copy(update={"id": proof.name}))
    return job_for(submissions, rubric, options)
