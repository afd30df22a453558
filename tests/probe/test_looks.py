"""Looks are taken at milestones, and at steps that nobody knows beforehand."""

from __future__ import annotations

from graders.probe.looks import by_lot, milestone


def test_milestones_double() -> None:
    assert [n for n in range(70) if milestone(n)] == [0, 1, 2, 4, 8, 16, 32, 64]


def test_looks_by_lot_are_few_and_never_the_same() -> None:
    drawn = [frozenset(n for n in range(2000) if by_lot(n)) for _ in range(5)]
    assert all(8 <= len(looks) <= 50 for looks in drawn)  # 22 on average
    assert len(set(drawn)) == 5
