"""Which arrays are in the teacher's file of pretrained weights? Nothing in it is run.

A pickle (a dict, list or nesting of both, of NumPy arrays), an `.npz`, an HDF5 file of Keras, or a
state dict of torch. Of a pickle only NumPy's own arrays and plain containers are made.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis import array_pickle

Array = NDArray[Any]

_MAX_DEPTH = 6
_HDF5 = b"\x89HDF\r\n\x1a\n"


class WeightsFileError(Exception):
    """The file is there and is not a file of weights that can be read."""


def read_weights_file(path: Path) -> dict[str, Array]:
    """Its floating arrays by key, in the file's order; nested keys are joined by `/`.

    Counters and other whole numbers are left out, half precisions become float32. Raises
    WeightsFileError.
    """
    try:
        content = _content(path)
    except WeightsFileError:
        raise
    except ValueError as error:
        raise WeightsFileError(f"{path.name}: {error}") from error
    except Exception as error:  # a broken file may bring about anything
        raise WeightsFileError(f"{path.name}: {type(error).__name__}: {error}") from error
    arrays = dict(_flat(content))
    if not arrays:
        raise WeightsFileError(f"{path.name} holds no arrays of floating point numbers")
    return arrays


def natural(key: str) -> tuple[Any, ...]:
    """To sort keys as a person counts: conv2d_9 before conv2d_10."""
    return tuple((int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", key))


def _content(path: Path) -> Any:
    with path.open("rb") as stream:
        head = stream.read(8)
    if head == _HDF5:
        return _hdf5(path)
    if head[:2] == b"PK":
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
            if "model.weights.h5" in names:  # a whole .keras model
                return _hdf5(io.BytesIO(packed.read("model.weights.h5")))
        if any(name.endswith(".npy") for name in names):
            with np.load(path, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
        return _state_dict(path)
    return array_pickle.load(path.read_bytes())


def _state_dict(path: Path) -> Any:
    import torch

    held = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(held, Mapping) and isinstance(held.get("state_dict"), Mapping):
        held = held["state_dict"]
    return held


def _hdf5(source: Any) -> dict[str, Array]:
    try:
        import h5py
    except ImportError as error:
        raise WeightsFileError(
            "an HDF5 file of weights needs h5py: pip install 'corrige[keras]'"
        ) from error
    found: dict[str, Array] = {}

    def visit(name: str, thing: Any) -> None:
        if isinstance(thing, h5py.Dataset):
            found[name] = np.asarray(thing)

    with h5py.File(source, "r") as file:
        file.visititems(visit)
    ordered = sorted(found, key=natural)
    return {name: found[name] for name in ordered if not name.startswith("optimizer")}


def _flat(thing: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Array]]:
    if depth > _MAX_DEPTH:
        raise WeightsFileError("the weights file nests too deeply")
    if hasattr(thing, "detach"):  # a tensor of a state dict
        thing = thing.detach().float().numpy() if thing.is_floating_point() else None
    if isinstance(thing, np.ndarray):
        if thing.dtype.kind == "f":
            wide = thing.dtype.itemsize >= 4
            yield prefix or "0", thing if wide else thing.astype(np.float32)
        elif thing.dtype.hasobject:
            yield from _flat(thing.tolist(), prefix, depth + 1)
        return
    items: Iterator[tuple[Any, Any]]
    if isinstance(thing, Mapping):
        items = iter(thing.items())
    elif isinstance(thing, (list, tuple)):
        width = len(str(len(thing)))
        items = ((f"{i:0{width}}", item) for i, item in enumerate(thing))
    else:
        return
    for name, item in items:
        key = name.decode("utf-8", "replace") if isinstance(name, bytes) else name  # Python 2
        yield from _flat(item, f"{prefix}/{key}" if prefix else str(key), depth + 1)
