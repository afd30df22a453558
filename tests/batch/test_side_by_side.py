import threading

import pytest

from graders.batch import part as part_module
from graders.batch.job import Job
from graders.batch.side_by_side import PARTS, Shares, run_all
from graders.intake.submission import Submission
from graders.language import current, speaking
from graders.rubric.model import Rubric, Text


class FakePart:
    """A run that waits for the others; `failing` or in the language that it was asked for."""

    questions = ()

    def __init__(self, wait=None, failing=False):
        self.wait, self.failing, self.said, self.stopping = wait, failing, None, None

    @property
    def kept(self):
        if self.failing:
            raise RuntimeError("no disk")
        if self.wait is not None:
            self.wait.wait(timeout=10)
        self.said = current()
        return self


@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_all_are_run_in_the_language_of_who_asks(at_once):
    parts = [FakePart() for _ in range(3)]
    with speaking("en"):
        run_all(parts, at_once)
    assert [part.said for part in parts] == ["en"] * 3


def test_as_many_at_once_as_are_allowed():
    barrier = threading.Barrier(2)
    run_all([FakePart(barrier) for _ in range(4)], 2)
    assert not barrier.broken


def test_when_one_fails_the_others_are_ended():
    parts = [FakePart(failing=True), FakePart()]
    with pytest.raises(RuntimeError, match="no disk"):
        run_all(parts, 2)
    assert parts[1].stopping._stopped


def test_how_far_the_runs_are_together():
    told = []
    shares = Shares(lambda *said: told.append(said), 2)
    one, other = shares.next(), shares.next()
    one(1, 2)
    other(1, 4)
    one(2, 2)
    other(4, 4)
    assert told == [(PARTS * n // 1000, PARTS) for n in (250, 375, 625, 1000)]


def test_parts_do_not_wait_for_each_other(tmp_path, monkeypatch):
    text = Text(es="a", en="a")
    rubric = Rubric(assignment="t", title=text, exercises=())
    job = Job(rubric=rubric, submissions=(), data={}, out=tmp_path, language="en", sandbox="none")
    barrier = threading.Barrier(2)
    monkeypatch.setattr(part_module, "ensure_evidence", lambda *a, **b: barrier.wait(timeout=10))
    submission = Submission(id="ana", root=tmp_path, notebooks=())
    run_all([part_module.Part(submission, job) for _ in range(2)], 2)
    assert not barrier.broken
