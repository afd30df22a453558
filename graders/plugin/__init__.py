"""The pytest door: `pytest --assignment p3 --submission PATH` makes each criterion a test.

Without `--submission` nothing here does anything, and importing it is cheap.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from graders.batch.job import Job

_JOB: pytest.StashKey[Job] = pytest.StashKey()
_ATTEMPTS = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("corrige", "marking of coursework (corrige)")
    group.addoption("--assignment", help="rubric, by name (p3) or path")
    group.addoption(
        "--submission",
        action="append",
        default=[],
        metavar="PATH",
        help="a notebook, a folder or an archive to mark; may be given several times",
    )
    group.addoption("--data", metavar="DIR", help="where the data files are looked for")
    group.addoption("--lang", default="es", choices=("es", "en"), help="language of the texts")
    group.addoption("--out", default="reports", metavar="DIR", help="where the reports go")
    group.addoption("--sandbox", default="auto", choices=("auto", "bwrap", "bwrap+gpu", "none"))
    group.addoption("--rerun", action="store_true", help="run again what was run already")
    group.addoption("--corrige-job", metavar="FILE", help="a job prepared by `corrige grade`")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """No `conftest.py` is imported when submissions are marked: it may be a student's."""
    known = early_config.known_args_namespace
    if getattr(known, "submission", None) or getattr(known, "corrige_job", None):
        known.noconftest = True
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    job_file = _job_file(config)
    if job_file is None:
        return
    from graders.batch.job import Job

    config.stash[_JOB] = Job.model_validate_json(job_file.read_text("utf-8"))
    config.stash[_ATTEMPTS] = job_file.parent
    config.args = []  # no test files: the criteria are the tests


def _job_file(config: pytest.Config) -> Path | None:
    """The job this process works on: handed down, or prepared here from the options."""
    handed_down = getattr(config, "workerinput", {}).get("corrige_job")
    handed_down = handed_down or config.getoption("corrige_job")
    if handed_down:
        return Path(handed_down)
    if not config.getoption("submission"):
        return None
    if not config.getoption("assignment"):
        raise pytest.UsageError("--submission needs --assignment")
    from graders.language import speaking

    with speaking(config.getoption("lang")):
        return _prepare(config)


def _prepare(config: pytest.Config) -> Path:
    from graders.batch.job import Options, prepare
    from graders.batch.problems import usage_problems

    data = config.getoption("data")
    options = Options(
        out=Path(config.getoption("out")),
        data=Path(data) if data else None,
        language=config.getoption("lang"),
        sandbox=config.getoption("sandbox"),
        rerun=config.getoption("rerun"),
    )
    try:
        paths = [Path(path) for path in config.getoption("submission")]
        job = prepare(config.getoption("assignment"), paths, options)
    except usage_problems() as problem:
        raise pytest.UsageError(str(problem)) from None
    folder = tempfile.TemporaryDirectory(prefix="corrige-")
    config.add_cleanup(folder.cleanup)
    job_file = Path(folder.name) / "job.json"
    job_file.write_text(job.model_dump_json(), "utf-8")
    return job_file


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which job it works on."""
    attempts = node.config.stash.get(_ATTEMPTS, None)
    if attempts is not None:
        node.workerinput["corrige_job"] = str(attempts / "job.json")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One submission's tests stay on one worker."""
    if config.stash.get(_JOB, None) is None:
        return None
    from graders.plugin.scheduling import BySubmission

    return BySubmission(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    job = session.config.stash.get(_JOB, None)
    if job is not None:
        from graders.plugin.items import items_of

        items[:] = items_of(session, job, session.config.stash[_ATTEMPTS])
