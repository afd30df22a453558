"""Which signals, and of which classes, are in the teacher's copy of MNIST-1D?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis import array_pickle

_PARTS = (("x", "y"), ("x_test", "y_test"))
_LARGEST = 2**29  # bytes


class SignalFileError(ValueError):
    """A file that holds no signals, with a sentence for the teacher."""


@dataclass(frozen=True)
class SignalSet:
    """`x_train`, `x_test` are float64 (N, length), `y_train`, `y_test` int64 (N,)."""

    x_train: NDArray[np.float64]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


def read_signals(path: Path) -> SignalSet:
    """The signals of a pickled dictionary with `x`, `y`, `x_test` and `y_test`; nothing in it runs.

    Raises SignalFileError when there are none in it, OSError when it cannot be read.
    """
    with open(path, "rb") as stream:
        content = stream.read(_LARGEST)
    try:
        held = array_pickle.load(content)
    except ValueError as error:
        raise SignalFileError(f"{path}: {error}") from error
    if not isinstance(held, dict):
        raise SignalFileError(f"{path}: it holds no dictionary")
    by_name = {
        k.decode("utf-8", "replace") if isinstance(k, bytes) else k: v for k, v in held.items()
    }
    arrays = [_pair(path, by_name, *names) for names in _PARTS]
    if arrays[0][0].shape[1] != arrays[1][0].shape[1]:
        raise SignalFileError(f"{path}: training and test signals are not of one length")
    return SignalSet(*arrays[0], *arrays[1])


def _pair(
    path: Path, held: dict[Any, Any], x: str, y: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    try:
        signals = np.asarray(held[x], dtype=np.float64)
        labels = np.asarray(held[y]).astype(np.int64)
    except KeyError as error:
        raise SignalFileError(f"{path}: {error} is missing") from error
    except (TypeError, ValueError) as error:
        raise SignalFileError(f"{path}: {x}, {y}: {error}") from error
    if signals.ndim != 2 or labels.shape != signals.shape[:1] or not len(labels):
        raise SignalFileError(f"{path}: {x} and {y} are no rows with one label each")
    return signals, labels
