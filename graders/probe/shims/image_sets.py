"""The provided copy of an image set in every form that notebooks open, made when first asked for.

Teachers have one form: an `.npz`, the archive that the authors distribute, or its folder. Python 2
wrote the pickles of the latter two; those made here load in the same ways (`encoding="bytes"` gives
keys that are bytes, `encoding="latin1"` gives texts).
"""

from __future__ import annotations

import os
import pickle
import struct
import tarfile
from collections.abc import Callable
from typing import Any

from ..notices import note
from .image_words import KnownSet
from .really import really_a_folder, really_exists

Part = tuple[Any, Any, Any]  # images (N, H, W, 3), labels (N,), coarse labels (N,) or None


class ImageCopy:
    """One image set. `path` is the teacher's form, `folder` a place for the others."""

    def __init__(self, known: KnownSet, path: str, folder: str) -> None:
        self.known, self.path, self._folder = known, path, folder

    def forms(self) -> dict[str, Callable[[], str]]:
        """By base name, what gives the path of this form."""
        known = self.known
        return {known.npz: self.npz, known.archive: self.archive, known.folder: self.folder}

    def npz(self) -> str:
        """Path of `x_train, y_train, x_test, y_test` in one file."""
        if self.path.endswith(".npz"):
            return self.path
        return self._made(self.known.npz, self._write_npz)

    def archive(self) -> str:
        """Path of the authors' archive."""
        if self.path.endswith((".gz", ".tgz", ".tar")):
            return self.path
        return self._made(self.known.archive, self._write_archive)

    def folder(self) -> str:
        """Path of the folder with the authors' pickles."""
        if really_a_folder(self.path):
            return self._inside(self.path)
        return self._made(self.known.folder, self._write_folder)

    def member(self, name: str) -> str:
        """Path of one file of that folder."""
        return os.path.join(self.folder(), name)

    def parts(self) -> tuple[Part, Part]:
        """Training and test part, read anew each time: they are large."""
        if self.path.endswith(".npz"):
            import numpy as np

            with np.load(self.path, allow_pickle=False) as held:
                return tuple(  # type: ignore[return-value]  # two of them
                    self._part(held[f"x_{name}"], held[f"y_{name}"]) for name in ("train", "test")
                )
        train = [self._batch(name) for name in self.known.train]
        return _joined(train), self._batch(self.known.test)

    def _part(self, images: Any, labels: Any) -> Part:
        import numpy as np

        images = np.asarray(images)
        if images.shape[-1] != 3 and images.ndim == 4:
            images = images.transpose(0, 2, 3, 1)
        labels = np.asarray(labels).reshape(-1).astype(np.int64)
        coarse = None
        if self.known.coarse_of and len(labels) and labels.max() < len(self.known.coarse_of):
            coarse = np.array(self.known.coarse_of)[labels]
        return np.ascontiguousarray(images, dtype=np.uint8), labels, coarse

    def _batch(self, name: str) -> Part:
        import numpy as np

        with open(self.member(name), "rb") as stream:
            held = pickle.load(stream, encoding="latin1")
        held = {k.decode() if isinstance(k, bytes) else k: v for k, v in held.items()}
        rows = np.asarray(held["data"])
        side = round((rows.shape[1] / 3) ** 0.5)
        images = rows.reshape(-1, 3, side, side).transpose(0, 2, 3, 1)
        found, labels, coarse = self._part(images, held[self.known.label])
        given = held.get("coarse_labels")
        return found, labels, coarse if given is None else np.asarray(given)

    def _inside(self, folder: str) -> str:
        """The folder itself, or the one of that name in it."""
        below = os.path.join(folder, self.known.folder)
        return below if really_a_folder(below) else folder

    def _made(self, name: str, write: Callable[[str], None]) -> str:
        target = os.path.join(self._folder, name)
        if not really_exists(target):
            os.makedirs(self._folder, exist_ok=True)
            partial = os.path.join(self._folder, f"part-{os.getpid()}-{name}")
            write(partial)
            os.replace(partial, target)
            note("data", f"{os.path.basename(self.path)} -> {name}")
        return target

    def _write_npz(self, target: str) -> None:
        import numpy as np

        (x_train, y_train, _), (x_test, y_test, _) = self.parts()
        with open(target, "wb") as stream:
            np.savez(stream, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)

    def _write_archive(self, target: str) -> None:
        with tarfile.open(target, "w:gz", compresslevel=1) as archive:
            archive.add(self.folder(), arcname=self.known.folder)

    def _write_folder(self, target: str) -> None:
        if not self.path.endswith(".npz"):
            unpacked = target + "-unpacked"
            with tarfile.open(self.path) as archive:
                # The teacher's own archive; later releases want to be told how far it is trusted.
                trusted = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                archive.extractall(unpacked, **trusted)  # type: ignore[arg-type]  # as they are
            os.replace(self._inside(unpacked), target)
            return
        import numpy as np

        os.mkdir(target)
        train, test = self.parts()
        count = len(self.known.train)
        pieces = [None if array is None else np.array_split(array, count) for array in train]
        for number, name in enumerate(self.known.train):
            piece = tuple(None if p is None else p[number] for p in pieces)
            self._write_batch(target, name, piece, f"training batch {number + 1} of {count}")
        self._write_batch(target, self.known.test, test, "testing batch 1 of 1")
        names: dict[bytes, Any] = {
            self.known.names.encode(): [*map(str.encode, self.known.classes)]
        }
        if self.known.coarse:
            names[b"coarse_label_names"] = [*map(str.encode, self.known.coarse)]
        else:
            names |= {b"num_cases_per_batch": len(test[0]), b"num_vis": int(test[0][0].size)}
        _dump(names, os.path.join(target, self.known.meta))

    def _write_batch(self, folder: str, name: str, part: Any, label: str) -> None:
        images, labels, coarse = part
        batch: dict[bytes, Any] = {
            b"batch_label": label.encode(),
            self.known.label.encode(): labels.tolist(),
            b"data": images.transpose(0, 3, 1, 2).reshape(len(images), -1).copy(),
            b"filenames": [f"{name}_{number:06d}.png".encode() for number in range(len(images))],
        }
        if coarse is not None:
            batch[b"coarse_labels"] = coarse.tolist()
        _dump(batch, os.path.join(folder, name))


def _joined(parts: list[Part]) -> Part:
    import numpy as np

    images, labels, coarse = zip(*parts, strict=True)
    whole = None if coarse[0] is None else np.concatenate(coarse)
    return np.concatenate(images), np.concatenate(labels), whole


# The pickler that is written in Python: there, how bytes are written can be said.
_Pickler: Any = vars(pickle)["_Pickler"]


class _LikePython2(_Pickler):  # type: ignore[misc]  # its types are not declared
    """Writes bytes as Python 2 wrote its texts."""

    dispatch = _Pickler.dispatch.copy()

    def _save_bytes(self, value: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = _save_bytes


def _dump(value: Any, path: str) -> None:
    with open(path, "wb") as stream:
        _LikePython2(stream, protocol=2).dump(value)
