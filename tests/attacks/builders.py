"""Makes hostile archives. None lies in the repository: each is built where it is needed."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

MEGABYTE = 2**20


def notebook(*sources: str) -> str:
    """An honest notebook with these cells of code."""
    cells = [
        {"cell_type": "code", "metadata": {}, "source": s, "outputs": [], "execution_count": None}
        for s in sources or ("x = 1",)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def zipped(path: Path, entries: list[tuple[str, str]], **options: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as out:
        for name, text in entries:
            out.writestr(name, text)
    return path


def tarred(path: Path, *items: tarfile.TarInfo, **named: bytes) -> Path:
    with tarfile.open(path, "w") as out:
        for item in items:
            out.addfile(item)
        for name, content in named.items():
            entry = tarfile.TarInfo(name.replace("__", "."))
            entry.size = len(content)
            out.addfile(entry, io.BytesIO(content))
    return path


def _special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    item = tarfile.TarInfo(name)
    item.type, item.linkname = kind, target
    return item


# -- out of the folder: the honest notebook arrives, nothing else does -----------------------
def climbing_names(folder: Path) -> Path:
    """`..` at the start, in the middle, with backslashes."""
    names = ["../out.ipynb", "a/../../out.ipynb", "..\\..\\out.ipynb", "a/b/../../../out.ipynb"]
    return zipped(folder / "ana.zip", [(n, "x") for n in names] + [("p3.ipynb", notebook())])


def absolute_names(folder: Path) -> Path:
    """Names that begin at the root of the disk, or on another drive."""
    here = str(folder / "out.ipynb")
    names = [here, "/" + here, "C:\\out.ipynb", "\\\\server\\share\\out.ipynb", "c:/out.ipynb"]
    return zipped(folder / "ana.zip", [(n, "x") for n in names] + [("p3.ipynb", notebook())])


def zip_link(folder: Path) -> Path:
    """A link out of the folder, and a file that is written through it."""
    path = folder / "ana.zip"
    with zipfile.ZipFile(path, "w") as out:
        link = zipfile.ZipInfo("door")
        link.external_attr = 0o120777 << 16
        out.writestr(link, str(folder))
        out.writestr("door/out.ipynb", "x")
        out.writestr("p3.ipynb", notebook())
    return path


def tar_links(folder: Path) -> Path:
    """A symbolic link to the folder above, then a file under it; a hard link to a system file."""
    return tarred(
        folder / "ana.tar",
        _special("door", tarfile.SYMTYPE, str(folder)),
        _special("passwd.ipynb", tarfile.LNKTYPE, "/etc/passwd"),
        _special("shadow.ipynb", tarfile.SYMTYPE, "/etc/shadow"),
        **{"door/out__ipynb": b"x", "p3__ipynb": notebook().encode()},
    )


def tar_devices(folder: Path) -> Path:
    """Pipes and devices under the names of notebooks: reading one would wait for ever."""
    kinds = (tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE)
    items = [_special(f"d{n}.ipynb", kind) for n, kind in enumerate(kinds)]
    return tarred(folder / "ana.tar", *items, p3__ipynb=notebook().encode())


def zip_devices(folder: Path) -> Path:
    """The same in a zip, whose attributes can say pipe, device and socket."""
    path = folder / "ana.zip"
    with zipfile.ZipFile(path, "w") as out:
        for number, kind in enumerate((0o010000, 0o020000, 0o060000, 0o140000)):
            item = zipfile.ZipInfo(f"d{number}.ipynb")
            item.external_attr = (kind | 0o666) << 16
            out.writestr(item, "x")
        out.writestr("p3.ipynb", notebook())
    return path


def file_as_folder(folder: Path) -> Path:
    """`a` is a file and `a/b` lies in it."""
    entries = [("a", "x"), ("a/b.txt", "x"), ("b/c", "x"), ("b", "x"), ("p3.ipynb", notebook())]
    return zipped(folder / "ana.zip", entries)


def endless_names(folder: Path) -> Path:
    """A thousand folders deep, and a name of 5000 letters."""
    entries = [("a/" * 1000 + "x.ipynb", "x"), ("n" * 5000 + ".txt", "x"), ("p3.ipynb", notebook())]
    return zipped(folder / "ana.zip", entries)


ESCAPES: list[Callable[[Path], Path]] = [
    climbing_names, absolute_names, zip_link, tar_links, tar_devices, zip_devices, file_as_folder,
    endless_names,
]  # fmt: skip


# -- bombs: refused with a sentence, quickly, with little on the disk -----------------------
def deflated_zeros(folder: Path) -> Path:
    """300 MB of zeros in 300 kB."""
    path = folder / "ana.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out,
        out.open("p3.ipynb", "w") as stream,
    ):
        for _n in range(300):
            stream.write(bytes(MEGABYTE))
    return path


def _pressed_tar(path: Path, opened: Callable[[Path, str], io.IOBase], name: str) -> Path:
    item = tarfile.TarInfo(name)
    item.size = 300 * MEGABYTE
    with opened(path, "wb") as stream:
        stream.write(item.tobuf())
        for _n in range(300):
            stream.write(bytes(MEGABYTE))
        stream.write(bytes(1024))
    return path


def gzipped_zeros(folder: Path) -> Path:
    """The same in a tar.gz."""
    return _pressed_tar(folder / "ana.tar.gz", gzip.open, "p3.ipynb")


def bzipped_zeros(folder: Path) -> Path:
    """The same in a tar.bz2: a few hundred bytes."""
    return _pressed_tar(folder / "ana.tar.bz2", bz2.open, "p3.ipynb")


def skipped_zeros(folder: Path) -> Path:
    """The zeros belong to an entry that is left out: they unfold all the same."""
    return _pressed_tar(folder / "ana.tar.xz", lzma.open, "../out.ipynb")


def long_header(folder: Path) -> Path:
    """A name of 300 MB, which the library would read whole before anybody looks at it."""
    path = folder / "ana.tar.gz"
    item = tarfile.TarInfo("././@LongLink")
    item.type, item.size = tarfile.GNUTYPE_LONGNAME, 300 * MEGABYTE
    with gzip.open(path, "wb") as stream:
        stream.write(item.tobuf())
        for _n in range(300):
            stream.write(b"a" * MEGABYTE)
    return path


def greedy_xz(folder: Path) -> Path:
    """An xz that asks for a dictionary of 1.5 GB to hold a few bytes."""
    path = folder / "ana.tar.xz"
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**20}]
    pressed = bytearray(lzma.compress(bytes(10240), filters=filters))
    # The block header begins at 12: its last byte before the padding is the dictionary's size.
    place = pressed.index(b"\x21\x01", 12) + 2
    pressed[place] = 40  # 4 GiB - 1
    size = (pressed[12] + 1) * 4
    pressed[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(pressed[12 : 12 + size - 4]))
    path.write_bytes(bytes(pressed))
    return path


def too_many_files(folder: Path) -> Path:
    """Twelve thousand empty files."""
    return zipped(folder / "ana.zip", [(f"{n}.txt", "") for n in range(12_000)])


def huge_directory(folder: Path) -> Path:
    """A zip whose end says that its table of contents is gigabytes long."""
    path = zipped(folder / "ana.zip", [("p3.ipynb", notebook())])
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    table = 10 * MEGABYTE
    padding = bytes(table)
    content[end:end] = padding
    end += table
    content[end + 12 : end + 20] = struct.pack("<II", table, end - table)
    path.write_bytes(bytes(content))
    return path


def nested_bombs(folder: Path) -> Path:
    """An archive of archives, each of them within its limit: together they are not."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("p3.ipynb", notebook() + " " * 60 * MEGABYTE)
    entries = [f"alumno{n}.zip" for n in range(40)]
    path = folder / "clase.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name in entries:
            out.writestr(name, inner.getvalue())
    return path


def overlapping_files(folder: Path) -> Path:
    """Many entries of the table of contents point to the same bytes (Fifield's zip bomb)."""
    path = folder / "ana.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.ipynb", bytes(8 * MEGABYTE))
        [first] = out.infolist()
        for number in range(200):
            twin = zipfile.ZipInfo(f"{number}.ipynb")
            for field in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(twin, field, getattr(first, field))
            out.filelist.append(twin)
    return path


BOMBS: list[Callable[[Path], Path]] = [
    deflated_zeros, gzipped_zeros, bzipped_zeros, skipped_zeros, long_header, greedy_xz,
    too_many_files, huge_directory, overlapping_files,
]  # fmt: skip


# -- damaged and protected: a sentence -------------------------------------------------------
def cut_off(folder: Path) -> Path:
    """The second half is missing."""
    path = zipped(folder / "ana.zip", [("p3.ipynb", notebook("x" * 5000))])
    path.write_bytes(path.read_bytes()[:200])
    return path


def flipped_bytes(folder: Path) -> Path:
    """The content is not what its checksum says."""
    path = folder / "ana.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        out.writestr("p3.ipynb", notebook("y = 2"))
    path.write_bytes(path.read_bytes().replace(b"y = 2", b"y = 3"))
    return path


def encrypted(folder: Path) -> Path:
    """The flag of a password is set."""
    path = zipped(folder / "ana.zip", [("p3.ipynb", notebook())])
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(bytes(content))
    return path


def lying_sizes(folder: Path) -> Path:
    """The table of contents says ten bytes, the file holds more."""
    path = zipped(folder / "ana.zip", [("p3.ipynb", notebook("z" * 5000))])
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(bytes(content))
    return path


def renamed_text(folder: Path) -> Path:
    """No archive at all."""
    path = folder / "ana.tar.gz"
    path.write_text("hola")
    return path


DAMAGED: list[Callable[[Path], Path]] = [
    cut_off, flipped_bytes, encrypted, lying_sizes, renamed_text,
]  # fmt: skip
