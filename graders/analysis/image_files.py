"""Which images, and of which classes, are in the teacher's copy of an image set?

Small pictures with one label each, divided into training and test. Colour ones (CIFAR) are read
from an `.npz`, from the archive that the set's authors distribute, or from that archive's folder;
grey ones (MNIST) from an `.npz` or the four files that their authors distribute.
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis import array_pickle, idx_files

_PARTS = ("x_train", "y_train", "x_test", "y_test")
_TRAIN = re.compile(r"(data_batch_\d+|train)")
_TEST = re.compile(r"(test_batch|test)")
_ARCHIVES = (".tar.gz", ".tgz", ".tar")
_LABELS = (b"fine_labels", b"labels")  # of 100 classes the fine ones, as every loader gives
_LARGEST = 2**30  # bytes of one file in it
_KEPT = 4  # sets held at once


class ImageFileError(ValueError):
    """A file that holds no image set, with a sentence for the teacher."""


@dataclass(frozen=True)
class ImageSet:
    """`x_train`, `x_test` are uint8 (N, H, W, 3), or (N, H, W, 1) of grey ones; `y_train`, `y_test`
    int64 (N,). Not to be written to."""

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]

    @property
    def classes(self) -> int:
        """How many classes the labels tell apart."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1

    def split(self, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images and labels of "train" or "test"."""
        return (self.x_train, self.y_train) if name == "train" else (self.x_test, self.y_test)


def read_image_set(path: Path) -> ImageSet:
    """The set in a file or folder, read once for a process while it stays as it is.

    Raises ImageFileError when there is none in it, OSError when it cannot be read.
    """
    resolved = path.resolve()
    return _read(str(resolved), _stamp(resolved))


def _stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    if idx_files.is_idx(path):
        files = list(idx_files.siblings(path).values())
    return tuple(
        (str(file), status.st_size, status.st_mtime_ns)
        for file in files
        if (status := file.stat()) and file.is_file()
    )


@lru_cache(maxsize=_KEPT)
def _read(name: str, _stamped: tuple[tuple[str, int, int], ...]) -> ImageSet:
    path = Path(name)
    if path.is_dir():
        return _official(_files_of_folder(path), path)
    if path.name.lower().endswith(".npz"):
        return _named_arrays(path)
    if path.name.lower().endswith(_ARCHIVES):
        return _official(_files_of_archive(path), path)
    if idx_files.is_idx(path):
        return _four_files(path)
    raise ImageFileError(f"{path}: an image set is an .npz, a .tar.gz, a folder or four idx files")


def _four_files(path: Path) -> ImageSet:
    files = idx_files.siblings(path)
    arrays = {}
    for part, of in (("train", "train"), ("test", "t10k")):
        for letter, content in (("x", "images"), ("y", "labels")):
            file = files.get((of, content))
            if file is None:
                raise ImageFileError(f"{path.parent}: there is no file of {of} {content}")
            try:
                arrays[f"{letter}_{part}"] = idx_files.read_idx(file)
            except ValueError as error:
                raise ImageFileError(f"{file}: {error}") from error
    return _checked(path, **arrays)


def _named_arrays(path: Path) -> ImageSet:
    try:
        with np.load(path, allow_pickle=False) as held:
            missing = [part for part in _PARTS if part not in held]
            if missing:
                raise ImageFileError(f"{path}: {', '.join(missing)} is missing")
            arrays = {part: held[part] for part in _PARTS}
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, ImageFileError):
            raise
        raise ImageFileError(f"{path}: {error}") from error
    return _checked(path, **arrays)


def _official(files: Iterator[tuple[str, bytes]], path: Path) -> ImageSet:
    """From pickled batches: rows of 3 x H x W bytes under `data`, and a list of labels."""
    train: list[tuple[str, Any, Any]] = []
    test: list[tuple[str, Any, Any]] = []
    for name, content in files:
        part = train if _TRAIN.fullmatch(name) else test
        part.append((name, *_batch(content, f"{path}: {name}")))
    if not train or not test:
        raise ImageFileError(f"{path}: no batches of training and test images in it")
    x_train, y_train = _joined(train, path)
    x_test, y_test = _joined(test, path)
    return _checked(path, x_train, y_train, x_test, y_test)


def _files_of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        if _is_batch(file.name) and file.is_file():
            yield file.name, file.read_bytes()


def _files_of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if not member.isreg() or not _is_batch(name):
                    continue
                if member.size > _LARGEST:
                    raise ImageFileError(f"{path}: {name} is too large")
                stream: IO[bytes] | None = archive.extractfile(member)
                if stream is not None:
                    yield name, stream.read()
    except (tarfile.TarError, EOFError) as error:
        raise ImageFileError(f"{path}: {error}") from error


def _is_batch(name: str) -> bool:
    return bool(_TRAIN.fullmatch(name) or _TEST.fullmatch(name))


def _batch(content: bytes, where: str) -> tuple[Any, Any]:
    try:
        held = array_pickle.load(content)
    except ValueError as error:
        raise ImageFileError(f"{where}: {error}") from error
    if isinstance(held, dict):
        by_name = {k.encode() if isinstance(k, str) else k: v for k, v in held.items()}
        labels = next((by_name[key] for key in _LABELS if key in by_name), None)
        if labels is not None and b"data" in by_name:
            return by_name[b"data"], labels
    raise ImageFileError(f"{where}: no images with labels in it")


def _joined(batches: list[tuple[str, Any, Any]], path: Path) -> tuple[Any, Any]:
    ordered = sorted(batches, key=lambda batch: (len(batch[0]), batch[0]))
    try:
        rows = np.concatenate([np.asarray(data) for _name, data, _labels in ordered])
        labels = np.concatenate([np.asarray(labels) for _name, _data, labels in ordered])
        side = round((rows.shape[1] / 3) ** 0.5)
        return rows.reshape(-1, 3, side, side).transpose(0, 2, 3, 1), labels
    except (ValueError, IndexError, TypeError) as error:
        raise ImageFileError(f"{path}: {error}") from error


def _checked(path: Path, x_train: Any, y_train: Any, x_test: Any, y_test: Any) -> ImageSet:
    """The set, its arrays of the right form. Raises ImageFileError."""
    found = []
    for name, images, labels in (("train", x_train, y_train), ("test", x_test, y_test)):
        images, labels = _channels_last(images), np.asarray(labels)
        labels = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
        if images is None or not len(images):
            raise ImageFileError(f"{path}: the {name} images are no pictures (N, H, W, 3 or 1)")
        if labels.shape != (len(images),):
            raise ImageFileError(f"{path}: not one {name} label for each image")
        if not _within(images, 256):
            raise ImageFileError(f"{path}: the {name} images are not whole numbers up to 255")
        if not _within(labels, 2**31):
            raise ImageFileError(f"{path}: the {name} labels are no numbers of classes")
        for array in (
            pair := (np.ascontiguousarray(images, dtype=np.uint8), labels.astype(np.int64))
        ):
            array.flags.writeable = False
        found.append(pair)
    return ImageSet(*found[0], *found[1])


def _channels_last(images: Any) -> NDArray[Any] | None:
    array = np.asarray(images)
    if array.ndim == 3:
        return array[..., None]
    if array.ndim != 4:
        return None
    if array.shape[3] in (1, 3):
        return array
    return array.transpose(0, 2, 3, 1) if array.shape[1] == 3 else None


def _within(array: NDArray[Any], end: int) -> bool:
    """Whole numbers from 0 to below `end`."""
    if array.dtype == np.uint8 and end == 256:
        return True
    if array.dtype.kind not in "iuf":
        return False
    whole: Callable[[Any], Any] = np.floor
    return bool(array.min() >= 0 and array.max() < end and (whole(array) == array).all())
