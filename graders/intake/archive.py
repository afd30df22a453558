"""Opens what came packed, without trusting it: no way out of the folder, no bombs."""

from __future__ import annotations

import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO

from graders.intake.packed_names import PackedNames
from graders.intake.packed_streams import (
    Allowance,
    ArchiveProblem,
    Counted,
    SmallReads,
    TarEntry,
    unpressed,
)
from graders.language import _, ngettext

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
UNKNOWN = (".rar", ".7z")
MAX_ENTRIES = 100_000  # looked at; a virtual environment packed along has tens of thousands
CHUNK = 2**20
_TIMES = 0x5455  # a zip's field for times in UTC ("extended timestamp")
_PRESSED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)


@dataclass(frozen=True)
class Unpacked:
    """`notes` say what was left out."""

    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    """`stream` is None for what is no plain file."""

    name: str
    stream: IO[bytes] | Counted | None
    moment: datetime | None


def is_archive(path: Path) -> bool:
    """By its name; also those kinds that we cannot open."""
    return path.name.lower().endswith(ENDINGS + UNKNOWN)


def stem(path: Path) -> str:
    """The name without the archive's ending."""
    for ending in sorted(ENDINGS + UNKNOWN, key=len, reverse=True):
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return path.stem


def unpack(
    path: Path,
    target: Path,
    allowance: Allowance,
    git: bool = False,
    zone: tzinfo | None = None,
) -> Unpacked:
    """Unpack the plain files into `target`, an empty folder of ours; with `git` its `.git` too.

    Files keep the times that the archive says, those of a zip without more on the clock of `zone`
    (this machine's, if None); one that says none is left with the beginning of time.
    Links, devices, absolute names and `..` are left out. Raises ArchiveProblem when it is damaged,
    protected, or more than the allowance, which is shared with what is packed inside it.
    """
    if path.name.lower().endswith(UNKNOWN):
        raise ArchiveProblem(
            _("{name} cannot be opened: hand in a .zip or the plain files.").format(name=path.name)
        )
    names = PackedNames(git)
    try:
        allowance.opened(path)
        for count, entry in enumerate(_entries(path, allowance, zone), start=1):
            if count > MAX_ENTRIES:
                raise ArchiveProblem(_("{name} holds too many files.").format(name=path.name))
            if entry.stream is None:
                names.left_out += 1
                continue
            place = names.place(entry.name)
            if place is None:
                continue
            file = target / place
            allowance.one_file()
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as out:
                while chunk := entry.stream.read(CHUNK):
                    allowance.written(len(chunk))
                    out.write(chunk)
            seconds = max(entry.moment.timestamp(), 0) if entry.moment is not None else 0
            os.utime(file, (seconds, seconds))
    except ArchiveProblem:
        raise
    except RuntimeError as error:  # what zipfile raises for encrypted members
        raise ArchiveProblem(
            _("{name} is protected with a password.").format(name=path.name)
        ) from error
    except Exception as error:  # zlib.error, lzma.LZMAError, NotImplementedError, ...
        raise ArchiveProblem(
            _("{name} is damaged: it could not be unpacked.").format(name=path.name)
        ) from error
    return Unpacked(tuple(_notes(path.name, names)))


def _notes(name: str, names: PackedNames) -> Iterator[str]:
    if names.left_out:
        yield ngettext(
            "{n} entry of {name} was left out: a link, a device or a name that leads elsewhere.",
            "{n} entries of {name} were left out: links, devices or names that lead elsewhere.",
            names.left_out,
        ).format(n=names.left_out, name=name)
    if names.twice:
        yield ngettext(
            "{n} file stands twice in {name}: the later one counts.",
            "{n} files stand twice in {name}: the later ones count.",
            names.twice,
        ).format(n=names.twice, name=name)


def _entries(path: Path, allowance: Allowance, zone: tzinfo | None) -> Iterator[_Entry]:
    if path.name.lower().endswith(".zip"):
        yield from _zip_entries(path, allowance, zone)
        return
    # Read as a stream: what is skipped is counted too, and nothing is looked for backwards.
    with (
        unpressed(path, allowance) as stream,
        tarfile.open(fileobj=stream, mode="r|", tarinfo=TarEntry) as archive,
    ):
        for item in archive:
            if item.isdir():
                continue
            content = archive.extractfile(item) if item.isreg() else None
            yield _Entry(item.name, content, _moment(item.mtime))


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _zip_moment(item: zipfile.ZipInfo, zone: tzinfo | None) -> datetime | None:
    """When the file was last written: to the second and on no clock but UTC's where the packer
    wrote that down, else as the packer's own clock showed it."""
    extra = item.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == _TIMES and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return _moment(struct.unpack_from("<i", extra, 5)[0])
        extra = extra[4 + size :]
    try:
        naive = datetime(*item.date_time)
        return naive.astimezone() if zone is None else naive.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        return None


def _zip_entries(path: Path, allowance: Allowance, zone: tzinfo | None) -> Iterator[_Entry]:
    with SmallReads(path) as packed, zipfile.ZipFile(packed) as archive:
        for item in archive.infolist():
            kind = stat.S_IFMT(item.external_attr >> 16)
            if item.is_dir():
                continue
            moment = _zip_moment(item, zone)
            if kind not in (0, stat.S_IFREG):
                yield _Entry(item.filename, None, moment)
                continue
            if item.compress_type not in _PRESSED:
                raise ArchiveProblem(
                    _("{name} cannot be opened: hand in a .zip or the plain files.").format(
                        name=path.name
                    )
                )
            with archive.open(item) as stream:
                yield _Entry(item.filename, Counted(stream, allowance), moment)
