from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

from rich.console import Console

from graders.batch import lateness
from graders.batch.attempts import Attempts
from graders.batch.exhibits import exhibits
from graders.batch.flags import cut_short, of_delivery, of_run
from graders.batch.progress import ProgressBar
from graders.evidence.run_record import CellError, CellRecord, Notice, RunRecord
from graders.intake.submission import Submission
from graders.language import speaking
from graders.rubric.model import Exercise, Late, Rubric, Text

RUBRIC = Rubric(
    assignment="p",
    title=Text(es="P", en="P"),
    exercises=(),
    deadline="2025-12-01T23:59:00+01:00",
)


def submission(**more):
    return Submission(id="ana", root="/", notebooks=("a.ipynb",), **more)


def cell(index, **more):
    return CellRecord(index=index, notebook="a", source="", executed=True, **more)


def test_attempts_are_two(tmp_path):
    said = [Attempts(tmp_path).begin("ana", "en") for _ in range(3)]
    assert said[:2] == ["", ""]
    assert "killed twice" in said[2]


def test_progress_counts_cells(tmp_path):
    attempts = Attempts(tmp_path)
    assert attempts.progress("ana") == 0
    attempts.at_cell("ana", 3, 12)
    assert attempts.progress("ana") == 0.25
    stream = StringIO()
    with ProgressBar(2, attempts, Console(file=stream, width=80)) as bar:
        bar.began("ana")
        list(bar.get_renderables())
        assert bar.tasks[0].completed == 0.95 * 0.25
        bar.ended("ana")
        list(bar.get_renderables())
        assert bar.tasks[0].completed == 1
    assert "1/2 ana" in stream.getvalue()


def test_lateness_is_flagged():
    def ids(moment):
        late = submission(received=datetime.fromisoformat(moment))
        return [flag.id for flag in of_delivery(late, RUBRIC)]

    assert ids("2025-12-01T23:58:00+01:00") == []
    assert ids("2025-12-02T01:00:00+01:00") == ["late"]
    assert ids("2025-12-02T01:00:00") == ["late"]


def test_lateness_that_costs_says_what():
    costly = RUBRIC.model_copy(
        update={
            "exercises": (Exercise(id="e1", title=RUBRIC.title, points=Decimal(20), criteria=()),),
            "late": Late(
                points_per_day=Decimal(2),
                at_most=Decimal(10),
                soft="2025-11-20T23:59:00+01:00",
                zero_after="2025-12-05T23:59:00+01:00",
            ),
        }
    )

    def said(moment, by="list"):
        late = submission(received=moment and datetime.fromisoformat(moment), received_by=by)
        with speaking("en"):
            return [(flag.id, flag.message) for flag in of_delivery(late, costly)]

    assert said("2025-11-20T23:59:59+01:00") == []
    [(kind, sentence)] = said("2025-12-01T23:59:59+01:00")
    assert kind == "after_soft"
    assert "2025-12-01 23:59 (UTC+01:00)" in sentence
    [(kind, sentence)] = said("2025-12-03T12:00:00+01:00")
    assert kind == "late"
    assert "2 days begun" in sentence
    assert "costs 4 points" in sentence
    [(kind, sentence)] = said("2025-12-03T12:00:00+01:00", "archive")
    assert "received.csv" in sentence
    [(kind, sentence)] = said("2025-12-06T00:00:00+01:00")
    assert "the mark is 0" in sentence
    assert [kind for kind, _sentence in said(None, None)] == ["delivery_unknown"]
    assert list(lateness.flags(submission(), RUBRIC)) == []
    assert list(lateness.flags(submission(), lateness.undated(costly))) == []


def test_what_a_student_is_told_of_the_deadline():
    def told(moment, **policy):
        late = Late(points_per_day=Decimal(2), **policy)
        points = Exercise(id="e1", title=RUBRIC.title, points=Decimal(20), criteria=())
        costly = RUBRIC.model_copy(update={"exercises": (points,), "late": late})
        with speaking("en"):
            return lateness.if_now(costly, datetime.fromisoformat(moment))

    in_time = told("2025-12-01T22:59:59+00:00")
    assert in_time == "It can be handed in until 2025-12-01 23:59 (UTC+01:00)."
    assert "18 points of 20" in told("2025-12-01T23:00:00+00:00")
    with speaking("en"):
        now = datetime(2025, 12, 3, tzinfo=UTC)
        assert lateness.if_now(RUBRIC, now).startswith("The deadline is over: 2025-12-01 23:59")
        assert lateness.if_now(lateness.undated(RUBRIC), now) == ""


def test_how_the_run_ended_is_flagged():
    record = RunRecord(
        ended="kernel_died",
        fault="student",
        cells=(cell(1, error=CellError(name="E", message="m")), cell(2, timed_out=True)),
    )
    told = (*of_delivery(submission(problems=("odd",)), RUBRIC), *of_run(record))
    found = {flag.id: flag for flag in told}
    assert set(found) == {"intake", "cells_failed", "cells_timed_out", "kernel_died"}
    assert found["cells_failed"].cells == (1,)


def test_a_run_is_cut_short_only_when_it_was_not_the_student():
    slow = cell(0, timed_out=True)
    assert cut_short(RunRecord(ended="finished", cells=(cell(0),))) == ""
    assert cut_short(RunRecord(ended="finished", cells=(slow,)))
    assert cut_short(RunRecord(ended="budget_spent"))
    assert cut_short(RunRecord(ended="kernel_died", fault="student", cells=(slow,))) == ""


def test_exhibits_are_never_an_error():
    class Poor:
        def loss_curves(self):
            raise RuntimeError

        def confusion(self):
            return None

    record = RunRecord(
        ended="finished",
        notices=(Notice(kind="pip", detail="torch", cell=1),) * 2,
        environment={"python": "3"},
    )
    with speaking("en"):
        shown = exhibits(Poor(), record)
    assert shown.curves == shown.confusion == shown.drawings == ()
    assert shown.notices == ("pip: torch (cells 1)",)
    assert shown.environment == {"python": "3"}
    assert exhibits(None, None).notices == ()
