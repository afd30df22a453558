"""Asks a repository that a student handed in, without letting it run anything or lead elsewhere.

Only plumbing that reads objects and names of references: no work tree is touched, so no hook,
filter, text conversion or attribute has a say; no transport is allowed; the repository's own
configuration cannot win over what is set here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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
    "core.packedGitWindowSize=32m",
    "core.packedGitLimit=128m",
    "core.bigFileThreshold=32m",
    "gpg.program=false",
    "credential.helper=",
    "protocol.allow=never",
    "submodule.recurse=false",
    "safe.bareRepository=explicit",
)
TIMEOUT = 10  # seconds
READING = 60  # seconds for all the objects of one repository
MEMORY = 2**30  # bytes; a commit that unfolds to gigabytes is read whole
MAX_INNER = 200_000  # files and folders in a `.git`
_HEADER = re.compile(rb"([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d{1,15})\n")


class GitUnreadable(Exception):  # noqa: N818 - the delivery's fault, not an error of ours
    """Git could not read it, or it is not all there."""


def is_checkout(folder: Path) -> bool:
    """Has it a `.git` of its own? A file or a link may point to somebody else's."""
    inner = folder / ".git"
    return inner.is_dir() and not inner.is_symlink()


def self_contained(folder: Path) -> bool:
    """Does its `.git` hold plain files only, and no word of where else objects may be?

    A link, a pipe or `alternates` would have git read other people's files, or wait for ever.
    """
    inner = folder / ".git"
    if (inner / "objects" / "info" / "alternates").exists():
        return False
    seen = 0
    todo = [str(inner)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                seen += 1
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                elif not entry.is_file(follow_symlinks=False):
                    return False
                if seen > MAX_INNER:
                    return False
    return True


def ask(folder: Path, *question: str) -> bytes:
    """What git says to a question about this checkout. Raises GitUnreadable."""
    try:
        done = subprocess.run(
            _command(folder, question),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
            preexec_fn=_limits(TIMEOUT),
            env=_surroundings(folder),
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise GitUnreadable(str(error)) from error
    if done.returncode:
        raise GitUnreadable(done.stderr.decode("utf-8", "replace")[:200])
    return done.stdout


class Objects:
    """Reads objects by their names, each with its size said before its content comes."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers

    def open(self, name: str) -> tuple[str, int]:
        """Kind and size of an object, whose content has to be read next. Raises GitUnreadable."""
        try:
            self._requests.write(name.encode("ascii") + b"\n")
            self._requests.flush()
            header = self._answers.readline(200)
        except (OSError, ValueError) as error:
            raise GitUnreadable(str(error)) from error
        found = _HEADER.fullmatch(header)
        if found is None:
            raise GitUnreadable("an object is missing")
        return found[2].decode(), int(found[3])

    def content(self, size: int, take: Callable[[bytes], object]) -> None:
        """Hand on the content, piece by piece. Raises GitUnreadable when it ends early."""
        left = size
        while left:
            piece = self._answers.read(min(left, 2**20))
            if not piece:
                raise GitUnreadable("an object ends early")
            take(piece)
            left -= len(piece)
        if self._answers.read(1) != b"\n":
            raise GitUnreadable("an object ends early")

    def whole(self, name: str, kind: str, most: int) -> bytes:
        """The content of an object of this kind, of at most so many bytes. Raises GitUnreadable."""
        found, size = self.open(name)
        if found != kind or size > most:
            raise GitUnreadable(f"a {found} of {size} bytes")
        pieces: list[bytes] = []
        self.content(size, pieces.append)
        return b"".join(pieces)


@contextmanager
def objects(folder: Path) -> Iterator[Objects]:
    """The objects of a checkout; git is stopped after READING seconds. Raises GitUnreadable."""
    try:
        process = subprocess.Popen(
            _command(folder, ("cat-file", "--batch")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=_limits(READING),
            env=_surroundings(folder),
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise GitUnreadable(str(error)) from error
    timer = threading.Timer(READING, process.kill)
    timer.daemon = True
    timer.start()
    try:
        if process.stdin is None or process.stdout is None:
            raise GitUnreadable("git cannot be talked to")
        yield Objects(process.stdin, process.stdout)
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what was left to write has nobody to read it
                    continue


def _command(folder: Path, question: tuple[str, ...]) -> list[str]:
    git = shutil.which("git")
    if git is None:
        raise GitUnreadable("there is no git on this machine")
    command = [git, "--no-pager", "--no-replace-objects", "--literal-pathspecs"]
    for setting in _HARMLESS:
        command += ["-c", setting]
    return [*command, *question]


def _surroundings(folder: Path) -> dict[str, str]:
    inner = str((folder / ".git").absolute())
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        # Named, so that files in it cannot say that objects and references lie elsewhere.
        "GIT_DIR": inner,
        "GIT_COMMON_DIR": inner,
        "GIT_OBJECT_DIRECTORY": os.path.join(inner, "objects"),
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
    }


def _limits(seconds: int) -> Callable[[], None] | None:
    """Sets the memory and time that git may take; None where the system has no such limits."""
    try:
        import resource
    except ImportError:
        return None

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    return limit
