import os
from pathlib import Path

import pytest

from graders.batch.chaffs import Proof
from graders.batch.cores import sharing_threads
from graders.batch.job import Job
from graders.batch.judging import Judged
from graders.batch.repeats import Round, judge_again, rounds
from graders.batch.surprises import unsteady
from graders.language import speaking
from graders.scoring.result import Verdict
from tests.batch.test_chaffs import RUBRIC

NAMES = ["w", "c1", "c2", "c3"]


def judged(kind, flags=()):
    kinds = {"e1.a": kind, "e1.b": "met", "e1.c": "undecided"}
    found = {name: Verdict(id=name, verdict=value) for name, value in kinds.items()}
    return {"w": Judged("w", found, frozenset(flags))}


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


def test_once_needs_no_further_round():
    assert rounds(NAMES, 1, 0) == []


def test_the_company_changes_from_round_to_round():
    alone, shuffled, again = rounds(NAMES, 4, 7)
    assert alone == Round(2, ("c3", "c2", "c1", "w"), 1)
    assert (shuffled.number, shuffled.workers) == (3, 7)
    assert sorted(shuffled.order) == sorted(NAMES)
    assert shuffled.order != tuple(NAMES)
    assert again.workers == 1


def test_a_verdict_that_differs_names_proof_criterion_and_verdicts(tmp_path):
    seen = [judged("met"), judged("undecided"), judged("met")]
    (found,) = unsteady([Proof("w", tmp_path)], seen, RUBRIC)
    assert (found.proof, found.criterion) == ("w", "e1.a")
    assert "1: met, 2: undecided, 3: met" in found.sentence


def test_a_flag_that_differs_is_named(tmp_path):
    (found,) = unsteady([Proof("w", tmp_path)], [judged("met"), judged("met", ["odd"])], RUBRIC)
    assert (found.proof, found.criterion) == ("w", "odd")
    assert "(2)" in found.sentence


def test_what_is_alike_is_no_surprise(tmp_path):
    wheat = [Proof("w", tmp_path)]
    assert list(unsteady(wheat, [judged("met")], RUBRIC)) == []
    assert list(unsteady(wheat, [judged("violated")] * 3, RUBRIC)) == []


def test_further_rounds_have_evidence_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRIGE_HOME", str(tmp_path))
    asked = []

    def fake(job, workers, order):
        assert job.evidence.is_dir()
        asked.append((job.evidence, workers, order))
        yield Judged("w", {})

    monkeypatch.setattr("graders.batch.repeats.judge_all", fake)
    job = Job(rubric=RUBRIC, submissions=(), data={}, out=Path("o"), language="en", sandbox="none")
    assert [j.name for j in judge_again(job, Round(2, ("w",), 1))] == ["w"]
    ((folder, workers, order),) = asked
    assert (workers, order) == (1, ("w",))
    assert folder.parent == tmp_path
    assert not folder.exists()


def test_each_round_shares_the_threads_anew(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("graders.batch.cores.available_cores", lambda: 8)
    for workers, threads in ((8, "1"), (1, "8")):
        with sharing_threads(workers):
            assert os.environ["OMP_NUM_THREADS"] == threads
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with sharing_threads(1):
        assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OMP_NUM_THREADS"] == "3"
