"""MNIST in every form that notebooks open, made when first asked for.

Its authors distribute four files of bytes behind a short header, each packed with gzip; other
places have one `.npz`. The teacher's copy is such an `.npz`.
"""

from __future__ import annotations

import gzip
import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..notices import note
from .really import really_exists

# Other sets that are distributed in files of these very names.
OTHER_SETS = re.compile(r"(?i)fashion|kmnist|kuzushiji|emnist|qmnist")
_BYTES = 8  # the header's code for their type


@dataclass(frozen=True)
class KnownIdx:
    """An image set as its authors distribute it: images and labels of two parts, in four files."""

    name: str
    module: str  # of keras.datasets
    npz: str
    train: tuple[str, str]  # images and labels
    test: tuple[str, str]

    @property
    def coarse(self) -> tuple[str, ...]:
        """Its labels are of one kind."""
        return ()


MNIST = KnownIdx(
    name="mnist",
    module="mnist",
    npz="mnist.npz",
    train=("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    test=("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


class IdxCopy:
    """One set of grey images. `path` is the teacher's `.npz`, `folder` a place for other forms."""

    def __init__(self, known: KnownIdx, path: str, folder: str) -> None:
        self.known, self.path, self._folder = known, path, folder

    def forms(self) -> dict[str, Callable[[], str]]:
        """By base name, what gives the path of this form."""
        found: dict[str, Callable[[], str]] = {self.known.npz: lambda: self.path}
        for part, names in enumerate((self.known.train, self.known.test)):
            for which, name in enumerate(names):
                found[name] = self._form(name, part, which)
                found[name + ".gz"] = self._form(name + ".gz", part, which)
        return found

    def parts(self) -> tuple[tuple[Any, Any, None], tuple[Any, Any, None]]:
        """Training and test part: images (N, H, W) and labels (N,), uint8; read anew each time."""
        import numpy as np

        with np.load(self.path, allow_pickle=False) as held:
            train, test = (
                (
                    held[f"x_{name}"].reshape(held[f"x_{name}"].shape[:3]).astype(np.uint8),
                    held[f"y_{name}"].reshape(-1).astype(np.uint8),
                    None,
                )
                for name in ("train", "test")
            )
        return train, test

    def _form(self, name: str, part: int, which: int) -> Callable[[], str]:
        return lambda: self._made(name, part, which)

    def _made(self, name: str, part: int, which: int) -> str:
        target = os.path.join(self._folder, name)
        if not really_exists(target):
            os.makedirs(self._folder, exist_ok=True)
            partial = os.path.join(self._folder, f"part-{os.getpid()}-{name}")
            content = as_idx(self.parts()[part][which])
            with open(partial, "wb") as stream:
                stream.write(gzip.compress(content, 1) if name.endswith(".gz") else content)
            os.replace(partial, target)
            note("data", f"{os.path.basename(self.path)} -> {name}")
        return target


def as_idx(array: Any) -> bytes:
    """Bytes behind a header that says how many there are along each axis."""
    header = bytes((0, 0, _BYTES, array.ndim))
    sizes: bytes = struct.pack(f">{array.ndim}I", *array.shape)
    content: bytes = array.tobytes()
    return header + sizes + content


def known_idx(name: str) -> KnownIdx | None:
    """The set that this name of a data file means (`mnist`); None if unknown."""
    return MNIST if re.sub(r"[^a-z0-9]", "", name.casefold()) == MNIST.name else None
