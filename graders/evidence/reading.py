"""Reads an evidence folder. Nothing in it is trusted: sizes and forms are checked, no pickle."""

from __future__ import annotations

import json
import re
import weakref
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from graders.evidence import arrays
from graders.evidence.arrays import EvidenceError
from graders.evidence.forms import MAX_DEPTH, check_graph, check_shapes, depth_of
from graders.evidence.model import (
    Answered,
    ArraySeen,
    Asked,
    Evidence,
    Fault,
    FigureDrawn,
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

MAX_EVENTS_BYTES = 128 * 2**20
MAX_LINE = 16 * 2**20
MAX_EVENTS = 100_000
MAX_PARTS = 400_000  # lists and objects in one line
MAX_ALL_PARTS = 4_000_000
MAX_SAVED = 64 * 2**20  # bytes of a file that the notebook wrote
MAX_DAMAGE = 20  # things said of damaged evidence
MAX_NAMES = 50  # of one model

_KINDS: dict[str, tuple[str, type[BaseModel]]] = {
    "state": ("states", State),
    "graph": ("graphs", Graph),
    "run": ("training", TrainingRun),
    "pass": ("passes", ForwardPass),
    "plain_pass": ("plain", ForwardPass),
    "metric": ("metrics", FunctionCall),
    "comparison": ("comparisons", FunctionCall),
    "array": ("arrays", ArraySeen),
    "numbers": ("numbers", Numbers),
    "file": ("files", FileSeen),
    "figure": ("figures", FigureDrawn),
    "tampered": ("tampered", Tampered),
    "answer": ("answers", Answered),
    "asked": ("asked", Asked),
    "fault": ("faults", Fault),
}
_DIGEST = re.compile(r"[0-9a-f]{32}")


class Blobs:
    """Arrays by digest, read when asked for and checked against it. Not to be written to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # An array that many events name is held once.
        self._held: weakref.WeakValueDictionary[str, NDArray[Any]] = weakref.WeakValueDictionary()

    def has(self, digest: str | None) -> bool:
        if digest is None or not _DIGEST.fullmatch(digest):
            return False
        path = self._path(digest)
        return path.is_file() and not path.is_symlink()

    def load(self, digest: str) -> NDArray[Any]:
        """The array. Raises EvidenceError when it is missing or malformed."""
        if not _DIGEST.fullmatch(digest):
            raise EvidenceError("an array without a digest")
        array = self._held.get(digest)
        if array is None:
            array = self._held[digest] = arrays.load(self._path(digest))
        return array

    def shapes(self, damage: list[str]) -> dict[str, tuple[int, ...]]:
        """The shape of each array; what is no array of a sound form goes to `damage`.

        Contents are looked at when they are loaded.
        """
        found: dict[str, tuple[int, ...]] = {}
        if self._folder.is_symlink() or not self._folder.is_dir():
            return found
        for path in sorted(self._folder.glob("*.npy")):
            try:
                found[path.stem] = arrays.form_of(path).shape
            except EvidenceError as error:
                damage.append(str(error))
        return found

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.npy"


def read(folder: Path) -> Evidence:
    """The evidence in this folder.

    The last line may be cut off (a kernel that died). Whatever else is not as the probe writes it
    is left out and said in `damage`. Raises EvidenceError when `run.json` is missing or wrong.
    """
    try:
        record = RunRecord.model_validate_json((folder / "run.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise EvidenceError(f"{folder}: {error}") from error
    damage: list[str] = []
    shapes = Blobs(folder / "blobs").shapes(damage)
    found: dict[str, list[Any]] = defaultdict(list)
    models: dict[int, ModelSeen] = {}
    names: dict[int, list[str]] = defaultdict(list)
    for line in _lines(folder / "events.jsonl", damage):
        kind = line.get("event")
        try:
            if kind == "model":
                seen = ModelSeen.model_validate({**line, "names": []})
                models[seen.uid] = seen
                names.pop(seen.uid, None)
            elif kind == "model_name":
                uid = models[line["uid"]].uid
                if len(names[uid]) < MAX_NAMES:
                    names[uid].append(str(line["name"])[:200])
            elif isinstance(kind, str) and kind in _KINDS:
                field, model = _KINDS[kind]
                event = model.model_validate(line)
                if isinstance(event, Graph):
                    check_graph(event)
                check_shapes(event, shapes)
                found[field].append(event)
        except Exception as error:  # whatever a forged line may bring about
            damage.append(f"event {kind!s:.40}: {type(error).__name__}")
    return Evidence(
        run=record,
        models=tuple(
            m.model_copy(update={"names": tuple(names[uid])}) for uid, m in models.items()
        ),
        damage=tuple(damage[:MAX_DAMAGE]),
        **{field: tuple(items) for field, items in found.items()},
    )


def saved_file(folder: Path, digest: str) -> bytes:
    """Content of a file that the notebook wrote, empty when it was not kept."""
    if not _DIGEST.fullmatch(digest):
        return b""
    path = folder / "files" / f"{digest}.bin"
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_SAVED:
        return b""
    return path.read_bytes()


def _lines(path: Path, damage: list[str]) -> Iterator[dict[str, Any]]:
    """The events, as far as they can be read; what cannot goes to `damage`."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        damage.append("the events are no file")
        return
    if not path.is_file():
        return
    if path.stat().st_size > MAX_EVENTS_BYTES:
        damage.append("too many events")
        return
    room = MAX_ALL_PARTS
    with path.open("rb") as stream:
        for count, raw in enumerate(stream):
            parts = raw.count(b"[") + raw.count(b"{")
            room -= parts
            if count >= MAX_EVENTS or room < 0:
                damage.append("too many events")
                return
            if len(raw) > MAX_LINE or parts > MAX_PARTS:
                damage.append("an event that is too long")
                continue
            try:
                line = json.loads(raw)
                shallow = parts <= MAX_DEPTH or depth_of(line) <= MAX_DEPTH
                sound = isinstance(line, dict) and shallow
            except (ValueError, RecursionError):
                if not raw.endswith(b"\n"):
                    return  # cut off
                sound = False
            if sound:
                yield line
            else:
                damage.append("a line that is no event")
