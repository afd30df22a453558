"""Which of a network's tensors hold which array of the pretrained weights, whatever the layout?

Kernels may lie as Keras keeps them (height, width, in, out; in, out) or as torch does (out, in,
height, width; out, in), and copies may have been rounded to half precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graders.analysis.weights_file import natural
from graders.evidence.arrays import EvidenceError
from graders.evidence.reading import Blobs

Array = NDArray[Any]
Part = Literal["kernel", "bias", "gamma", "beta", "mean", "variance"]

_LAYOUTS = {
    0: ((),),
    1: ((0,),),
    2: ((0, 1), (1, 0)),
    3: ((0, 1, 2), (2, 1, 0)),
    4: ((0, 1, 2, 3), (3, 2, 0, 1), (2, 3, 1, 0)),
}
_NEAR = 1e-2  # of the sum of all sizes: arrays further apart are not compared in full
_WORDS: tuple[tuple[Part, tuple[str, ...]], ...] = (
    ("variance", ("variance", "running_var", "moving_var")),
    ("mean", ("moving_mean", "running_mean", "mean")),
    ("gamma", ("gamma",)),
    ("beta", ("beta",)),
    ("kernel", ("kernel",)),
    ("bias", ("bias",)),
)


@dataclass(frozen=True)
class Pretrained:
    """The arrays of the teacher's weights file by key, in the file's order."""

    arrays: Mapping[str, Array]

    def keys_of(self, array: Array) -> tuple[str, ...]:
        """Keys whose array this is, in whatever layout; several when the file holds it twice."""
        flat = _squeezed(array)
        if flat.dtype.kind != "f":
            return ()
        size = _size(flat)
        return tuple(
            key
            for key, own in self._by_count.get(flat.size, ())
            if abs(self._sizes[key] - size) <= _NEAR * self._sizes[key] and _same(own, flat)
        )

    def part(self, key: str) -> Part | None:
        """What the array is, as far as its key and its form tell."""
        lowered, axes = key.lower(), self.arrays[key].ndim
        if axes >= 2:
            return "kernel"
        for part, words in _WORDS:
            if part != "kernel" and any(word in lowered for word in words):
                if part == "bias" and key.replace("bias", "weight") in self.arrays:
                    # torch calls beta `bias`, beside a `weight` that is gamma or a matrix
                    weight = self.arrays[key.replace("bias", "weight")]
                    return "beta" if weight.ndim == 1 else "bias"
                return part
        return "gamma" if "weight" in lowered else None

    @cached_property
    def orders(self) -> tuple[Mapping[str, int], ...]:
        """Places of the keys, in each order in which the file can be read: as it is written, as
        text sorts, as a person counts."""
        keys = list(self.arrays)
        ways = (keys, sorted(keys), sorted(keys, key=natural))
        return tuple({key: place for place, key in enumerate(way)} for way in ways)

    @cached_property
    def _by_count(self) -> dict[int, list[tuple[str, Array]]]:
        found: dict[int, list[tuple[str, Array]]] = {}
        for key, array in self.arrays.items():
            found.setdefault(array.size, []).append((key, _squeezed(array)))
        return found

    @cached_property
    def _sizes(self) -> dict[str, float]:
        return {key: _size(array) for key, array in self.arrays.items()}


class PretrainedBook:
    """What is pretrained among a submission's arrays; each is looked at once."""

    def __init__(self, pretrained: Pretrained, blobs: Blobs) -> None:
        self.pretrained = pretrained
        self._blobs = blobs
        self._known: dict[str, tuple[str, ...]] = {}

    def keys_of(self, digest: str) -> tuple[str, ...]:
        """Keys of the file whose array has this digest; empty when none has, or it was not kept."""
        if digest not in self._known:
            try:
                found = self.pretrained.keys_of(self._blobs.load(digest))
            except EvidenceError:
                found = ()
            self._known[digest] = found
        return self._known[digest]

    def held(self, digests: Iterable[str]) -> frozenset[str]:
        """Keys of the file whose arrays are among these."""
        return frozenset(key for digest in digests for key in self.keys_of(digest))

    def missing(self, digests: Iterable[str]) -> tuple[str, ...]:
        """Keys of the file whose arrays are not among these, in the file's order."""
        held = self.held(digests)
        return tuple(key for key in self.pretrained.arrays if key not in held)


def _squeezed(array: Array) -> Array:
    return array.reshape([length for length in array.shape if length != 1])


def _size(array: Array) -> float:
    return float(np.abs(array).sum(dtype=np.float64))


def _same(own: Array, other: Array) -> bool:
    """Equal in some layout, as they are or rounded to half precision."""
    if own.ndim != other.ndim:
        return False
    for axes in _LAYOUTS.get(own.ndim, ()):
        turned = own.transpose(axes)
        if turned.shape == other.shape and _equal(turned, other):
            return True
    return False


def _equal(own: Array, other: Array) -> bool:
    corner = (slice(0, 4),) * own.ndim
    if not np.allclose(own[corner], other[corner], rtol=2**-7, atol=1e-6, equal_nan=True):
        return False  # most arrays of one size differ at once
    if np.allclose(own, other, rtol=1e-5, atol=1e-8, equal_nan=True):
        return True
    with np.errstate(over="ignore"):
        halved = own.astype(np.float16).astype(np.float32)
    return np.array_equal(halved, other) or np.array_equal(_bfloat16(own), other)


def _bfloat16(array: Array) -> Array:
    """Rounded to eight bits of mantissa, to the nearest even one."""
    bits = np.ascontiguousarray(array, dtype=np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32)
