"""When is that? Days and times as a rubric writes them, with an offset or in the course's zone."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from graders.language import _
from graders.rubric.problems import did_you_mean

_DAY = re.compile(r"2\d{3}-\d{2}-\d{2}", re.ASCII)  # far from the ends of what can be counted
_TIME = re.compile(r"2\d{3}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)


def written_moment(text: str) -> str:
    """The text when it is a day or a time. Raises ValueError with a sentence for the teacher."""
    _read(text)
    return text


def is_local(text: str) -> bool:
    """Whether it needs a zone. Raises ValueError when it is no moment."""
    return _read(text).tzinfo is None


def moment(text: str, zone: ZoneInfo | None) -> datetime:
    """The moment, with its offset; a day without a time is the last minute of that day.

    A time that a zone has twice, when clocks go back, is the later one. Raises ValueError for what
    is no moment, and for a local time without a zone.
    """
    found = _read(text)
    if found.tzinfo is not None:
        return found
    if zone is None:
        raise ValueError(
            _("'{text}' needs a zone (zone: America/Caracas) or an offset (-04:00).").format(
                text=text
            )
        )
    return found.replace(tzinfo=zone, fold=1)


def zone_of(name: str) -> ZoneInfo:
    """The zone of this name. Raises ValueError with a sentence for the teacher."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        message = _("'{name}' is not a time zone: write it as America/Caracas.").format(name=name)
        raise ValueError(message + did_you_mean(name, sorted(available_timezones()))) from None


def written_zone(name: str) -> str:
    """The name when it is that of a zone. Raises ValueError with a sentence for the teacher."""
    zone_of(name)
    return name


def _read(text: str) -> datetime:
    try:
        if _DAY.fullmatch(text):
            return datetime.fromisoformat(f"{text}T23:59")
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(
        _(
            "'{text}' is not a moment: write it as 2025-12-01T23:59:00+01:00, or as "
            "2025-12-01T23:59 or 2025-12-01 in the zone of the rubric."
        ).format(text=text)
    )
