"""No sandbox: the student's own machine, where the code is the user's anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graders.sandbox.protocol import Bounds, Launch, Shared


@dataclass(frozen=True)
class NoSandbox:
    """Runs the command as it is, with a clean environment. The runner's watcher still acts."""

    name: str = "none"

    def wrap(
        self,
        command: list[str],
        *,
        workdir: Path,
        shared: Shared,
        env: Mapping[str, str],
        bounds: Bounds,
    ) -> Launch:
        return Launch(list(command), dict(env))

    def self_check(self) -> None:
        """Nothing to fail."""
