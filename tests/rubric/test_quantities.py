from __future__ import annotations

import re
from decimal import Decimal

import pytest

from graders.rubric import Penalty, quantities


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("20m", 1200), ("1h30m", 5400), ("2h", 7200), ("1h0m5s", 3605)],
)
def test_duration(text: str, seconds: int) -> None:
    assert quantities.duration(text) == seconds
    assert re.search(quantities.DURATION_PATTERN, text)


@pytest.mark.parametrize("value", ["", "20", "m", "20 m", "1.5h", "30m1h", "-1m", "1d", 20, None])
def test_not_a_duration(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration: write it as"):
        quantities.duration(value)
    assert not re.search(quantities.DURATION_PATTERN, str(value or ""))


def test_no_time_at_all() -> None:
    with pytest.raises(ValueError, match="longer than zero"):
        quantities.duration("0s")


@pytest.mark.parametrize(
    ("text", "size"),
    [("6GiB", 6 * 2**30), ("512MiB", 2**29), ("1.5 KiB", 1536), ("1TiB", 2**40)],
)
def test_size(text: str, size: int) -> None:
    assert quantities.size(text) == size
    assert re.search(quantities.SIZE_PATTERN, text)


@pytest.mark.parametrize("value", ["6GB", "6", "GiB", "-1GiB", "6gib", 6, None])
def test_not_a_size(value: object) -> None:
    with pytest.raises(ValueError, match="is not a size: write it as"):
        quantities.size(value)
    assert not re.search(quantities.SIZE_PATTERN, str(value))


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("50%", "percent", "50"),
        ("12.5 %", "percent", "12.5"),
        ("100%", "percent", "100"),
        ("1 point", "points", "1"),
        ("0.25 points", "points", "0.25"),
    ],
)
def test_penalty(text: str, unit: str, amount: str) -> None:
    assert quantities.penalty(text) == Penalty.model_validate({"unit": unit, "amount": amount})
    assert re.search(quantities.PENALTY_PATTERN, text)


@pytest.mark.parametrize(
    "value", ["50", "fifty%", "%", "1 pt", "50%%", "1e2%", "٥%", 50, 0.5, None]
)
def test_not_a_penalty(value: object) -> None:
    with pytest.raises(ValueError, match="is not a penalty: write it as"):
        quantities.penalty(value)


@pytest.mark.parametrize("value", ["0%", "-50%", "0 points", "-1 point"])
def test_penalty_that_takes_nothing(value: str) -> None:
    with pytest.raises(ValueError, match="more than zero"):
        quantities.penalty(value)


def test_penalty_over_all() -> None:
    with pytest.raises(ValueError, match="at most 100%"):
        quantities.penalty("100.01%")


def test_points_are_exact() -> None:
    assert quantities.points(3.3) == Decimal("3.3")
    assert quantities.points(3) == 3


@pytest.mark.parametrize("value", ["3", True, None, float("nan"), float("inf"), [3]])
def test_not_points(value: object) -> None:
    with pytest.raises(ValueError, match="is not a number of points"):
        quantities.points(value)
