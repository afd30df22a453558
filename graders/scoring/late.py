"""What does it take to hand in late? Pure: two moments and the rubric, a mark with its arithmetic.

The minute of a deadline is still in time, and a day that has begun counts whole. Days are the
course's own, from one such hour to the next, also when clocks change. A moment that nobody can
answer for (the time of a file, which copying changes) never takes anything by itself: it makes
the mark a range, and a person settles it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from graders.rubric import Late, Rubric
from graders.scoring.result import Lateness, Result, Source, Status, two_decimals

CERTAIN: tuple[Source, ...] = ("list", "platform", "tag", "commit")
_NOTHING = Decimal(0)
_DAY = timedelta(days=1)


class Delivered(NamedTuple):
    """When it was handed in, and what says so. A moment without offset is in the course's zone."""

    moment: datetime
    source: Source


def lateness(rubric: Rubric, delivered: Delivered, low: Decimal, high: Decimal) -> Lateness:
    """How late that is under the rubric, which must have a deadline, and what the mark was.

    Raises ValueError when it has none.
    """
    if rubric.deadline is None:
        raise ValueError(f"{rubric.assignment} has no deadline")
    policy = rubric.late or Late()
    hard = _in_zone(datetime.fromisoformat(rubric.deadline), rubric)
    soft = None if policy.soft is None else _in_zone(datetime.fromisoformat(policy.soft), rubric)
    start = soft if policy.count_from == "soft" and soft is not None else hard
    moment = _in_zone(delivered.moment, rubric)
    days = _days(moment, start)
    return Lateness(
        delivered=moment,
        source=delivered.source,
        certain=delivered.source in CERTAIN,
        deadline=start,
        days=days,
        too_late=policy.zero_after is not None
        and _is_after(moment, _in_zone(datetime.fromisoformat(policy.zero_after), rubric)),
        after_soft=soft is not None and _is_after(moment, soft) and not _is_after(moment, hard),
        points=_points(policy, days),
        mark_low=low,
        mark_high=high,
    )


def with_lateness(result: Result, rubric: Rubric, delivered: Delivered) -> Result:
    """The result after what its lateness takes: of both ends of the mark when the moment is
    certain, else of the low one, which leaves it to a person.

    Without a deadline, or where there is no mark to take from, it is as it was.
    """
    if rubric.deadline is None or result.status in (Status.NOT_RUNNABLE, Status.NOT_RECEIVED):
        return result
    late = lateness(rubric, delivered, result.mark_low, result.mark_high)
    low = after(late, result.mark_low)
    high = after(late, result.mark_high) if late.certain else result.mark_high
    open_now = low != high and result.status is Status.GRADED
    return result.model_copy(
        update={
            "mark": low if low == high else None,
            "mark_low": low,
            "mark_high": high,
            "status": Status.NEEDS_REVIEW if open_now else result.status,
            "late": late,
        }
    )


def after(late: Lateness, mark: Decimal) -> Decimal:
    """What is left of a mark: between nothing and all of it."""
    return two_decimals(_NOTHING if late.too_late else max(mark - late.points, _NOTHING))


def taken(late: Lateness) -> Decimal:
    """Points that it takes of the highest mark there was."""
    return late.mark_high - after(late, late.mark_high)


def say_moment(moment: datetime) -> str:
    """The moment as its own clock shows it, with the offset: 2025-08-01 23:59 (UTC-04:00)."""
    text = moment.isoformat(" ", "minutes")
    return f"{text[:16]} (UTC{text[16:]})" if text[16:] else text


def _points(policy: Late, days: int) -> Decimal:
    taken = (policy.points_per_day or _NOTHING) * days
    return taken if policy.at_most is None else min(taken, policy.at_most)


def _days(moment: datetime, start: datetime) -> int:
    """Days begun since the minute of `start` was over; 0 when it is not."""
    if not _is_after(moment, start):
        return 0
    days = max((moment.date() - start.date()).days - 1, 0)
    while _is_after(moment, start + days * _DAY):  # the wall clock's days, of 23 or 25 hours too
        days += 1
    return days


def _is_after(moment: datetime, minute: datetime) -> bool:
    """Whether the whole of that minute is over."""
    over = minute.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return moment.timestamp() >= over.timestamp()


def _in_zone(moment: datetime, rubric: Rubric) -> datetime:
    """The moment on the course's clock: its zone's, else that of the deadline."""
    zone = (
        ZoneInfo(rubric.zone)
        if rubric.zone is not None
        else datetime.fromisoformat(rubric.deadline or "").tzinfo
    )
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
