"""How much may come out of what is packed? Every byte that unfolds is counted, kept or not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path
from typing import IO, Any, Self

from graders.language import _

MAX_BYTES = 2 * 2**30  # unfolded from one delivery, all together
MAX_FILES = 10_000
MAX_RATIO = 200  # times the packed size; texts shrink to a twentieth, bombs to a thousandth
FREE = 64 * 2**20  # bytes that may unfold whatever the ratio
MAX_READ = 8 * 2**20  # bytes of a zip's directory
MAX_HEADER = 2**20  # bytes of a long name in a tar
MAX_MEMORY = 128 * 2**20  # bytes that xz may ask for; `xz -9` needs half
CHUNK = 2**20
_LONG = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


class ArchiveProblem(Exception):  # noqa: N818 - the delivery's fault, not an error of ours
    """The archive cannot be opened. The message is a sentence for the student."""


class Allowance:
    """What may still come out of one delivery, with the archives inside it."""

    def __init__(self, room: int | None = None, files: int | None = None) -> None:
        self._room = MAX_BYTES if room is None else room
        self._files = MAX_FILES if files is None else files
        self._name, self._packed, self._unfolded = "", 0, 0

    def opened(self, path: Path) -> None:
        """Count from here for this archive; the total goes on."""
        self._name, self._packed, self._unfolded = path.name, path.stat().st_size, 0

    def one_file(self) -> None:
        """Raises ArchiveProblem when there are too many."""
        self._files -= 1
        if self._files < 0:
            raise ArchiveProblem(_("{name} holds too many files.").format(name=self._name))

    def written(self, size: int) -> None:
        """Raises ArchiveProblem when it is too much."""
        self._room -= size
        if self._room < 0:
            raise ArchiveProblem(_("{name} is too large once unpacked.").format(name=self._name))

    def unfolded(self, size: int) -> None:
        """Bytes that came out, kept or not. Raises ArchiveProblem when they are too many."""
        self._unfolded += size
        grown = self._unfolded > FREE and self._unfolded > MAX_RATIO * self._packed
        if self._unfolded > MAX_BYTES + FREE or grown:
            raise ArchiveProblem(_("{name} is too large once unpacked.").format(name=self._name))


class SmallReads(io.FileIO):
    """A file of which no more than MAX_READ is read at once: a zip's directory can be huge."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        """Raises ArchiveProblem when more is asked for."""
        asked = MAX_READ + 1 if size is None or size < 0 else size
        content = (super().read(asked) or b"") if asked <= MAX_READ + 1 else b""
        if max(asked if asked > MAX_READ + 1 else 0, len(content)) > MAX_READ:
            raise ArchiveProblem(_("{name} holds too many files.").format(name=self._path.name))
        return content


class TarEntry(tarfile.TarInfo):
    """An entry whose long name is not gigabytes long: tarfile reads it whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Raises tarfile.ReadError."""
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in _LONG and entry.size > MAX_HEADER:
            raise tarfile.ReadError("a name of megabytes")
        return entry


class _Unxz(io.RawIOBase):
    """What is inside an xz file, whose own header says how much memory it takes."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb")
        self._way = self._new()

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(memlimit=MAX_MEMORY)

    def read(self, size: int = -1, /) -> bytes:
        """Raises lzma.LZMAError when it is damaged or asks for too much memory."""
        while True:
            if self._way.eof:  # another stream may follow, and zeros between them
                rest = (self._way.unused_data or self._stream.read(CHUNK)).lstrip(b"\0")
                if not rest:
                    return b""
                self._way = self._new()
            else:
                rest = self._stream.read(CHUNK) if self._way.needs_input else b""
                if not rest and self._way.needs_input:
                    raise EOFError("cut off")
            out = self._way.decompress(rest, max_length=size)
            if out:
                return out

    def close(self) -> None:
        self._stream.close()
        super().close()


class Counted(io.RawIOBase):
    """Counts what is read against the allowance."""

    def __init__(self, stream: IO[bytes] | io.RawIOBase, allowance: Allowance) -> None:
        self._stream, self._allowance = stream, allowance

    def read(self, size: int = -1, /) -> bytes:
        """Raises ArchiveProblem when it is too much."""
        content = self._stream.read(size) or b""
        self._allowance.unfolded(len(content))
        return content

    def close(self) -> None:
        self._stream.close()
        super().close()


def unpressed(path: Path, allowance: Allowance) -> Counted:
    """The tar inside, as a stream that can only be read on. Its first bytes say how it is packed,
    whatever its name says.
    """
    with path.open("rb") as raw:
        first = raw.read(6)
    ways: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": _Unxz}
    way = next((way for mark, way in ways.items() if first.startswith(mark)), io.FileIO)
    return Counted(way(path), allowance)
