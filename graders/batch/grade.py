"""Mark a class: over pytest-xdist workers, going on from what was done before."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from graders.batch import resume
from graders.batch.attempts import Attempts
from graders.batch.cores import available_cores, share_threads
from graders.batch.evidence_cache import evidence_key
from graders.batch.job import Job, Options, job_for
from graders.batch.part import joined_key, split
from graders.batch.places import home
from graders.batch.problems import UsageProblem
from graders.batch.progress import ProgressBar, ProgressPlugin
from graders.batch.summary import conclude
from graders.intake.submission import Submission
from graders.language import _, speaking
from graders.rubric.model import Rubric
from graders.scoring import Result, read_result

INTERRUPTED = 130
_INI = Path(__file__).with_name("pytest.ini")


def grade(submissions: Sequence[Submission], rubric: Rubric, options: Options) -> int:
    """Mark them all and write every report. The exit status.

    Raises UsageProblem or SandboxUnavailable before anything runs.
    """
    return run(job_for(submissions, rubric, options), options.workers)


def run(job: Job, workers: int = 0, pytest_arguments: Sequence[str] = ()) -> int:
    """0 when every submission was dealt with, 1 when the grader or the machine failed on one.

    `workers` 0 means as many as there are cores; 130 is returned after Ctrl-C. Raises UsageProblem
    when the reports cannot be written at all.
    """
    console = Console()
    with speaking(job.language):
        results = _already_done(job)
        to_do = tuple(s for s in job.submissions if s.id not in results)
        if results:
            console.print(_("{n} marked before are kept.").format(n=len(results)))
        interrupted, unwritten = False, ""
        if to_do:
            rest = job.model_copy(update={"submissions": to_do})
            interrupted = _run_pytest(rest, workers, pytest_arguments)
        try:
            for submission in to_do:
                result = _written(submission, job, interrupted)
                if result is not None:
                    results[submission.id] = result
        except OSError as error:
            unwritten = str(error)
        ordered = [results[s.id] for s in job.submissions if s.id in results]
        try:
            if ordered:
                conclude(job, ordered, console)
        except OSError as error:
            unwritten = str(error)
        left = len(job.submissions) - len(ordered)
        if unwritten:
            sentence = _(
                "Not everything could be written ({error}): {left} are left. What is finished is "
                "whole, and the same command goes on from here."
            )
            console.print(sentence.format(error=unwritten, left=left), style="red", soft_wrap=True)
        elif interrupted:
            sentence = _("Interrupted: {left} are left. The same command goes on from here.")
            console.print(sentence.format(left=left))
    if interrupted:
        return INTERRUPTED
    return int(bool(unwritten) or any(resume.needs_another_try(result) for result in ordered))


def _already_done(job: Job) -> dict[str, Result]:
    if job.rerun:
        return {}
    found = {}
    for submission in job.submissions:
        if not submission.notebooks:
            continue
        runs = [run for run, _template in split(submission, job.rubric) if run.notebooks]
        key = joined_key(
            [evidence_key(run, job.rubric, job.data_files, job.sandbox) for run in runs]
        )
        result = resume.done(job.out / submission.id, resume.fingerprint(job, submission, key))
        if result is not None:
            found[submission.id] = result
    return found


def _written(submission: Submission, job: Job, interrupted: bool) -> Result | None:
    """The result that a worker left; else one that leaves it to a person."""
    folder = job.out / submission.id
    with contextlib.suppress(OSError, ValueError):
        return read_result(folder / resume.RESULT)
    if interrupted:
        return None
    from graders.batch.marking import Marking

    sentence = _("The grader failed on this submission, so a person has to look at it.")
    return Marking(submission, job, given_up=sentence).finish()


def _make_room(job: Job) -> None:
    """Take away old results, which must not pass for new ones. Raises UsageProblem."""
    try:
        job.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=job.out):
            pass
        for submission in job.submissions:
            (job.out / submission.id / resume.RESULT).unlink(missing_ok=True)
    except OSError as error:
        raise UsageProblem(
            _("The reports cannot be written: {error}").format(error=error)
        ) from None


def _run_pytest(job: Job, workers: int, more: Sequence[str]) -> bool:
    """Whether it was interrupted. Raises UsageProblem when nothing can be written."""
    _make_room(job)
    cores = workers or available_cores()
    count = min(cores, len(job.submissions))
    job = job.model_copy(update={"at_once": max(1, cores // len(job.submissions))})
    with tempfile.TemporaryDirectory(prefix="corrige-") as name:
        session = Path(name)
        job_file = session / "job.json"
        job_file.write_text(job.model_dump_json(), "utf-8")
        arguments = [
            *("-c", str(_INI), "--rootdir", str(session), "--noconftest", "--assert=plain"),
            *("-p", "no:cacheprovider", "-p", "xdist.plugin", "-p", "graders.plugin"),
            *("--corrige-job", str(job_file)),
            *("-n", str(count), "--max-worker-restart", str(3 * len(job.submissions) + count)),
            *("-q", "-rN", "--tb=short", "--color=no", *more),
        ]
        with _own_terminal() as console, _apart(session, count):
            bar = ProgressBar(len(job.submissions), Attempts(session), console)
            log = session / "pytest.log"
            with (
                bar,
                log.open("w", encoding="utf-8") as stream,
                contextlib.redirect_stdout(stream),
            ):
                status = pytest.main(arguments, plugins=[ProgressPlugin(bar)])
        with contextlib.suppress(OSError):
            shutil.copyfile(log, job.out / log.name)
    return status == pytest.ExitCode.INTERRUPTED


@contextlib.contextmanager
def _own_terminal() -> Iterator[Console]:
    """A console on the real standard error, which pytest does not capture."""
    with open(os.dup(2), "w", encoding="utf-8", closefd=True) as stream:
        yield Console(file=stream)


@contextlib.contextmanager
def _apart(folder: Path, workers: int) -> Iterator[None]:
    """Nothing of where the user stands is imported, and no plugin but those we name.

    Workers are Python processes that look for modules in the current folder first, and that
    folder may be a submission.
    """
    before, environment = Path.cwd(), dict(os.environ)
    path = list(sys.path)
    os.environ["CORRIGE_HOME"] = str(home())
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    share_threads(workers)
    ours = Path(__file__).resolve().parents[2]
    absolute = [Path(entry).absolute() for entry in sys.path]
    sys.path[:] = [str(entry) for entry in absolute if entry == ours or entry != before]
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        sys.path[:] = path
        os.environ.clear()
        os.environ.update(environment)
