"""When was the last commit of a checkout? Asked without letting the repository run anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

# A repository's own configuration can name programs; these win over it.
_HARMLESS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "core.alternateRefsCommand=",
    "log.showSignature=false",
    "gpg.program=false",
    "protocol.allow=never",
)
TIMEOUT = 10.0  # seconds


def last_commit(folder: Path) -> datetime | None:
    """The committer's date of HEAD; None when it is no checkout or git cannot say."""
    git = shutil.which("git")
    if git is None or not (folder / ".git").exists():
        return None
    command = [git, "-C", str(folder), "--no-pager"]
    for setting in _HARMLESS:
        command += ["-c", setting]
    try:
        done = subprocess.run(
            [*command, "log", "-1", "--no-show-signature", "--format=%cI"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_NO_LAZY_FETCH": "1",
                "GIT_OPTIONAL_LOCKS": "0",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_CEILING_DIRECTORIES": str(folder.parent),
            },
        )
        return datetime.fromisoformat(done.stdout.strip()) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
