"""Makes evidence as a run leaves it, for attacks to spoil."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from graders.evidence.run_record import CellRecord, RunRecord


class Forgery:
    """An evidence folder in which a student's kernel could write anything but `run.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs").mkdir(parents=True)
        (folder / "files").mkdir()
        cell = CellRecord(index=0, notebook="a.ipynb", source="x = 1", executed=True)
        record = RunRecord(ended="finished", cells=(cell,))
        (folder / "run.json").write_text(record.model_dump_json(), "utf-8")
        self.lines: list[str] = []

    def keep(self, array: Any) -> str:
        """An honest array under its digest."""
        data = np.ascontiguousarray(array)
        mark = hashlib.blake2b(digest_size=16)
        mark.update(f"{data.dtype.str}{data.shape}".encode() + data.tobytes())
        np.save(self.folder / "blobs" / f"{mark.hexdigest()}.npy", array, allow_pickle=False)
        return mark.hexdigest()

    def blob(self, content: bytes, digest: str = "0" * 32) -> str:
        """Any bytes under a digest."""
        (self.folder / "blobs" / f"{digest}.npy").write_bytes(content)
        return digest

    def header(self, shape: Any, dtype: str = "<f4", content: bytes = b"") -> str:
        """An array whose header says this, with other content."""
        text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
        text = text.ljust(118 + 64 * (len(text) > 117) * (len(text) // 64)) + "\n"
        raw = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
        return self.blob(raw + content)

    def event(self, kind: str, /, **fields: Any) -> None:
        self.lines.append(json.dumps({"event": kind, "cell": 0, "moment": 1, **fields}))

    def write(self) -> Path:
        (self.folder / "events.jsonl").write_text("\n".join([*self.lines, ""]), "utf-8")
        return self.folder

    def graph(self, nodes: list[dict[str, Any]], **fields: Any) -> None:
        """A network of two numbers, `x` (value 0) and a weight (value 1), and these nodes."""
        data = self.keep(np.ones((30, 2), np.float32))
        weight = self.keep(np.ones((2, 2), np.float32))
        value = {"shape": [30, 2], "dtype": "float32", "requires_grad": True}
        square = {**value, "shape": [2, 2]}
        made = {str(out): value for node in nodes for out in node.get("outs", [])}
        leaf = {"rows_kept": 30, "uid": 1, "role": "input", "value": 0, "digest": data}
        other = {"rows_kept": 2, "uid": 2, "role": "parameter", "value": 1, "digest": weight}
        last = nodes[-1]["outs"][-1] if nodes and nodes[-1].get("outs") else 0
        self.event(
            "graph",
            **{
                "why": "forward",
                "model": 1,
                "nodes": nodes,
                "values": {"0": value, "1": square, **made},
                "leaves": [leaf, other],
                "inputs": [0],
                "outputs": [last],
                **fields,
            },
        )


def call(op: str, *args: Any, outs: tuple[int, ...] = (2,), **named: Any) -> dict[str, Any]:
    """One operation on values: an integer in a list of its own is a value."""
    encoded = [{"t": a[0]} if isinstance(a, list) and len(a) == 1 else a for a in args]
    return {"op": op, "args": encoded, "named": named, "outs": list(outs), "scope": ""}


def npz() -> bytes:
    """A zip of arrays under the name of one array."""
    stream = io.BytesIO()
    np.savez(stream, a=np.ones(3))
    return stream.getvalue()


def pickled() -> bytes:
    """An array of objects: reading it would run what the pickle says."""
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return stream.getvalue()
