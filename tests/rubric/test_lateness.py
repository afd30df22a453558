from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from graders.rubric import Late, RubricError, find, load, schema
from graders.rubric.moments import moment
from graders.rubric.source import read_source

PLAIN = "deadline: 2025-12-01T23:59:00+01:00\n"
LATE = """\
zone: America/Caracas
deadline: 2025-08-01T23:59
late:
  soft: 2025-06-21T23:59
  count_from: hard
  points_per_day: 0.2
  at_most: 1
  zero_after: 2025-08-05
"""


@pytest.fixture
def write(tmp_path: Path, rubric_text: str) -> Callable[[str], Path]:
    def write(late: str) -> Path:
        path = tmp_path / "demo.yaml"
        path.write_text(rubric_text.replace(PLAIN, late), encoding="utf-8")
        return path

    return write


def test_reads_local_times_in_the_zone(write: Callable[[str], Path], checks: Path) -> None:
    rubric = load(write(LATE), checks)
    assert rubric.zone == "America/Caracas"
    assert rubric.deadline == "2025-08-01T23:59:00-04:00"
    assert rubric.late == Late(
        points_per_day=Decimal("0.2"),
        at_most=Decimal(1),
        soft="2025-06-21T23:59:00-04:00",
        zero_after="2025-08-05T23:59:00-04:00",
    )


def test_offsets_need_no_zone(write: Callable[[str], Path], checks: Path) -> None:
    rubric = load(write(PLAIN + "late: {points_per_day: 1, count_from: hard}\n"), checks)
    assert rubric.zone is None
    assert rubric.late == Late(points_per_day=Decimal(1))


@pytest.mark.parametrize(
    ("name", "soft", "hard"),
    [
        ("t1", "2025-06-21T23:59:00-04:00", "2025-08-01T23:59:00-04:00"),
        ("t2", None, "2025-07-23T23:59:00-04:00"),
    ],
)
def test_the_deadlines_of_the_statements(name: str, soft: str | None, hard: str) -> None:
    rubric = load(find(name))
    assert (rubric.zone, rubric.deadline) == ("America/Caracas", hard)
    assert rubric.late == Late(
        points_per_day=Decimal(2),
        at_most=Decimal(10),
        zero_after="2025-08-05T23:59:00-04:00",
        soft=soft,
    )


def test_clocks_that_go_back_give_the_later_time() -> None:
    found = moment("2025-10-26T02:30", ZoneInfo("Europe/Brussels"))
    assert found.astimezone(UTC) == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)


def test_schema_takes_it(write: Callable[[str], Path]) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    data = read_source(write(LATE)).data
    validator.validate(data)
    for key, value in (("points_per_day", 0), ("count_from", "sfot"), ("per_day", 2)):
        assert not validator.is_valid({**data, "late": {**data["late"], key: value}})


# Each case changes what is right; "# here" marks the line that must be named.
WRONG = {
    "no such zone": (
        "zone: America/Caracas",
        "zone: America/Caraca # here",
        "'America/Caraca' is not a time zone: write it as America/Caracas. "
        "Did you mean 'America/Caracas'?",
    ),
    "zone that leads elsewhere": ("America/Caracas", "../../etc/passwd # here", "not a time zone"),
    "local without a zone": (
        "zone: America/Caracas\ndeadline: 2025-08-01T23:59",
        "deadline: 2025-08-01T23:59:00-04:00",
        "'2025-06-21T23:59' needs a zone",
    ),
    "no moment": ("2025-08-01T23:59", "1/8/2025 # here", "'1/8/2025' is not a moment"),
    "no year of ours": ("2025-08-01T23:59", "9025-08-01T23:59 # here", "is not a moment"),
    "no day of the month": ("zero_after: 2025-08-05", "zero_after: 2025-08-35 # here", "not a mo"),
    "no deadline": (
        "deadline: 2025-08-01T23:59\nlate:",
        "late: # here",
        "'late' needs the deadline that is missed.",
    ),
    "soft after hard": (
        "soft: 2025-06-21",
        "soft: 2025-09-21T23:59 # here\n  #",
        "before the dead",
    ),
    "zero before the deadline": ("2025-08-05", "2025-07-31 # here", "after the deadline"),
    "counted from nothing": (
        "  soft: 2025-06-21T23:59\n  count_from: hard",
        "  count_from: soft # here",
        "Days cannot be counted from a soft date: there is none.",
    ),
    "counted from somewhere": (
        "count_from: hard",
        "count_from: herd # here",
        "'herd' is not a count_from",
    ),
    "takes nothing": (
        "late:\n  soft: 2025-06-21T23:59\n  count_from: hard\n  points_per_day: 0.2\n  at_most: 1\n"
        "  zero_after: 2025-08-05",
        "late: {soft: 2025-06-21T23:59} # here",
        "'late' takes nothing",
    ),
    "at most without days": (
        "  points_per_day: 0.2\n  at_most: 1",
        "  at_most: 1 # here",
        "is mis",
    ),
    "at most less than a day": ("at_most: 1", "at_most: 0.1 # here", "One day takes more than all"),
    "more than there is": (
        "at_most: 1",
        "at_most: 4 # here",
        "Lateness takes 4 points and the assignment has 3.7.",
    ),
    "points in words": ("points_per_day: 0.2", "points_per_day: two # here", "not a number of poi"),
    "less than nothing": ("points_per_day: 0.2", "points_per_day: -2 # here", "more than zero"),
    "unknown key": ("at_most: 1", "at_mots: 1 # here", "Did you mean 'at_most'?"),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG)
def test_says_what_is_wrong_and_where(
    write: Callable[[str], Path], checks: Path, old: str, new: str, message: str
) -> None:
    assert old in LATE
    path = write(LATE.replace(old, new, 1))
    with pytest.raises(RubricError) as caught:
        load(path, checks)
    first = caught.value.problems[0]
    assert message in first.message
    if "# here" in new:
        text = path.read_text(encoding="utf-8")
        assert first.line == text[: text.index("# here")].count("\n") + 1
