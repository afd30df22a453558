"""Opening, looking for and listing files: first as asked, then where they lie here."""

from __future__ import annotations

import builtins
import errno
import functools
import io
import os
from collections.abc import Callable, Iterator
from typing import Any

from ..imports import when_imported
from ..notices import note
from . import compiled_readers
from .paths import text_of
from .places import Places

_MISSING = (errno.ENOENT, errno.ENOTDIR)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def install(places: Places) -> None:
    """Replace the functions that take paths; each calls the original first."""
    opened = _opening(places)
    builtins.open = opened
    io.open = opened
    when_imported("IPython.core.interactiveshell", lambda module: _cells_open(module, opened))
    _replace("open", _low_opening(places))
    for name in ("stat", "lstat"):
        _replace(name, _looking(getattr(os, name), places))
    _replace("access", _access(places))
    _replace("listdir", _listdir(places))
    _replace("scandir", _scandir(places))
    _replace("chdir", _chdir(places))
    _replace("mkdir", _mkdir(places))
    for name in ("remove", "unlink", "rmdir"):
        _replace(name, _changing(getattr(os, name), places))
    for name in ("rename", "replace"):
        _replace(name, _moving(getattr(os, name), places))
    compiled_readers.install(places, opened)


def _replace(name: str, new: Callable[..., Any]) -> None:
    old = getattr(os, name)
    for able in (
        os.supports_dir_fd,
        os.supports_fd,
        os.supports_follow_symlinks,
        os.supports_effective_ids,
    ):
        if old in able:  # the standard library asks with `in`
            able.add(new)
    setattr(os, name, new)


def _cells_open(module: Any, opened: Callable[..., Any]) -> None:
    # The `open` of a cell is IPython's own, around the one it kept.
    if hasattr(module, "io_open"):
        module.io_open = opened


def _opening(places: Places) -> Callable[..., Any]:
    real = io.open

    @functools.wraps(real)
    def open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            return real(file, mode, *args, **kwargs)
        except OSError as error:
            place = _instead(places, file, error, any(c in mode for c in "wax+"))
            if place is None:
                raise
        return real(place, mode, *args, **kwargs)

    return open


def _instead(places: Places, file: Any, error: OSError, writing: bool) -> str | None:
    path = text_of(file)
    if path is None or error.errno not in _MISSING + _REFUSED:
        return None
    if writing and places.names.match(path) is not None:
        return places.writing(path)  # the provided copy is not written to
    found = None if error.errno in _REFUSED else places.reading(path)
    return found if found is not None or not writing else places.writing(path)


def _low_opening(places: Places) -> Callable[..., Any]:
    real = os.open

    @functools.wraps(real)
    def open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        __tracebackhide__ = True
        try:
            return real(path, flags, *args, **kwargs)
        except OSError as error:
            writing = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            anchored = kwargs.get("dir_fd") is not None
            place = None if anchored else _instead(places, path, error, writing)
            if place is None:
                raise
        return real(place, flags, *args, **kwargs)

    return open


def _looking(real: Callable[..., Any], places: Places) -> Callable[..., Any]:
    @functools.wraps(real)
    def look(path: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            return real(path, *args, **kwargs)
        except OSError as error:
            text = text_of(path)
            if text is None or error.errno not in _MISSING or kwargs.get("dir_fd") is not None:
                raise
            place = places.reading(text) or places.folder(text)
            if place is None:
                raise
        return real(place, *args, **kwargs)

    return look


def _access(places: Places) -> Callable[..., bool]:
    real = os.access

    @functools.wraps(real)
    def access(path: Any, mode: int, **kwargs: Any) -> bool:
        if real(path, mode, **kwargs):
            return True
        text = text_of(path)
        if text is None or kwargs.get("dir_fd") is not None:
            return False
        place = places.reading(text) or places.folder(text)
        return place is not None and real(place, mode, **kwargs)

    return access


def _listdir(places: Places) -> Callable[..., list[Any]]:
    real = os.listdir

    @functools.wraps(real)
    def listdir(path: Any = ".") -> list[Any]:
        __tracebackhide__ = True
        try:
            return real(path)
        except FileNotFoundError:
            text = text_of(path)
            folders = (
                places.listing(text) if isinstance(path, (str, os.PathLike)) and text else None
            )
            if folders is None:
                raise
        return sorted({name for folder in folders for name in real(folder)})

    return listdir


class _Entries:
    """What `os.scandir` gives, over several folders."""

    def __init__(self, scans: list[Any]) -> None:
        self._scans = scans
        self._all = (entry for scan in scans for entry in scan)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._all)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for scan in self._scans:
            scan.close()


def _scandir(places: Places) -> Callable[..., Any]:
    real = os.scandir

    @functools.wraps(real)
    def scandir(path: Any = ".") -> Any:
        __tracebackhide__ = True
        try:
            return real(path)
        except FileNotFoundError:
            text = text_of(path)
            folders = (
                places.listing(text) if isinstance(path, (str, os.PathLike)) and text else None
            )
            if folders is None:
                raise
        return _Entries([real(folder) for folder in folders])

    return scandir


def _chdir(places: Places) -> Callable[..., None]:
    real = os.chdir

    @functools.wraps(real)
    def chdir(path: Any) -> None:
        try:
            real(path)
        except OSError:
            text = text_of(path)
            if text is None:
                raise
            note("path", f"chdir {text}")
            if os.path.normpath(text) == "/content":
                real(places.work)

    return chdir


def _mkdir(places: Places) -> Callable[..., None]:
    real = os.mkdir

    @functools.wraps(real)
    def mkdir(path: Any, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        text = text_of(path)
        place = places.make_folder(text) if text and kwargs.get("dir_fd") is None else None
        real(path if place is None else place, *args, **kwargs)

    return mkdir


def _changing(real: Callable[..., Any], places: Places) -> Callable[..., Any]:
    """For what removes: only stand-ins, never the data."""

    @functools.wraps(real)
    def change(path: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            return real(path, *args, **kwargs)
        except FileNotFoundError:
            text = text_of(path)
            if text is None or kwargs.get("dir_fd") is not None or not places.foreign(text):
                raise
        return real(places.stand_in(text), *args, **kwargs)

    return change


def _moving(real: Callable[..., Any], places: Places) -> Callable[..., Any]:
    @functools.wraps(real)
    def move(src: Any, dst: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            return real(src, dst, *args, **kwargs)
        except OSError:
            source, target = text_of(src), text_of(dst)
            if (
                source is None
                or target is None
                or not (places.foreign(source) or places.foreign(target))
            ):
                raise
        if places.foreign(source):
            src = places.stand_in(source)
        if places.foreign(target):
            dst = places.writing(target) or target
        return real(src, dst, *args, **kwargs)

    return move
