"""The weights' own bytes are found in files of every library, and only there."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from torch import nn

from graders.analysis.saved import content, weights_in
from graders.evidence.model import Entry, FileSeen
from graders.evidence.reading import Blobs
from graders.probe.frameworks.torch_tensors import to_numpy
from graders.probe.log import EventLog

torch.manual_seed(3)
KEPT = "f1" * 16
NET = nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 1))
ARRAYS = {n: to_numpy(p) for n, p in NET.state_dict().items()}


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


WAYS = {
    "state dict": lambda s: torch.save(NET.state_dict(), s),
    "whole network": lambda s: torch.save(NET, s),
    "checkpoint": lambda s: torch.save({"epoch": 3, "model": NET.state_dict()}, s),
    "old format": lambda s: torch.save(NET.state_dict(), s, _use_new_zipfile_serialization=False),
    "pickle": lambda s: pickle.dump(NET.state_dict(), s),
    "pickle of arrays": lambda s: pickle.dump(ARRAYS, s),
    "joblib": lambda s: joblib.dump(ARRAYS, s),
    "npz": lambda s: np.savez(s, **ARRAYS),
    "compressed npz": lambda s: np.savez_compressed(s, **ARRAYS),
}


@pytest.mark.parametrize("way", WAYS)
def test_saved_weights_are_found(tmp_path: Path, way: str) -> None:
    log = EventLog(str(tmp_path))
    entries = [
        Entry(name=n, uid=i, role="parameter", requires_grad=True, shape=a.shape, dtype="float32",
              digest=log.keep(a))
        for i, (n, a) in enumerate(ARRAYS.items())
    ]  # fmt: skip
    other = [
        e.model_copy(update={"digest": log.keep(a + 1)})
        for e, a in zip(entries, ARRAYS.values(), strict=True)
    ]
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / f"{KEPT}.bin").write_bytes(_written(WAYS[way]))
    file = FileSeen(path="net.pt", size=1, digest=KEPT)
    data = content(tmp_path, file)
    blobs = Blobs(tmp_path / "blobs")
    assert weights_in(data, file, entries, blobs).whole
    assert not weights_in(data, file, other, blobs).whole
    assert weights_in(b"", file, entries, blobs).found == 0


def test_what_was_put_behind_a_zip_does_not_count(tmp_path: Path) -> None:
    zeros = {n: torch.zeros_like(p) for n, p in NET.state_dict().items()}
    behind = b"".join(a.tobytes() for a in ARRAYS.values())
    (tmp_path / "files").mkdir()
    file = FileSeen(path="net.pt", size=1, digest="f1")
    for length in (len(behind), 100_000):
        raw = _written(lambda s: torch.save(zeros, s)) + behind.ljust(length, b"\0")
        (tmp_path / "files" / "f1.bin").write_bytes(raw)
        assert behind[:200] not in content(tmp_path, file)
