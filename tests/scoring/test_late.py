"""What lateness takes: the course's rules one by one, then what holds for any of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.rubric import Exercise, Late, Rubric, Text
from graders.scoring import Delivered, Lateness, Result, Source, Status, with_lateness
from graders.scoring.late import CERTAIN, after, lateness

TEXT = Text(es="a", en="a")
POLICY = Late(
    points_per_day=Decimal(2),
    at_most=Decimal(10),
    zero_after="2025-08-05T23:59:00-04:00",
    soft="2025-06-21T23:59:00-04:00",
)
CARACAS = ZoneInfo("America/Caracas")


def rubric(
    policy: Late | None = POLICY,
    deadline: str | None = "2025-07-23T23:59:00-04:00",
    zone: str | None = "America/Caracas",
) -> Rubric:
    exercise = Exercise(id="e1", title=TEXT, points=Decimal(20), criteria=())
    return Rubric(
        assignment="t",
        title=TEXT,
        exercises=(exercise,),
        deadline=deadline,
        late=policy,
        zone=zone,
    )


def result(low: Decimal, high: Decimal) -> Result:
    return Result(
        assignment="t",
        submission="s",
        students=(),
        mark=low if low == high else None,
        mark_low=low,
        mark_high=high,
        max_mark=Decimal(20),
        status=Status.GRADED if low == high else Status.NEEDS_REVIEW,
    )


def late(text: str, of: Rubric | None = None, source: Source = "list") -> Lateness:
    delivered = Delivered(datetime.fromisoformat(text), source)
    return lateness(of or rubric(), delivered, Decimal(15), Decimal(15))


@pytest.mark.parametrize(
    ("moment", "days", "mark"),
    [
        ("2025-06-01T12:00", 0, "15"),
        ("2025-07-23T23:59:00", 0, "15"),
        ("2025-07-23T23:59:59.999999", 0, "15"),
        ("2025-07-24T00:00:00", 1, "13"),
        ("2025-07-24T23:59:59", 1, "13"),
        ("2025-07-25T00:00:00", 2, "11"),
        ("2025-07-28T12:00", 5, "5"),
        ("2025-07-29T12:00", 6, "5"),
        ("2025-08-05T23:59:59", 13, "5"),
        ("2025-08-06T00:00:00", 14, "0"),
        ("2026-11-28T00:00:00", 493, "0"),
    ],
)
def test_days_that_have_begun_count_whole(moment: str, days: int, mark: str) -> None:
    found = late(moment)
    assert found.days == days
    assert after(found, Decimal(15)) == Decimal(mark)


def test_other_clocks_are_the_same_moment() -> None:
    assert late("2025-07-24T03:59:59+00:00").days == 0
    assert late("2025-07-24T04:00:00+00:00").days == 1
    assert late("2025-07-24T05:59:30+02:00").days == 0


def test_a_deadline_with_an_offset_is_the_clock() -> None:
    brussels = rubric(deadline="2025-12-01T23:59:00+01:00", zone=None)
    assert late("2025-12-01T23:59:30", brussels).days == 0
    assert late("2025-12-01T23:00:00+00:00", brussels).days == 1
    assert late("2025-12-01T22:59:59+00:00", brussels).days == 0


def test_days_are_those_of_the_wall_clock() -> None:
    brussels = rubric(
        Late(points_per_day=Decimal(2)), "2025-10-25T23:59:00+02:00", "Europe/Brussels"
    )
    assert late("2025-10-26T23:59:59+01:00", brussels).days == 1  # a day of 25 hours
    assert late("2025-10-27T00:00:00+01:00", brussels).days == 2


def test_the_soft_date_is_only_pointed_out() -> None:
    found = late("2025-07-01T10:00")
    assert (found.days, found.points, found.after_soft) == (0, 0, True)
    assert not late("2025-06-21T23:59:40").after_soft
    assert not late("2025-07-24T10:00").after_soft  # late says more


def test_days_from_the_soft_date_when_the_teacher_says_so() -> None:
    found = late("2025-06-22T00:00", rubric(POLICY.model_copy(update={"count_from": "soft"})))
    assert (found.days, found.points) == (1, 2)
    assert found.deadline == datetime(2025, 6, 21, 23, 59, tzinfo=CARACAS)


@pytest.mark.parametrize("source", ["archive", "file"])
def test_a_moment_nobody_answers_for_makes_a_range(source: Source) -> None:
    delivered = Delivered(datetime(2025, 7, 25, 12), source)
    found = with_lateness(result(Decimal(15), Decimal(15)), rubric(), delivered)
    assert (found.mark, found.mark_low, found.mark_high) == (None, 11, 15)
    assert found.status is Status.NEEDS_REVIEW
    in_time = Delivered(datetime(2025, 7, 23, 12), source)
    found = with_lateness(result(Decimal(15), Decimal(15)), rubric(), in_time)
    assert (found.mark, found.status) == (15, Status.GRADED)


def test_a_certain_moment_takes_from_both_ends() -> None:
    delivered = Delivered(datetime(2025, 7, 25, 12), "commit")
    found = with_lateness(result(Decimal("3.5"), Decimal(15)), rubric(), delivered)
    assert (found.mark, found.mark_low, found.mark_high) == (None, 0, 11)
    assert found.late is not None
    assert (found.late.mark_low, found.late.mark_high) == (Decimal("3.5"), 15)


def test_what_nothing_is_left_of_is_one_mark_again() -> None:
    delivered = Delivered(datetime(2025, 9, 1), "tag")
    found = with_lateness(result(Decimal(2), Decimal(15)), rubric(), delivered)
    assert (found.mark, found.mark_low, found.mark_high) == (0, 0, 0)


def test_a_deadline_alone_takes_nothing() -> None:
    delivered = Delivered(datetime(2025, 9, 1), "file")
    found = with_lateness(result(Decimal(15), Decimal(15)), rubric(policy=None), delivered)
    assert (found.mark, found.status) == (15, Status.GRADED)
    assert found.late is not None
    assert (found.late.days, found.late.costs) == (40, False)


def test_nothing_to_take_from() -> None:
    delivered = Delivered(datetime(2025, 9, 1), "tag")
    whole = result(Decimal(15), Decimal(15))
    assert with_lateness(whole, rubric(deadline=None), delivered) == whole
    absent = whole.model_copy(update={"status": Status.NOT_RUNNABLE})
    assert with_lateness(absent, rubric(), delivered) == absent
    with pytest.raises(ValueError, match="no deadline"):
        lateness(rubric(deadline=None), delivered, Decimal(1), Decimal(1))


def test_survives_json() -> None:
    delivered = Delivered(datetime(2025, 7, 25, 12), "commit")
    found = with_lateness(result(Decimal(3), Decimal(15)), rubric(), delivered)
    assert Result.model_validate_json(found.model_dump_json()) == found


marks = st.decimals(0, 20, places=2)
moments = st.datetimes(datetime(2025, 5, 1), datetime(2026, 3, 1), timezones=st.just(UTC))
zones = st.sampled_from(["America/Caracas", "Europe/Brussels", "Asia/Kathmandu", None])


@st.composite
def rubrics(draw: st.DrawFn) -> Rubric:
    each = draw(st.none() | st.decimals("0.01", 25, places=2))
    most = draw(st.none() | st.decimals("0.01", 25, places=2)) if each is not None else None
    zero = draw(st.none() | st.integers(1, 90))
    hard = draw(moments)
    soft = draw(st.none() | st.integers(1, 60))
    policy = Late(
        points_per_day=each,
        at_most=most,
        zero_after=None if zero is None else (hard + timedelta(days=zero)).isoformat(),
        soft=None if soft is None else (hard - timedelta(days=soft)).isoformat(),
        count_from=draw(st.sampled_from(["hard", "soft"])) if soft is not None else "hard",
    )
    return rubric(policy, hard.isoformat(), draw(zones))


@st.composite
def ends(draw: st.DrawFn) -> Result:
    one, other = sorted((draw(marks), draw(marks)))
    return result(one, other)


sources = st.sampled_from(["list", "platform", "tag", "commit", "archive", "file"])


@given(ends(), rubrics(), moments, sources)
def test_never_below_zero_nor_above_what_it_was(
    before: Result, of: Rubric, moment: datetime, source: Source
) -> None:
    found = with_lateness(before, of, Delivered(moment, source))
    assert 0 <= found.mark_low <= found.mark_high <= before.mark_high <= before.max_mark
    assert found.mark_low <= before.mark_low
    assert (found.mark is None) == (found.mark_low < found.mark_high)
    if source not in CERTAIN:
        assert found.mark_high == before.mark_high


@given(ends(), rubrics(), moments, moments, sources)
def test_later_is_never_worth_more(
    before: Result, of: Rubric, one: datetime, other: datetime, source: Source
) -> None:
    first, second = sorted((one, other))
    sooner = with_lateness(before, of, Delivered(first, source))
    later = with_lateness(before, of, Delivered(second, source))
    assert later.mark_low <= sooner.mark_low
    assert later.mark_high <= sooner.mark_high


@given(ends(), marks, rubrics(), moments, sources)
def test_better_work_is_never_worth_less(
    before: Result, more: Decimal, of: Rubric, moment: datetime, source: Source
) -> None:
    top = max(before.mark_high, more)
    better = result(max(before.mark_low, min(more, top)), top)
    found = with_lateness(before, of, Delivered(moment, source))
    risen = with_lateness(better, of, Delivered(moment, source))
    assert risen.mark_low >= found.mark_low
    assert risen.mark_high >= found.mark_high


@given(ends(), rubrics(), sources, st.integers(0, 86_400))
def test_in_time_takes_nothing(before: Result, of: Rubric, source: Source, early: int) -> None:
    assert of.late is not None
    start = of.late.soft if of.late.count_from == "soft" else of.deadline
    moment = datetime.fromisoformat(str(start)) - timedelta(seconds=early)
    found = with_lateness(before, of, Delivered(moment, source))
    assert (found.mark_low, found.mark_high) == (before.mark_low, before.mark_high)


@given(rubrics(), moments)
def test_a_day_is_taken_for_each_day_begun(of: Rubric, moment: datetime) -> None:
    found = lateness(of, Delivered(moment, "list"), Decimal(0), Decimal(20))
    gone = (found.delivered - found.deadline).total_seconds()
    assert (found.days - 1) * 86_400 - 3600 <= gone or found.days == 0
    assert gone <= found.days * 86_400 + 3660
