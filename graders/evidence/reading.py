"""Reads an evidence folder. Nothing in it is trusted: sizes and forms are checked, no pickle."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from graders.evidence.model import (
    Answered,
    ArraySeen,
    Evidence,
    Fault,
    FileSeen,
    ForwardPass,
    FunctionCall,
    Graph,
    ModelSeen,
    Numbers,
    State,
    Tampered,
    TrainingRun,
)
from graders.evidence.run_record import RunRecord

MAX_EVENTS_BYTES = 256 * 2**20
MAX_LINE = 32 * 2**20
MAX_BLOB = 80 * 2**20

_KINDS: dict[str, tuple[str, type[BaseModel]]] = {
    "state": ("states", State),
    "graph": ("graphs", Graph),
    "run": ("training", TrainingRun),
    "pass": ("passes", ForwardPass),
    "metric": ("metrics", FunctionCall),
    "comparison": ("comparisons", FunctionCall),
    "array": ("arrays", ArraySeen),
    "numbers": ("numbers", Numbers),
    "file": ("files", FileSeen),
    "tampered": ("tampered", Tampered),
    "answer": ("answers", Answered),
    "fault": ("faults", Fault),
}


class EvidenceError(Exception):
    """The folder does not hold evidence that can be read."""


class Blobs:
    """Arrays by digest, read when asked for. Object arrays and oversized files are refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, digest: str | None) -> bool:
        return digest is not None and self._path(digest).is_file()

    def load(self, digest: str) -> NDArray[Any]:
        """The array. Raises EvidenceError when it is missing or malformed."""
        path = self._path(digest)
        try:
            if path.is_symlink() or path.stat().st_size > MAX_BLOB:
                raise EvidenceError(f"array {digest} is a link or too large")
            with path.open("rb") as stream:
                array: NDArray[Any] = np.load(stream, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise EvidenceError(f"array {digest}: {error}") from error
        return array

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.npy"


def read(folder: Path) -> Evidence:
    """The evidence in this folder.

    Lines that are cut off (a kernel that died) are left out; a line of a wrong form becomes a
    fault. Raises EvidenceError when `run.json` is missing or wrong.
    """
    try:
        record = RunRecord.model_validate_json((folder / "run.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise EvidenceError(f"{folder}: {error}") from error
    found: dict[str, list[Any]] = defaultdict(list)
    models: dict[int, dict[str, Any]] = {}
    for line in _lines(folder / "events.jsonl"):
        kind = line.get("event")
        try:
            if kind == "model":
                models[int(line["uid"])] = {**line, "names": []}
            elif kind == "model_name":
                names = models[int(line["uid"])]["names"]
                if len(names) < 50:
                    names.append(str(line["name"])[:200])
            elif kind in _KINDS:
                field, model = _KINDS[kind]
                found[field].append(model.model_validate(line))
        except (ValidationError, KeyError, TypeError, ValueError) as error:
            found["faults"].append(Fault(where=f"event {kind}"[:100], what=str(error)[:900]))
    return Evidence(
        run=record,
        models=tuple(ModelSeen.model_validate(m) for m in models.values()),
        **{field: tuple(items) for field, items in found.items()},
    )


def saved_file(folder: Path, digest: str) -> bytes:
    """Content of a file that the notebook wrote, empty when it was not kept."""
    if not digest.isalnum():
        return b""
    path = folder / "files" / f"{digest}.bin"
    return path.read_bytes() if path.is_file() and not path.is_symlink() else b""


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file() or path.is_symlink() or path.stat().st_size > MAX_EVENTS_BYTES:
        return
    with path.open("rb") as stream:
        for raw in stream:
            if len(raw) > MAX_LINE:
                continue
            try:
                line = json.loads(raw)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict):
                yield line
