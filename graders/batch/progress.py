"""How far are we? A bar with the submissions in progress and the time left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from graders.batch.attempts import Attempts
from graders.language import _


class ProgressBar(Progress):
    """Counts a running submission by the cells it has run."""

    def __init__(self, total: int, attempts: Attempts, console: Console) -> None:
        self._attempts = attempts
        self._total = total
        self._running: dict[str, None] = {}
        self._finished: set[str] = set()
        self._task: TaskID | None = None  # rich asks for the first picture before there is one
        super().__init__(
            SpinnerColumn(),
            TextColumn("{task.fields[finished]}/{task.fields[total_submissions]}"),
            BarColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[running]}", markup=False),
            console=console,
            transient=True,
            speed_estimate_period=3600,
        )
        self._task = self.add_task(
            "", total=total, finished=0, total_submissions=total, running=_("starting")
        )

    def began(self, submission_id: str) -> None:
        self._running[submission_id] = None

    def ended(self, submission_id: str) -> None:
        self._running.pop(submission_id, None)
        self._finished.add(submission_id)
        if not self.console.is_terminal:
            count = f"{len(self._finished)}/{self._total}"
            self.console.print(f"{count} {submission_id}", markup=False, highlight=False)

    def get_renderables(self) -> Iterable[RenderableType]:
        shares = {name: self._attempts.progress(name) for name in list(self._running)}
        if self._task is not None:
            self._show(self._task, shares)
        yield from super().get_renderables()

    def _show(self, task: TaskID, shares: Mapping[str, float]) -> None:
        self.update(
            task,
            completed=len(self._finished) + 0.95 * sum(shares.values()),
            finished=len(self._finished),
            running=", ".join(f"{name} {share:.0%}" for name, share in shares.items()),
        )


class ProgressPlugin:
    """What pytest tells the bar."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        _assignment, submission_id, name = nodeid.split("::")
        if name == "run":
            self._bar.began(submission_id)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        _assignment, submission_id, name = report.nodeid.split("::")
        if name == "result" and report.when == "teardown":
            self._bar.ended(submission_id)
