"""What opens files in C, or keeps an `open` of its own, and would miss what is answered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..imports import when_imported
from .paths import text_of
from .places import Places
from .really import really_exists


def install(places: Places, opened: Callable[..., Any]) -> None:
    """`opened` is the `open` that answers."""
    when_imported("torch", lambda torch: _torch_save(torch, places))
    when_imported("tarfile", lambda tarfile: setattr(tarfile, "bltn_open", opened))
    when_imported("h5py", lambda h5py: _hdf5(h5py, places))
    when_imported("shutil", _copying)


def _copying(shutil: Any) -> None:
    """A name that is only answered is no file to copy onto itself."""
    real = shutil._samefile

    @functools.wraps(real)
    def samefile(src: Any, dst: Any) -> bool:
        path = text_of(dst)
        return (path is None or really_exists(path)) and bool(real(src, dst))

    shutil._samefile = samefile


def _hdf5(h5py: Any, places: Places) -> None:
    real = h5py.File.__init__  # opens the file in C

    @functools.wraps(real)
    def init(self: Any, name: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> None:
        path = text_of(name)
        if path is not None and not really_exists(path):
            place = places.reading(path) if mode == "r" else places.writing(path)
            name = place or name
        real(self, name, mode, *args, **kwargs)

    h5py.File.__init__ = init


def _torch_save(torch: Any, places: Places) -> None:
    real = torch.save  # opens the file in C++

    @functools.wraps(real)
    def save(obj: Any, f: Any, *args: Any, **kwargs: Any) -> Any:
        path = text_of(f)
        if path is not None:
            f = places.writing(path) or f
        return real(obj, f, *args, **kwargs)

    torch.save = save
