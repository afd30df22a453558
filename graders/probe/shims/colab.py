"""`google.colab` where there is no Colab."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..notices import note
from .places import Places
from .stand_ins import stand_ins

MAX_UPLOADED = 64 * 2**20  # bytes of one file

PARTS = (
    "auth",
    "data_table",
    "drive",
    "files",
    "html",
    "output",
    "patches",
    "runtime",
    "userdata",
    "widgets",
)


def install(places: Places) -> None:
    """`google.colab` and its parts can be imported; a real `google` package stays what it is."""
    stand_ins.add("google", lambda module: None)
    stand_ins.add("google.colab", _package)
    for part in PARTS:
        stand_ins.add(f"google.colab.{part}", _part(part, places))


def _package(module: ModuleType) -> None:
    note("colab", "google.colab")

    def attribute(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in PARTS:
            return __import__(f"google.colab.{name}", fromlist=[name])
        return _harmless(f"google.colab.{name}")

    module.__getattr__ = attribute  # type: ignore[method-assign]  # PEP 562


class _Harmless:
    """Accepts any call and any attribute, and does nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Harmless(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        note("colab", self._name)
        # Used as a decorator it leaves the function as it is.
        return args[0] if len(args) == 1 and callable(args[0]) else None

    def __enter__(self) -> _Harmless:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _harmless(name: str) -> _Harmless:
    return _Harmless(name)


def _part(part: str, places: Places) -> Callable[[ModuleType], None]:
    def fill(module: ModuleType) -> None:
        note("colab", module.__name__)
        for name, function in _functions(places).get(part, {}).items():
            setattr(module, name, function)

        def attribute(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return _harmless(f"google.colab.{part}.{name}")

        module.__getattr__ = attribute  # type: ignore[method-assign]  # PEP 562

    return fill


class Uploaded(dict[str, bytes]):
    """What `files.upload` gives: each data file by any of its spellings."""

    places: Places

    def __missing__(self, key: str) -> bytes:
        copy = self.places.names.match(key)
        if copy is None:
            raise KeyError(key)
        return self[copy.name]


def _functions(places: Places) -> dict[str, dict[str, Callable[..., Any]]]:
    def mount(mountpoint: str = "/content/drive", *args: Any, **kwargs: Any) -> None:
        note("colab", f"drive.mount {mountpoint}")
        places.mounts.append(str(mountpoint).rstrip("/"))
        print(f"Mounted at {mountpoint}")

    def upload(*args: Any, **kwargs: Any) -> Uploaded:
        note("upload", ", ".join(copy.name for copy in places.names.copies))
        uploaded = Uploaded()
        uploaded.places = places
        for copy in places.names.copies:
            if not os.path.isfile(copy.path) or os.path.getsize(copy.path) > MAX_UPLOADED:
                continue
            with open(copy.path, "rb") as stream:
                uploaded[copy.name] = stream.read()
        return uploaded

    def download(filename: Any = "", *args: Any, **kwargs: Any) -> None:
        note("colab", f"files.download {filename}")

    def get(key: str, *args: Any, **kwargs: Any) -> str:
        note("colab", f"userdata.get {key}")
        return ""

    def cv2_imshow(image: Any) -> None:
        from matplotlib import pyplot

        shown = image[..., ::-1] if getattr(image, "ndim", 2) == 3 else image  # BGR
        pyplot.imshow(shown)
        pyplot.show()

    return {
        "drive": {"mount": mount},
        "files": {"upload": upload, "download": download},
        "userdata": {"get": get},
        "patches": {"cv2_imshow": cv2_imshow},
    }
