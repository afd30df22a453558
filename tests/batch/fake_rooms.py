"""Stands in for the rooms that run and read notebooks: what a notebook's first cell says happens.

Loaded with `-p fake_rooms` in the workers. Commands: `kill` (every time), `kill once`, `sleep S`,
`machine`, `raise`, `lose`.
"""

import hashlib
import json
import os
import signal
import sys
import time
import types
from pathlib import Path

from graders import analysis, runner
from graders.checks.outcome import Finding, Undecided, Violated
from graders.evidence.run_record import CellRecord, RunRecord

RUNS = Path(os.environ["FAKE_RUNS"])


def source(submission):
    notebook = json.loads((submission.root / submission.notebooks[0]).read_text("utf-8"))
    return "".join(notebook["cells"][0]["source"])


def evidence_key(submission, settings, data, sandbox_name):
    return hashlib.sha256(f"{submission.id}{source(submission)}{sandbox_name}".encode()).hexdigest()


def run(
    submission, settings, data, out, sandbox, seed=0, on_cell=None, questions=(), stopping=None
):
    with (RUNS / submission.id).open("a") as stream:
        stream.write(".")
    times = len((RUNS / submission.id).read_text())
    command, _space, rest = source(submission).partition(" ")
    if command == "kill" and (rest != "once" or times == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if command == "sleep":
        time.sleep(float(rest))
    if command == "raise":
        raise RuntimeError("a defect of the runner")
    if on_cell:
        on_cell(1, 1)
    cell = CellRecord(index=0, notebook="a.ipynb", source=source(submission), executed=True)
    record = RunRecord(ended="finished", cells=(cell,), seconds=0.1)
    if command == "machine":
        record = RunRecord(ended="not_started", fault="machine", detail="The disk is full.")
    (out / "executed.ipynb").write_text((submission.root / submission.notebooks[0]).read_text())
    (out / "run.json").write_text(record.model_dump_json())
    return record


class Reading(str):
    """What a first cell says; there is nothing to doubt."""

    def doubt(self, theme):
        return ""


def read(folder, data, unchanged=frozenset()):
    record = RunRecord.model_validate_json((folder / "run.json").read_text())
    return Reading(record.cells[0].source)


def works(student):
    if student == "lose":
        raise Violated(Finding("It does not work.", "something", "nothing", (0,)))
    return Finding("It works.")


def after(student):
    return Finding()


def doubtful(student):
    raise Undecided(Finding("Hard to say."))


def broken(student):
    raise ZeroDivisionError


runner.run = run
runner.evidence_key = evidence_key
analysis.read = read
checks = types.ModuleType("graders.checks.fake")
for function in (works, after, doubtful, broken):
    function.__module__ = checks.__name__
    setattr(checks, function.__name__, function)
sys.modules[checks.__name__] = checks
