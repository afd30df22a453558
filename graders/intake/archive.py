"""Opens what came packed, without trusting it: no way out of the folder, no bombs."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from graders.intake.ignored import FOLDERS
from graders.language import _

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
UNKNOWN = (".rar", ".7z")
MAX_MEMBERS = 5000
MAX_BYTES = 2**30  # unpacked, all together
CHUNK = 2**20


class ArchiveProblem(Exception):  # noqa: N818 - the delivery's fault, not an error of ours
    """The archive cannot be opened. The message is a sentence for the student."""


@dataclass(frozen=True)
class _Member:
    name: str
    stream: IO[bytes]
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


def unpack(path: Path, target: Path) -> datetime | None:
    """Unpack the regular files into `target`; the newest moment of a notebook in it, if known.

    Links, devices, absolute names and `..` are left out. Raises ArchiveProblem when it is damaged,
    encrypted, or more than MAX_MEMBERS files or MAX_BYTES.
    """
    if path.name.lower().endswith(UNKNOWN):
        raise ArchiveProblem(
            _("{name} cannot be opened: hand in a .zip or the plain files.").format(name=path.name)
        )
    written = 0
    newest: datetime | None = None
    try:
        for count, member in enumerate(_members(path), start=1):
            if count > MAX_MEMBERS:
                raise ArchiveProblem(_("{name} holds too many files.").format(name=path.name))
            place = _safe(member.name)
            if place is None:
                continue
            file = target / place
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as out:
                while chunk := member.stream.read(CHUNK):
                    written += len(chunk)
                    if written > MAX_BYTES:
                        raise ArchiveProblem(
                            _("{name} is too large once unpacked.").format(name=path.name)
                        )
                    out.write(chunk)
            if file.suffix.lower() == ".ipynb" and member.moment is not None:
                newest = max(newest or member.moment, member.moment)
    except ArchiveProblem:
        raise
    except RuntimeError as error:  # what zipfile raises for encrypted members
        raise ArchiveProblem(
            _("{name} is protected with a password.").format(name=path.name)
        ) from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise ArchiveProblem(
            _("{name} is damaged: it could not be unpacked.").format(name=path.name)
        ) from error
    except Exception as error:  # zlib.error, lzma.LZMAError, NotImplementedError, ...
        raise ArchiveProblem(
            _("{name} is damaged: it could not be unpacked.").format(name=path.name)
        ) from error
    return newest


def _safe(name: str) -> PurePosixPath | None:
    place = PurePosixPath(name.replace("\\", "/"))
    parts = place.parts
    if not parts or place.is_absolute() or ".." in parts or ":" in parts[0]:
        return None
    if any(part in FOLDERS or part.startswith(".") or "\0" in part for part in parts):
        return None
    return place


def _members(path: Path) -> Iterator[_Member]:
    if path.name.lower().endswith(".zip"):
        yield from _zip_members(path)
        return
    with tarfile.open(path) as archive:
        for item in archive:
            stream = archive.extractfile(item) if item.isreg() else None
            if stream is not None:
                yield _Member(item.name, stream, datetime.fromtimestamp(item.mtime, UTC))


def _zip_members(path: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as archive:
        seen: set[str] = set()
        for item in archive.infolist():
            link = (item.external_attr >> 16) & 0o170000 == 0o120000
            if item.is_dir() or link or item.filename in seen:
                continue
            seen.add(item.filename)
            try:
                moment = datetime(*item.date_time).astimezone()
            except ValueError:
                moment = None
            with archive.open(item) as stream:
                yield _Member(item.filename, stream, moment)
