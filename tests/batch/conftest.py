"""A class of fake submissions, marked in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def notebook(source):
    cell = {
        "cell_type": "code",
        "id": "c0",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})


@dataclass
class FakeClass:
    root: Path

    def hand_in(self, **sources):
        for name, source in sources.items():
            folder = self.root / "in" / name
            folder.mkdir(parents=True, exist_ok=True)
            if source is not None:
                (folder / "a.ipynb").write_text(notebook(source), "utf-8")

    def start(self, *options, cwd=None, prefix=()):
        """A marking process, alone in its process group; `prefix` starts it."""
        environment = os.environ | {
            "FAKE_RUNS": str(self.root / "runs"),
            "CORRIGE_HOME": str(self.root / "home"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)]),
        }
        (self.root / "runs").mkdir(exist_ok=True)
        return subprocess.Popen(
            [
                *prefix,
                sys.executable,
                str(HERE / "drive.py"),
                str(self.root / "in"),
                str(self.out),
                *options,
            ],
            env=environment,
            cwd=cwd or self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def mark(self, *options, cwd=None):
        """Exit status and what was printed."""
        process = self.start(*options, cwd=cwd)
        try:
            printed, _none = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, printed

    @property
    def out(self):
        return self.root / "out"

    def result(self, name):
        return json.loads((self.out / "fake" / name / "result.json").read_text("utf-8"))

    def runs(self, name):
        path = self.root / "runs" / name
        return len(path.read_text()) if path.exists() else 0

    def wait_for_result(self, name, seconds=60):
        until = time.monotonic() + seconds
        while not (self.out / "fake" / name / "result.json").exists():
            assert time.monotonic() < until, f"no result of {name}"
            time.sleep(0.05)


@pytest.fixture
def fake_class(tmp_path):
    return FakeClass(tmp_path)
