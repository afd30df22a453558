"""What tests of several rooms share, and how much of the attack suite is run."""

import os
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

# Before torch is imported: workers whose threads wait for one another take twenty times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--all-attacks", action="store_true", help="the whole attack suite")


@pytest.fixture
def late():
    """Two days late, which take four points of what were from 1.5 to 3.5."""
    from graders.scoring.result import Lateness

    caracas = timezone(timedelta(hours=-4))
    return Lateness(
        delivered=datetime(2025, 7, 25, 12, tzinfo=caracas),
        source="commit",
        certain=True,
        deadline=datetime(2025, 7, 23, 23, 59, tzinfo=caracas),
        days=2,
        points=Decimal(4),
        mark_low=Decimal("1.5"),
        mark_high=Decimal("3.5"),
    )
