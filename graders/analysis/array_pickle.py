"""What does a pickle of plain values and numpy arrays hold? Nothing in it runs."""

from __future__ import annotations

import codecs
import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

_RECONSTRUCT: Callable[..., Any] = np.empty(0).__reduce__()[0]  # type: ignore[assignment]  # declared as text or function
_SCALAR: Callable[..., Any] = np.float64(0).__reduce__()[0]  # type: ignore[assignment]  # as above


def _array_from_buffer(buffer: Any, dtype: Any, shape: Any, order: str = "C") -> Any:
    """What numpy names `_frombuffer` in pickles of protocol 5."""
    return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)  # type: ignore[call-overload]  # a pickle's own words


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): codecs.encode,
    # Python 2 writes bytes of a text, and tuples of a class, in these ways.
    ("__builtin__", "bytearray"): bytearray,
    ("builtins", "bytearray"): bytearray,
    **{
        (f"numpy.{core}.{module}", name): what
        for core in ("core", "_core")
        for module, name, what in (
            ("multiarray", "_reconstruct", _RECONSTRUCT),
            ("multiarray", "scalar", _SCALAR),
            ("numeric", "_frombuffer", _array_from_buffer),
        )
    },
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it holds {module}.{name}") from None


def load(content: bytes) -> Any:
    """The pickled value: numbers, texts, lists, dictionaries and arrays.

    Texts of Python 2 come as bytes. Raises ValueError when it is no pickle, or holds more.
    """
    try:
        return _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise ValueError(f"it is no pickle of plain arrays: {error}") from error
