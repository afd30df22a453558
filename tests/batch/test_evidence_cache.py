import threading
import time

import pytest

from graders import runner
from graders.batch.evidence_cache import ensure_evidence
from graders.evidence.run_record import RunRecord
from graders.intake.submission import Submission
from graders.rubric.model import Rubric, Text
from graders.sandbox import choose

RUBRIC = Rubric(assignment="p", title=Text(es="P", en="P"), exercises=())


@pytest.fixture
def submission(tmp_path):
    return Submission(id="ana", root=tmp_path, notebooks=("a.ipynb",))


class FakeRunner:
    def __init__(self):
        self.runs = 0
        self.fault = "none"
        self.error = None
        self.seconds = 0.0

    def run(
        self,
        submission,
        settings,
        data,
        out,
        sandbox,
        seed=0,
        on_cell=None,
        questions=(),
        stopping=None,
    ):
        self.runs += 1
        (out / "half").write_text("half")
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        record = RunRecord(ended="finished", fault=self.fault, seconds=self.runs)
        (out / "run.json").write_text(record.model_dump_json())
        return record


@pytest.fixture
def fake(monkeypatch):
    fake = FakeRunner()
    monkeypatch.setattr(runner, "run", fake.run, raising=False)
    monkeypatch.setattr(runner, "evidence_key", lambda *given: "k" * 64, raising=False)
    return fake


def gather(submission, root, **options):
    return ensure_evidence(submission, RUBRIC, {}, choose("none"), root=root, **options)


def test_it_is_run_once(submission, fake, tmp_path):
    first = gather(submission, tmp_path)
    second = gather(submission, tmp_path)
    assert (first.fresh, second.fresh) == (True, False)
    assert first.record == second.record
    assert first.folder == second.folder == tmp_path / ("k" * 64)
    assert fake.runs == 1


def test_rerun_replaces_it_whole(submission, fake, tmp_path):
    kept = gather(submission, tmp_path)
    (kept.folder / "old").write_text("old")
    again = gather(submission, tmp_path, rerun=True)
    assert again.record.seconds == 2
    assert not (again.folder / "old").exists()
    assert list((tmp_path / ".partial").iterdir()) == []


def test_half_written_evidence_is_never_read(submission, fake, tmp_path):
    fake.error = RuntimeError("stop")
    with pytest.raises(RuntimeError):
        gather(submission, tmp_path)
    assert not (tmp_path / ("k" * 64)).exists()
    left = tmp_path / ".partial" / ("k" * 64 + "-dead")  # as a killed worker leaves it
    left.mkdir()
    fake.error = None
    assert gather(submission, tmp_path).fresh
    assert not left.exists()


def test_what_the_machine_spoiled_is_run_again(submission, fake, tmp_path):
    fake.fault = "machine"
    spoiled = gather(submission, tmp_path)
    assert spoiled.folder.parent.name == ".failed"
    fake.fault = "none"
    assert gather(submission, tmp_path).record.fault == "none"
    assert fake.runs == 2


def test_two_at_once_run_it_once(submission, fake, tmp_path):
    fake.seconds = 0.1
    threads = [threading.Thread(target=gather, args=(submission, tmp_path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fake.runs == 1
