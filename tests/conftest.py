"""What every room's tests share: how much of the attack suite is run."""

import os

# Before torch is imported: workers whose threads wait for one another take twenty times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--all-attacks", action="store_true", help="the whole attack suite")
