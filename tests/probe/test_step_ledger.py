"""Losses of a ring, and rates of a schedule: what is read after compiled steps."""

from __future__ import annotations

import pytest

from graders.probe.compiled_steps import shared_out
from graders.probe.optimizers import GRID, schedule
from graders.probe.step_ledger import latest


@pytest.mark.parametrize(
    ("seen", "count", "expected"),
    [
        (0, 0, []),
        (0, 3, [0.0, 1.0, 2.0]),
        (3, 4, [3.0]),
        (2, 6, [2.0, 3.0, 4.0, 5.0]),
        (4, 7, [4.0, 5.0, 6.0]),
        (0, 9, [5.0, 6.0, 7.0, 8.0]),  # the first five are overwritten
    ],
)
def test_losses_since_the_last_reading(seen: int, count: int, expected: list[float]) -> None:
    ring = [0.0] * 4
    for number in range(count):
        ring[number % 4] = float(number)
    assert latest(ring, seen, count) == expected


def test_a_schedule_is_noted_where_it_changes() -> None:
    assert schedule(lambda step: 0.1 if step < 12 else 0.01, 10, 5) == [(1, [0.1]), (3, [0.01])]
    assert schedule(lambda step: 0.1, 0, 0) == []


def test_a_long_schedule_is_asked_at_some_steps() -> None:
    asked: list[int] = []

    def rate(step: int) -> float:
        asked.append(step)
        return float(step)

    found = schedule(rate, 100, 10_000)
    assert len(asked) == len(found) == GRID
    assert (asked[0], asked[-1]) == (100, 10_099)
    assert found[-1] == (10_000, [10_099.0])


@pytest.mark.parametrize(
    ("steps", "calls", "expected"),
    [
        (4, {"": 4}, {"": 4}),
        (40, {"": 2, "keras.fit": 2}, {"": 20, "keras.fit": 20}),
        (5, {"": 2, "keras.fit": 1}, {"": 4, "keras.fit": 1}),
        (1, {"": 2, "keras.fit": 1}, {"": 1}),
        (3, {}, {}),
    ],
)
def test_steps_belong_to_who_called(
    steps: int, calls: dict[str, int], expected: dict[str, int]
) -> None:
    assert shared_out(steps, calls) == expected
