"""When was the last commit of a checkout? Asked without letting the repository run anything.

The date is the student's own word: whoever commits can write any. It only says when nothing
better does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

# A repository's own configuration can name programs and files to read; these win over it.
_HARMLESS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.alternateRefsCommand=",
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    "gpg.program=false",
    "credential.helper=",
    "protocol.allow=never",
    "submodule.recurse=false",
    "safe.bareRepository=explicit",
)
TIMEOUT = 10  # seconds
MEMORY = 2**30  # bytes; a commit that unfolds to gigabytes is read whole


def last_commit(folder: Path) -> datetime | None:
    """The committer's date of HEAD; None when it is no checkout of its own or git cannot say.

    Only a `.git` that is a folder counts: a file or a link may point to somebody else's.
    """
    git = shutil.which("git")
    inner = folder / ".git"
    if git is None or inner.is_symlink() or not inner.is_dir():
        return None
    command = [git, "-C", str(folder), "--no-pager", "--no-replace-objects", "--literal-pathspecs"]
    for setting in _HARMLESS:
        command += ["-c", setting]
    try:
        # rev-list is plumbing: it reads no mailmap, shows no signature, runs no text conversion.
        done = subprocess.run(
            [*command, "rev-list", "--max-count=1", "--timestamp", "HEAD", "--"],
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
            preexec_fn=_limits(),
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LC_ALL": "C",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_ATTR_NOSYSTEM": "1",
                "GIT_ALLOW_PROTOCOL": "none",  # wins over protocol.ext.allow of the repository
                "GIT_NO_LAZY_FETCH": "1",
                "GIT_NO_REPLACE_OBJECTS": "1",
                "GIT_GRAFT_FILE": os.devnull,
                "GIT_OPTIONAL_LOCKS": "0",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_CEILING_DIRECTORIES": str(folder.parent),
            },
        )
        if done.returncode:
            return None
        return datetime.fromtimestamp(int(done.stdout.split()[0]), UTC)
    except (OSError, ValueError, IndexError, OverflowError, subprocess.SubprocessError):
        return None


def _limits() -> Callable[[], None] | None:
    """Sets the memory and time that git may take; None where the system has no such limits."""
    try:
        import resource
    except ImportError:
        return None

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (TIMEOUT, TIMEOUT))

    return limit
