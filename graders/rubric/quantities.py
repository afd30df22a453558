"""How does a rubric write an amount? Durations, sizes, points and penalties.

Every reader takes what YAML gave and raises ValueError with a sentence for the teacher.
The patterns say the same to an editor, as regular expressions of JSON Schema.
"""

from __future__ import annotations

import re
from decimal import Decimal

from graders.language import _
from graders.rubric.model import Penalty

DURATION_PATTERN = r"^(?=.)(\d+h)?(\d+m)?(\d+s)?$"
SIZE_PATTERN = r"^\d+(\.\d+)? ?(KiB|MiB|GiB|TiB)$"
PENALTY_PATTERN = r"^\d+(\.\d+)? ?(%|points?)$"
SHARE_PATTERN = r"^\d+(\.\d+)? ?%$"

_DURATION = re.compile(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(KiB|MiB|GiB|TiB)", re.ASCII)
_PENALTY = re.compile(r"(-?\d+(?:\.\d+)?) ?(%|points?)", re.ASCII)
_SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%", re.ASCII)
_BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def duration(value: object) -> float:
    """Seconds in '20m', '90s' or '1h30m'."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(
            _("'{value}' is not a duration: write it as 90s, 20m or 1h30m.").format(value=value)
        )
    hours, minutes, seconds = (int(group or 0) for group in found.groups())
    total = 3600 * hours + 60 * minutes + seconds
    if total == 0:
        raise ValueError(_("A duration must be longer than zero."))
    return float(total)


def size(value: object) -> int:
    """Bytes in '6GiB' or '512MiB'."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(
            _("'{value}' is not a size: write it as 512MiB or 6GiB.").format(value=value)
        )
    total = int(Decimal(found[1]) * _BYTES[found[2]])
    if total == 0:
        raise ValueError(_("A size must be larger than zero."))
    return total


def points(value: object) -> Decimal:
    """A positive number of points."""
    number = _number(value)
    if number is None:
        raise ValueError(
            _("'{value}' is not a number of points: write it as 3 or 0.5.").format(value=value)
        )
    if number <= 0:
        raise ValueError(_("Points must be more than zero, not {value}.").format(value=value))
    return number


def images(value: object) -> int:
    """A number of images to keep, at least one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(
            _("'{value}' is not a number of images: write it as 2000.").format(value=value)
        )
    return value


def penalty(value: object) -> Penalty:
    """A share of the exercise in '50%', or points in '1 point' or '0.5 points'."""
    found = _PENALTY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(
            _("'{value}' is not a penalty: write it as 50% or 1 point.").format(value=value)
        )
    amount, percent = Decimal(found[1]), found[2] == "%"
    if amount <= 0:
        raise ValueError(
            _("A penalty is written without a sign and is more than zero: '{value}'.").format(
                value=value
            )
        )
    if percent and amount > 100:
        raise ValueError(
            _("A penalty takes at most 100% of its exercise, not {value}.").format(value=value)
        )
    return Penalty(unit="percent" if percent else "points", amount=amount)


def penalty_points(value: object) -> Penalty:
    """The penalty in a criterion's `points: 1`."""
    return Penalty(unit="points", amount=points(value))


def share(value: object) -> Decimal:
    """A part of a whole in '30%', more than none of it: 30."""
    found = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 0 < Decimal(found[1]) <= 100:
        raise ValueError(_("'{value}' is not a share: write it as 30%.").format(value=value))
    return Decimal(found[1])


def not_negative(value: object) -> Decimal:
    """A number from zero: a mark, a factor."""
    number = _number(value)
    if number is None or number < 0:
        raise ValueError(
            _("'{value}' is not a number from 0: write it as 15 or 0.9.").format(value=value)
        )
    return number


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))  # through text, so that 3.3 is exactly 3.3
    return number if number.is_finite() else None
