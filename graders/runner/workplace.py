"""The private folder of one run: a copy of the submission, the data, the probe."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from graders.intake import Submission
from graders.rubric.model import DataFile

PROBE = Path(__file__).parents[1] / "probe"  # copied, not imported: it runs in the kernel only
LONGEST_TEMPORARY = 50  # characters; the path of a socket may have 107
MAX_DATA_COPIED = 512 * 2**20  # bytes; more is only linked, and found by the probe
MAX_IMAGES_COPIED = 16 * 2**20
STALE = 24 * 3600  # seconds
MAX_EVIDENCE = 2 * 2**30  # bytes taken out of one run
MAX_EVIDENCE_FILES = 20_000
# What the probe writes: folder, names and most bytes of one file.
_TAKEN: dict[str, tuple[tuple[re.Pattern[str], int], ...]] = {
    ".": (
        (re.compile(r"events\.jsonl"), 128 * 2**20),
        (re.compile(r"(notices\.jsonl|environment\.json)"), 2**20),
    ),
    "blobs": ((re.compile(r"[0-9a-f]{32}\.npy"), 80 * 2**20),),
    "files": ((re.compile(r"[0-9a-f]{32}\.bin"), 64 * 2**20),),
}


@dataclass(frozen=True)
class Workplace:
    """Where things lie. `base` is all that the kernel may write to."""

    base: Path
    work: Path  # the student's folder
    readable: tuple[Path, ...]  # outside base, or inside but not to be written
    data: tuple[dict[str, Any], ...]  # as the probe wants it

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def sockets(self) -> Path:
        return self.base / "k"

    @property
    def out(self) -> Path:
        return self.base / "out"

    @property
    def probe(self) -> Path:
        return self.base / "probe"

    @property
    def data_dir(self) -> Path:
        return self.base / "data"

    @property
    def forms_dir(self) -> Path:
        """Where the kernel puts image sets in forms that the teacher does not have."""
        return self.base / "forms"


@contextmanager
def workplace(submission: Submission, data: Mapping[DataFile, Path]) -> Iterator[Workplace]:
    """Make the folder and take it away afterwards. Raises OSError when it cannot be made."""
    parent = tempfile.gettempdir()
    if len(parent) > LONGEST_TEMPORARY and os.path.isdir("/tmp"):
        parent = "/tmp"
    _sweep(Path(parent))
    base = Path(tempfile.mkdtemp(prefix=f"cor{os.getpid()}-", dir=parent)).resolve()
    try:
        yield _furnish(base, submission, data)
    finally:
        _remove(base)


def _sweep(parent: Path) -> None:
    """Take away what runs that were killed left; not what may be in use in another container."""
    for folder in parent.glob("cor*-????????"):
        pid = folder.name[3:].partition("-")[0]
        try:
            status = folder.lstat()
        except OSError:
            continue
        ours = stat.S_ISDIR(status.st_mode) and getattr(os, "getuid", int)() == status.st_uid
        old = time.time() - status.st_mtime > STALE
        if pid.isdigit() and ours and old and not psutil.pid_exists(int(pid)):
            _remove(folder)


def _furnish(base: Path, submission: Submission, data: Mapping[DataFile, Path]) -> Workplace:
    work = base / "work" / submission.id
    work.mkdir(parents=True)
    for name in ("home", "k", "out", "tmp", "data"):
        (base / name).mkdir()
    for path in (*submission.notebooks, *submission.files):
        target = work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(submission.root / path, target)
    shutil.copytree(
        PROBE, base / "probe" / "corrige_probe", ignore=shutil.ignore_patterns("__pycache__")
    )
    readable = [base / "probe"]
    described = _provide(base / "data", data, submission.data_names, readable)
    _beside_the_notebooks(base / "data", work, submission)
    return Workplace(base, work, tuple(readable), tuple(described))


def _provide(
    folder: Path,
    data: Mapping[DataFile, Path],
    student_names: Mapping[str, str],
    readable: list[Path],
) -> list[dict[str, Any]]:
    room = MAX_DATA_COPIED
    described = []
    for file, source in data.items():
        source = source.resolve()
        # A table has one form; of images and weights the ending says which.
        target = folder / (file.files[0] if file.kind == "table" else source.name)
        size = source.stat().st_size if source.is_file() else room + 1
        if size <= (room if file.kind == "table" else min(room, MAX_IMAGES_COPIED)):
            room -= size
            shutil.copyfile(source, target)
            target.chmod(0o444)
        else:
            target.symlink_to(source)
            readable.append(source)
        theirs = [
            used for used, meant in student_names.items() if meant in (file.name, *file.files)
        ]
        described.append(
            {
                "name": target.name,
                "path": str(target),
                "spellings": [*file.files, *theirs],
                "kind": file.kind,
                "data": file.name,
            }
        )
    return described


def _beside_the_notebooks(data: Path, work: Path, submission: Submission) -> None:
    """Copies for what opens files without asking Python: compiled readers, the shell."""
    for folder in {path.parent for path in submission.notebooks}:
        for file in data.iterdir():
            target = work / folder / file.name
            if not file.is_symlink() and not target.exists():
                shutil.copyfile(file, target)


def take_evidence(place: Workplace, out: Path) -> None:
    """Move what the probe wrote into `out`: plain files of the names that evidence has.

    The kernel could write anything there. Answers remembered for the same evidence lie in `out`
    too, and must not come from it. Links, pipes and what is too large are left behind.
    """
    out.mkdir(parents=True, exist_ok=True)
    room, files = MAX_EVIDENCE, MAX_EVIDENCE_FILES
    for folder, names in _TAKEN.items():
        source, target = place.out / folder, out / folder
        if source.is_symlink() or not source.is_dir():
            continue
        target.mkdir(exist_ok=True)
        for name in sorted(os.listdir(source)):
            limit = next((most for form, most in names if form.fullmatch(name)), 0)
            status = (source / name).lstat()
            size = status.st_size
            if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or size > min(limit, room):
                continue
            if not limit or not files:
                continue
            room, files = room - size, files - 1
            shutil.move(source / name, target / name)


def _remove(base: Path) -> None:
    """Take the folder away, whatever was made of it: without rights, deeper than a path can say."""

    def make_writable(function: Any, path: str, _error: Any) -> None:
        try:
            os.chmod(os.path.dirname(path), 0o700)
            if not os.path.islink(path):  # chmod would change what it points to
                os.chmod(path, 0o700)
            function(path)
        except OSError:
            pass

    # rmtree calls itself for each folder in a folder: Python's stack has an end, rm has none.
    with suppress(RecursionError):
        shutil.rmtree(base, onerror=make_writable)
    if base.exists() and shutil.which("rm"):
        subprocess.run(["rm", "-rf", "--", str(base)], capture_output=True, check=False)
