"""No sandbox: the student's own machine, where the code is the user's anyway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NoSandbox:
    """Runs the command as it is, with a clean environment."""

    name: str = "none"

    def wrap(
        self,
        command: list[str],
        *,
        workdir: Path,
        readable: Sequence[Path],
        env: Mapping[str, str],
    ) -> tuple[list[str], dict[str, str]]:
        return list(command), dict(env)

    def self_check(self) -> None:
        """Nothing to fail."""
