"""Was the trained network saved? Looks for the weights' own bytes in the files written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.evidence.arrays import EvidenceError
from graders.evidence.model import Entry, FileSeen
from graders.evidence.reading import Blobs, saved_file

MIN_BYTES = 64  # smaller tensors are found anywhere
MAX_UNPACKED = 64 * 2**20


@dataclass(frozen=True)
class SavedWeights:
    """How many of a network's larger tensors stand in a file, bit for bit."""

    file: FileSeen
    found: int
    total: int

    @property
    def whole(self) -> bool:
        return self.total > 0 and self.found == self.total


def content(folder: Path, file: FileSeen) -> bytes:
    """A file's bytes; of a zip (torch, npz, keras) those of its members, for what stands between
    them is nothing that loading would find. Empty for a zip that cannot be opened."""
    raw = saved_file(folder, file.digest)
    if not raw.startswith(b"PK"):
        return raw
    parts = []
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            room = MAX_UNPACKED
            for member in archive.infolist():
                if member.file_size <= room:
                    room -= member.file_size
                    parts.append(archive.read(member))
    except Exception:  # zlib.error, LZMAError and more: what cannot be unpacked holds no weights
        pass
    return b"".join(parts)


def weights_in(data: bytes, file: FileSeen, entries: Sequence[Entry], blobs: Blobs) -> SavedWeights:
    """Looks for each tensor (float32 as it was, or float64) in the file's bytes."""
    found = total = 0
    for entry in entries:
        try:
            array = blobs.load(entry.digest)
        except EvidenceError:
            continue
        if array.nbytes < MIN_BYTES:
            continue
        total += 1
        forms = [array.tobytes()]
        if array.ndim == 2:
            forms.append(array.T.copy().tobytes())
        if array.dtype.kind == "f" and array.dtype.itemsize == 4:
            forms.append(array.astype("f8").tobytes())
        found += any(form in data for form in forms)
    return SavedWeights(file, found, total)
