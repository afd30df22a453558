"""The pytest door, with the rooms below faked (see tests/batch/fake_rooms.py)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
FAKES = ROOT / "tests" / "batch"

RUBRIC = """\
assignment: mini
title: {es: Mini, en: Mini}
exercises:
  - id: e1
    title: {es: Uno, en: One}
    points: 1
    criteria:
      - id: e1.explained
        text: {es: Explicado, en: Explained}
        penalty: 50%
        manual: true
"""

MAKE_JOB = """\
import sys
from pathlib import Path
import drive
from graders.batch.job import Job
from graders.intake.submission import Submission
root = Path(sys.argv[1])
job = Job(rubric=drive.rubric("doubtful"), data={}, out=root / "out", language="en", sandbox="none",
          submissions=[Submission(id=p.name, root=p, notebooks=("a.ipynb",))
                       for p in sorted((root / "in").iterdir())])
(root / "job.json").write_text(job.model_dump_json())
"""


@pytest.fixture
def course(tmp_path):
    for name, source in (("ana", "ok"), ("bea", "lose")):
        cell = {"cell_type": "code", "id": "c", "source": source, "metadata": {}, "outputs": []}
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
        folder = tmp_path / "in" / name
        folder.mkdir(parents=True)
        notebook["cells"] = [{**cell, "execution_count": None}]
        (folder / "a.ipynb").write_text(json.dumps(notebook))
    (tmp_path / "runs").mkdir()
    (tmp_path / "mini.yaml").write_text(RUBRIC)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_own.py").write_text("def test_own():\n    assert True\n")
    return tmp_path


def run(course, *arguments):
    environment = os.environ | {
        "FAKE_RUNS": str(course / "runs"),
        "CORRIGE_HOME": str(course / "home"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(FAKES)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def pytest_run(course, *arguments):
    plugins = ("-p", "xdist.plugin", "-p", "graders.plugin", "-p", "fake_rooms")
    return run(course, "-m", "pytest", *plugins, "--color=no", *arguments)


@pytest.fixture
def job(course):
    made = run(course, "-c", MAKE_JOB, str(course))
    assert made.returncode == 0, made.stderr
    return course / "job.json"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_each_criterion_is_a_test(course, job, workers):
    done = pytest_run(course, "--corrige-job", str(job), "-n", workers, "-rA")
    printed = done.stdout
    assert done.returncode == 1, printed
    assert re.search(r"PASSED fake::ana::e1\.works", printed)
    assert re.search(r"PASSED fake::ana::(run|result)", printed)
    assert re.search(r"FAILED fake::bea::e1\.works", printed)
    assert "1 failed, 6 passed, 5 skipped" in printed
    assert "undecided: Hard to say." in printed
    assert "not_assessed: " in printed
    assert "expected: something" in printed
    assert "Traceback" not in printed
    assert json.loads((course / "out" / "bea" / "result.json").read_text())["mark_low"] == 0


def test_one_criterion_can_be_chosen(course, job):
    done = pytest_run(course, "--corrige-job", str(job), "-k", "ana and works")
    assert "1 passed, 11 deselected" in done.stdout


def test_the_options_alone_are_enough(course):
    options = ("--assignment", "mini.yaml", "--submission", "in/ana", "--sandbox", "none")
    for workers in ("0", "1"):
        done = pytest_run(course, *options, "-n", workers, "-rA")
        assert "2 passed, 1 skipped" in done.stdout, done.stdout
        assert "mini::ana::result" in done.stdout
    assert (course / "reports" / "mini" / "ana" / "report.html").exists()


def test_without_a_submission_it_does_nothing(course):
    assert "1 passed" in pytest_run(course, "--assignment", "mini.yaml").stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--submission", "in/ana"), "--submission needs --assignment"),
        (("--submission", "in/ana", "--assignment", "p77", "--lang", "en"), "p77"),
        (("--submission", "nowhere", "--assignment", "mini.yaml", "--lang", "en"), "nowhere"),
    ],
)
def test_wrong_usage_is_one_sentence(course, options, says):
    done = pytest_run(course, *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_importing_it_is_cheap(course):
    code = (
        "import sys, pytest; before = set(sys.modules); import graders.plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    loaded = run(course, "-c", code).stdout
    assert loaded.strip() == "['graders', 'graders.plugin']"
