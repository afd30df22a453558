"""Downloads: a URL that ends in a data file's name is answered with the provided copy."""

from __future__ import annotations

import contextlib
import email.message
import functools
import os
import shutil
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..imports import when_imported
from ..notices import note
from .data_names import DataCopy, base_name
from .places import Places
from .really import really_exists
from .stand_ins import stand_ins

MAX_COPIED = 8 * 2**20  # bytes; what is larger is linked


def install(places: Places) -> None:
    """Watch urllib and requests; `gdown` and `wget` exist even where they are not installed."""
    when_imported("urllib.request", lambda module: _urllib(module, places))
    when_imported("requests", lambda module: _requests(module, places))
    stand_ins.add("gdown", lambda module: None)
    when_imported("gdown", lambda module: _gdown(module, places))
    stand_ins.add("wget", lambda module: _wget(module, places))


def fetched(places: Places, url: str, target: str | None, *, by_id: bool = False) -> str | None:
    """Put the data file that this URL (or the name to save it under) means in place.

    `by_id` when the url may be the id of a shared file. Returns the path of the new file; None when
    it means none of them.
    """
    copy = _meant(places, url, target, by_id)
    note("download", f"{url} -> {copy.name if copy else '-'}")
    if copy is None:
        return None
    named = base_name(url) if places.names.match(url) is copy else copy.name
    return _put(places, copy, target or named)


def _meant(
    places: Places, url: str, target: str | None = None, by_id: bool = False
) -> DataCopy | None:
    """The file that a download gives: a folder cannot be one, its archive is meant."""
    names = places.names
    found = (names.match(target) if target else None, names.match(url))
    copies = [copy for copy in found if copy is not None and os.path.isfile(copy.path)]
    return copies[0] if copies else names.shared(url, target, by_id)


def _put(places: Places, copy: DataCopy, target: str) -> str:
    if target.endswith(("/", "\\")) or os.path.isdir(target):
        target = os.path.join(target, copy.name)
    target = places.writing(target) or target
    source = os.path.realpath(copy.path)
    if really_exists(target) and os.path.samefile(source, target):
        return target
    if os.path.getsize(source) > MAX_COPIED:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
        with contextlib.suppress(OSError):
            os.symlink(source, target)
            return target
    # Not `copyfile`: it asks whether the two are one, and a name that is answered is the copy.
    with open(source, "rb") as content, open(target, "wb") as out:
        shutil.copyfileobj(content, out)
    return target


def _url(request: Any) -> str:
    return str(getattr(request, "full_url", request))


def _urllib(module: Any, places: Places) -> None:
    real_open, real_retrieve = module.urlopen, module.urlretrieve

    @functools.wraps(real_open)
    def urlopen(url: Any, *args: Any, **kwargs: Any) -> Any:
        copy = _meant(places, _url(url))
        if copy is None:
            note("network", _url(url))
            return real_open(url, *args, **kwargs)
        note("download", f"{_url(url)} -> {copy.name}")
        from urllib.response import addinfourl

        headers = email.message.Message()
        headers["Content-Length"] = str(os.path.getsize(copy.path))
        return addinfourl(open(copy.path, "rb"), headers, _url(url), 200)

    @functools.wraps(real_retrieve)
    def urlretrieve(url: str, filename: Any = None, *args: Any, **kwargs: Any) -> Any:
        target = os.fspath(filename) if filename is not None else None
        if _meant(places, url, target) is not None:
            return fetched(places, url, target), email.message.Message()
        note("network", url)
        return real_retrieve(url, filename, *args, **kwargs)

    module.urlopen, module.urlretrieve = urlopen, urlretrieve


def _requests(module: Any, places: Places) -> None:
    def answering(real: Callable[..., Any], skip: int) -> Callable[..., Any]:
        @functools.wraps(real)
        def get(*args: Any, **kwargs: Any) -> Any:
            url = str(args[skip] if len(args) > skip else kwargs.get("url", ""))
            copy = _meant(places, url)
            if copy is None:
                note("network", url)
                return real(*args, **kwargs)
            note("download", f"{url} -> {copy.name}")
            response = module.Response()
            response.status_code, response.url = 200, url
            response.headers["Content-Length"] = str(os.path.getsize(copy.path))
            response.raw = open(copy.path, "rb")  # noqa: SIM115 - the response's
            return response

        return get

    module.get = answering(module.get, 0)
    module.Session.get = answering(module.Session.get, 1)


def _gdown(module: ModuleType, places: Places) -> None:
    def download(url: Any = None, output: Any = None, *args: Any, **kwargs: Any) -> str | None:
        target = None if output is None else os.fspath(output)
        return fetched(places, str(url or kwargs.get("id", "")), target, by_id=True)

    for name in ("download", "cached_download"):
        setattr(module, name, download)

    def download_folder(*args: Any, **kwargs: Any) -> list[str]:
        note("download", str(args))
        return []

    setattr(module, "download_folder", download_folder)  # noqa: B010 - a module made here


def _wget(module: ModuleType, places: Places) -> None:
    def download(url: str, out: Any = None, bar: Any = None) -> str:
        place = fetched(places, url, None if out is None else os.fspath(out))
        if place is None:
            raise OSError(f"there is no network here: {url}")
        return place

    setattr(module, "download", download)  # noqa: B010 - a module made here
