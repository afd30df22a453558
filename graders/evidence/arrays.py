"""Does this file hold a plain array, and nothing else? Read without pickle, its size checked first.

NumPy believes what the header says: a shape of 10^12 rows is asked of memory before a byte is
read, and a zip under the name of an array is opened. Here the header must fit the file.
"""

from __future__ import annotations

import hashlib
import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MAX_BLOB = 80 * 2**20  # bytes
MAX_AXES = 8
MAX_SIDE = 2**27  # entries along one axis
MAX_EMPTY_SIDE = 2**16  # the same where there are none: loops run along it for nothing
MAX_ITEM = 1024  # bytes of one entry: texts
KINDS = "biufUS"  # truth values, numbers, texts: no objects, records, dates


class EvidenceError(Exception):
    """What was recorded is not there, or not as it should be."""


@dataclass(frozen=True)
class Form:
    """What the header of an array's file says."""

    shape: tuple[int, ...]
    by_columns: bool
    dtype: np.dtype[Any]


def form_of(path: Path) -> Form:
    """The array's form, without reading its content. Raises EvidenceError."""
    with _opened(path) as stream:
        return _form(stream, path)


def load(path: Path) -> NDArray[Any]:
    """The array, not to be written to. Its name is its digest. Raises EvidenceError."""
    with _opened(path) as stream:
        form = _form(stream, path)
        content = stream.read(MAX_BLOB)
    if form.dtype.kind == "b":  # other bytes than 0 and 1 would count as more than one
        content = (np.frombuffer(content, np.uint8) != 0).tobytes()
    flat = np.frombuffer(content, form.dtype)
    if form.dtype.kind == "U" and flat.size and flat.view(f"{_order(form)}u4").max() > 0x10FFFF:
        raise EvidenceError(f"array {path.stem}: texts that are none")
    array: NDArray[Any] = flat.reshape(form.shape, order="F" if form.by_columns else "C")
    if digest_of(array) != path.stem:
        raise EvidenceError(f"array {path.stem} does not hold what its name says")
    array.flags.writeable = False
    return array


def digest_of(array: NDArray[Any]) -> str:
    """The name that the probe gives an array: of its type, shape and content."""
    data = np.ascontiguousarray(array)
    mark = hashlib.blake2b(digest_size=16)
    mark.update(f"{data.dtype.str}{data.shape}".encode())
    mark.update(data.tobytes())
    return mark.hexdigest()


def _order(form: Form) -> str:
    return ">" if form.dtype.byteorder == ">" else "<"


def _opened(path: Path) -> IO[bytes]:
    """The file, when it is a plain one: a link is not followed, a pipe not waited for."""
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, os.O_RDONLY | careful)
    except (OSError, ValueError) as error:
        raise EvidenceError(f"array {path.stem}: {error}") from error
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BLOB:
        os.close(handle)
        raise EvidenceError(f"array {path.stem} is no file, or too large")
    return os.fdopen(handle, "rb")


def _form(stream: IO[bytes], path: Path) -> Form:
    try:
        version = npy.read_magic(stream)
        if version == (1, 0):
            shape, by_columns, dtype = npy.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, by_columns, dtype = npy.read_array_header_2_0(stream)
        else:
            raise ValueError(f"version {version}")
        room = os.fstat(stream.fileno()).st_size - stream.tell()
        count = math.prod(shape)
        side = MAX_SIDE if count else MAX_EMPTY_SIDE
        sound = (
            dtype.kind in KINDS
            and not dtype.hasobject
            and dtype.itemsize <= MAX_ITEM
            and len(shape) <= MAX_AXES
            and all(0 <= length <= side for length in shape)
            and count * dtype.itemsize == room
        )
    except Exception as error:  # the header is a text that NumPy parses: anything may come
        raise EvidenceError(f"array {path.stem}: {type(error).__name__}") from error
    if not sound:
        raise EvidenceError(f"array {path.stem}: its form does not fit its file")
    return Form(tuple(shape), bool(by_columns), dtype)
