"""What every room's tests share: how much of the attack suite is run."""


def pytest_addoption(parser):
    parser.addoption("--all-attacks", action="store_true", help="the whole attack suite")
