"""When was it handed in, and what says so?

In this order: the teacher's list (`received_list`); the git tag, where one is asked for; the export
of a learning platform, in a name or a file of times; the last commit; the newest notebook's time in
an archive, or on the disk. Only what comes before the last two is a moment to rest a mark on. The
times of files are the student's own clock at best, and copying, downloading or unpacking may set
them anew: one that was set on this machine, as the disk's own time shows, tells nothing at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from graders.intake.ignored import plain_file
from graders.intake.submission import Source, Submission

TIME_FILE = "timestamp.txt"  # beside the files of each student, as Sakai and nbgrader write it
_MAX_BYTES = 200
_YEARS = range(2000, 2200)  # archives without times say an earlier one, forged ones any
UNSURE: tuple[Source, ...] = ("archive", "file")
_SEVERAL = 3  # submissions
_AT_ONCE = 600.0  # seconds between the first and the last of them
_AHEAD = timedelta(days=1)  # of our clock, whatever the zone
_SET_HERE = 60.0  # seconds between a file's time and the disk's own when it was written here

_ATTEMPT = re.compile(  # Blackboard: "Tarea 1_agarcia_attempt_2025-07-31-22-10-33_T1.ipynb"
    r"_(?:attempt|intento)_(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)(?:\D|$)", re.IGNORECASE
)
_DROPBOX = re.compile(r"^\d+-\d+ - .+ - (?P<when>[^-]+)$")  # Brightspace, as in the two below
_DROPBOX_TIMES = (
    "%b %d, %Y %I%M %p",  # "12345-67890 - Ana García - Jul 31, 2025 1010 PM"
    "%d %B, %Y %H%M",  # "12345-67890 - Ana García - 31 July, 2025 2210"
)
_SAKAI = re.compile(r"\d{17}")  # 20250731221033123
_NBGRADER = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d{1,6})? ([A-Za-z_/+\-0-9]{1,40})")


class Told(NamedTuple):
    """A moment (without an offset: on the course's clock) and what says it."""

    moment: datetime
    source: Source


def named(name: str) -> Told | None:
    """What a learning platform wrote into the name of a folder, an archive or a notebook."""
    try:
        if found := _ATTEMPT.search(name):
            day, *clock = found.groups()
            return Told(datetime.fromisoformat(f"{day}T{':'.join(clock)}"), "platform")
    except ValueError:  # the 31st of June
        return None
    if (found := _DROPBOX.match(name)) is None:
        return None
    for form in _DROPBOX_TIMES:
        try:
            return Told(datetime.strptime(found["when"].strip(), form), "platform")
        except ValueError:
            continue
    return None


def time_file(folder: Path) -> Told | None:
    """What the platform's file of times in the student's folder says, if it is one."""
    path = folder / TIME_FILE
    try:
        if not plain_file(path) or path.stat().st_size > _MAX_BYTES:
            return None
        text = path.read_text("utf-8-sig").strip()
        if _SAKAI.fullmatch(text):
            return Told(datetime.strptime(text[:14], "%Y%m%d%H%M%S"), "platform")
        if found := _NBGRADER.fullmatch(text):
            moment = datetime.fromisoformat(found[1])
            return Told(moment.replace(tzinfo=ZoneInfo(found[2])), "platform")
    except (OSError, ValueError, LookupError):
        return None
    return None


def of_files(notebooks: Iterable[Path], *, packed: bool) -> Told | None:
    """The time of the newest of these files; `packed`, when an archive said it."""
    found = [moment for path in notebooks if (moment := _written(path, packed)) is not None]
    return Told(max(found), "archive" if packed else "file") if found else None


def _written(path: Path, packed: bool) -> datetime | None:
    try:
        status = path.lstat()
        moment = datetime.fromtimestamp(status.st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return None
    if not plausible(moment):
        return None
    set_here = not packed and status.st_ctime - status.st_mtime < _SET_HERE
    return None if set_here else moment


def without_packers_time(submissions: Sequence[Submission]) -> list[Submission]:
    """Files of several submissions that all have one time were packed or copied at that moment:
    then none of them tells when it was handed in."""
    dated = [s for s in submissions if s.received is not None and s.received_by in UNSURE]
    moments = [s.received.timestamp() for s in dated if s.received is not None]
    if len(dated) < _SEVERAL or max(moments) - min(moments) > _AT_ONCE:
        return list(submissions)
    nothing: dict[str, None] = {"received": None, "received_by": None}
    return [s.model_copy(update=nothing) if s in dated else s for s in submissions]


def plausible(moment: datetime) -> bool:
    """Whether anything can have been handed in then: a clock that is ahead of ours is wrong."""
    if moment.year not in _YEARS:
        return False
    somewhere = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return somewhere <= datetime.now(UTC) + _AHEAD


def on_clock(moment: datetime, clock: tzinfo | None) -> datetime:
    """The moment with the offset of the course's clock (None: this machine's)."""
    if moment.tzinfo is None and clock is not None:
        return moment.replace(tzinfo=clock)
    return moment.astimezone(clock)
