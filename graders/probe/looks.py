"""When is a training run looked at closely? At 1, 2, 4, 8, ..., and at steps drawn by lot.

Nothing is laid down beforehand: who wants to behave only while watched cannot know when that is.
"""

from __future__ import annotations

from secrets import randbelow

EARLY = 8  # steps of which about half are looked at
OFTEN = 4  # looks by lot while the number of steps grows by a factor of e


def milestone(count: int) -> bool:
    """0, 1, 2, 4, 8, 16, ...: ever more rarely."""
    return count & (count - 1) == 0


def by_lot(count: int) -> bool:
    """Drawn anew at each step; about 16 times in 400 steps, 28 times in 10,000."""
    return randbelow(EARLY + count) < OFTEN
