"""Do deadlines and what lateness costs agree with each other?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from graders.language import _
from graders.rubric import quantities
from graders.rubric.moments import is_local, moment, zone_of
from graders.rubric.outline import Part
from graders.rubric.problems import Fault


def lateness_faults(rubric: Part) -> Iterator[Fault]:
    """What the deadline, the zone and `late` say wrongly about each other."""
    zone = _zone(rubric)
    policy = rubric.get("late", dict)
    late = Part(("late",), policy or {})
    for part, key in ((rubric, "deadline"), (late, "soft"), (late, "zero_after")):
        if _needs_zone(part, key) and "zone" not in rubric.keys:
            message = _("'{text}' needs a zone (zone: America/Caracas) or an offset (-04:00).")
            yield part.fault(key, message.format(text=part.keys[key]))
    if policy is None:
        return
    if "deadline" not in rubric.keys:
        yield rubric.fault("late", _("'late' needs the deadline that is missed."))
    yield from _order(rubric, late, zone)
    yield from _costs(rubric, late)


def _order(rubric: Part, late: Part, zone: ZoneInfo | None) -> Iterator[Fault]:
    """The soft date comes first, then the deadline, then the moment of no marks at all."""
    soft, end = _moment(late, "soft", zone), _moment(late, "zero_after", zone)
    deadline = _moment(rubric, "deadline", zone)
    if soft and deadline and soft >= deadline:
        yield late.fault("soft", _("The soft date must be before the deadline."))
    if end and deadline and end <= deadline:
        yield late.fault("zero_after", _("'zero_after' must be after the deadline."))
    if late.get("count_from", str) == "soft" and "soft" not in late.keys:
        yield late.fault("count_from", _("Days cannot be counted from a soft date: there is none."))


def _costs(rubric: Part, late: Part) -> Iterator[Fault]:
    """Something is taken, and not more than there is."""
    if not late.keys.keys() & {"points_per_day", "zero_after"}:
        message = _("'late' takes nothing: it needs points_per_day or zero_after.")
        yield late.fault((), message)
    if "at_most" in late.keys and "points_per_day" not in late.keys:
        yield late.fault("at_most", _("'at_most' is for days, and points_per_day is missing."))
    each, most = _points(late, "points_per_day"), _points(late, "at_most")
    if each is not None and most is not None and most < each:
        yield late.fault("at_most", _("One day takes more than all days together."))
    worth = [_points(part, "points") for part in rubric.parts("exercises")]
    if not worth or None in worth:
        return
    available = sum((points for points in worth if points), Decimal(0))
    for key, cost in (("points_per_day", each), ("at_most", most)):
        if cost is not None and cost > available:
            message = _("Lateness takes {cost} points and the assignment has {available}.")
            yield late.fault(key, message.format(cost=cost, available=available))


def _zone(rubric: Part) -> ZoneInfo | None:
    try:
        name = rubric.get("zone", str)
        return None if name is None else zone_of(name)
    except ValueError:
        return None


def _needs_zone(part: Part, key: str) -> bool:
    try:
        text = part.get(key, str)
        return text is not None and is_local(text)
    except ValueError:
        return False


def _moment(part: Part, key: str, zone: ZoneInfo | None) -> datetime | None:
    try:
        text = part.get(key, str)
        return None if text is None else moment(text, zone)
    except ValueError:
        return None


def _points(part: Part, key: str) -> Decimal | None:
    try:
        return quantities.points(part.keys.get(key))
    except ValueError:
        return None
