"""What a check answers: a finding, a violation, or that it cannot tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A sentence a student can act on, with what was expected and what was observed."""

    message: str = ""
    expected: str = ""
    observed: str = ""
    cells: tuple[int, ...] = ()


class Violated(AssertionError):  # noqa: N818 - a verdict, not an error
    """The criterion is not met."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message or finding.observed)
        self.finding = finding


class Undecided(Exception):  # noqa: N818 - a verdict, not an error
    """The grader cannot tell: a person must."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message or finding.observed)
        self.finding = finding


class NotAssessed(Exception):  # noqa: N818 - a verdict, not an error
    """There is nothing to look at, and what is missing is another criterion's matter."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message or finding.observed)
        self.finding = finding


def require(
    holds: bool | None,
    *,
    expected: str,
    observed: str,
    message: str = "",
    cells: Iterable[int] = (),
) -> Finding:
    """The finding when the criterion holds; raises Violated when not, Undecided on None."""
    finding = Finding(message or observed, expected, observed, tuple(sorted(set(cells))))
    if holds is None:
        raise Undecided(finding)
    if not holds:
        raise Violated(finding)
    return finding
