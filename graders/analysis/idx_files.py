"""What is in MNIST's files? Bytes behind a short header, four files to a set, packed or not."""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NAME = re.compile(r"(train|t10k)-(images|labels)[-.]idx([13])-ubyte(\.gz)?", re.I)
_BYTES = 8  # the header's code for their type
_LARGEST = 2**30  # bytes of one file


def is_idx(path: Path) -> bool:
    """Is it, by its name, one of the four files?"""
    return _NAME.fullmatch(path.name) is not None


def siblings(path: Path) -> dict[tuple[str, str], Path]:
    """The files of the set that lie beside this one, it included, by part (train, t10k) and
    content (images, labels)."""
    found: dict[tuple[str, str], Path] = {}
    for file in sorted(path.parent.iterdir()):
        name = _NAME.fullmatch(file.name)
        if name is not None and file.is_file():
            found.setdefault((name[1].lower(), name[2].lower()), file)
    return found


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in one file. Raises ValueError when there is none in it, OSError when it cannot
    be read."""
    with open(path, "rb") as stream:
        content = stream.read(_LARGEST)
    if content[:2] == b"\x1f\x8b":
        content = _unpacked(content)
    if (
        len(content) < 4
        or content[:2] != b"\0\0"
        or content[2] != _BYTES
        or content[3] not in (1, 3)
    ):
        raise ValueError("it has not the header of an idx file of bytes")
    axes = content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise ValueError("its header is cut off")
    shape = struct.unpack(f">{axes}I", content[4:start])
    size = math.prod(shape)
    if len(content) - start != size:
        raise ValueError(f"{len(content) - start} bytes, where {size} are announced")
    array: NDArray[Any] = np.frombuffer(content, dtype=np.uint8, offset=start)
    return array.reshape(shape)


def _unpacked(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            whole = stream.read(_LARGEST)
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error
    return whole
