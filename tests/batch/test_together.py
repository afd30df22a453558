"""A criterion about no notebook in particular is judged on all that was handed in."""

from __future__ import annotations

import hashlib
import json
import sys
import types
from pathlib import Path

import pytest

from graders import runner
from graders.analysis import Reading
from graders.batch.job import Job
from graders.batch.marking import Marking
from graders.checks.outcome import Finding, require
from graders.evidence.run_record import RunRecord
from graders.intake.submission import HandedOut, Submission
from graders.rubric.model import Criterion, Exercise, Rubric, Template, Text
from graders.scoring.result import Verdict, VerdictKind

TEXT = Text(es="a", en="a")


def said(student: Reading, words: str) -> Finding:
    """Somewhere it is said."""
    places = [p.cell for p in student.whole.passages if words in p.passage.text]
    return require(bool(places), expected=words, observed="looked", cells=places)


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    """A runner that runs nothing, and one check."""

    def run(submission: Submission, *args: object, **named: object) -> RunRecord:
        out = args[2]
        assert isinstance(out, Path)
        (path,) = submission.notebooks
        (out / "executed.ipynb").write_text((submission.root / path).read_text())
        record = RunRecord(ended="finished")
        (out / "run.json").write_text(record.model_dump_json())
        return record

    def key(submission: Submission, *args: object) -> str:
        (path,) = submission.notebooks
        return hashlib.sha256(
            path.stem.encode() + (submission.root / path).read_bytes()
        ).hexdigest()

    monkeypatch.setattr(runner, "run", run)
    monkeypatch.setattr(runner, "evidence_key", key)
    checks = types.ModuleType("graders.checks.saying")
    monkeypatch.setattr(said, "__module__", checks.__name__)
    vars(checks)["said"] = said
    monkeypatch.setitem(sys.modules, checks.__name__, checks)


def mark(tmp_path: Path, **sources: str) -> Verdict:
    """The verdict on "here" being said, with a blank cell before each text."""
    root = tmp_path / "in"
    root.mkdir(exist_ok=True)
    for name, source in sources.items():
        cells = [{"cell_type": "markdown", "source": s, "metadata": {}} for s in ("", source)]
        (root / f"{name}.ipynb").write_text(json.dumps({"cells": cells}))
    criterion = Criterion(id="q.a", text=TEXT, check="saying.said", params={"words": "here"})
    rubric = Rubric(
        assignment="t",
        title=TEXT,
        exercises=(Exercise(id="q", title=TEXT, points=1, criteria=(criterion,)),),
        notebooks=tuple(Template(id=name, title=TEXT, heading=name) for name in ("nb1", "nb2")),
    )
    copies = {name: HandedOut(path=f"{name}.ipynb") for name in sources if name != "own"}
    submission = Submission(
        id="ana", root=root, notebooks=tuple(f"{n}.ipynb" for n in sources), copies=copies
    )
    job = Job(
        rubric=rubric,
        submissions=(submission,),
        data={},
        out=tmp_path / "out",
        language="en",
        sandbox="none",
        evidence=tmp_path / "evidence",
    )
    marking = Marking(submission, job)
    verdict = marking.verdicts["q.a"]
    marking.remember()
    return verdict


@pytest.mark.usefixtures("rooms")
def test_an_answer_counts_in_whichever_notebook_it_stands(tmp_path: Path) -> None:
    for sources, cells in (
        ({"nb1": "no", "nb2": "here", "own": "no"}, (3,)),
        ({"nb1": "no", "own": "here"}, (3,)),
        ({"nb2": "here"}, (1,)),
    ):
        found = mark(tmp_path, **sources)
        assert (found.verdict, found.cells) == (VerdictKind.MET, cells)


@pytest.mark.usefixtures("rooms")
def test_without_notebooks_of_their_own_it_is_violated_when_nothing_answers(tmp_path: Path) -> None:
    assert mark(tmp_path, nb1="no").verdict is VerdictKind.VIOLATED


@pytest.mark.usefixtures("rooms")
def test_what_is_remembered_depends_on_every_part(tmp_path: Path) -> None:
    assert mark(tmp_path, nb1="no", own="x").verdict is VerdictKind.VIOLATED
    assert mark(tmp_path, nb1="here", own="x").verdict is VerdictKind.MET
    assert mark(tmp_path, own="x").verdict is VerdictKind.VIOLATED
