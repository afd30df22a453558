"""Keras asks for data: `keras.datasets` and `get_file` find the provided copies, offline.

Keras compares what it downloads with the hash of the original, which stand-ins and other forms of
the same images do not have.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from ..imports import when_imported
from ..notices import note
from .idx_sets import IdxCopy
from .image_sets import ImageCopy
from .places import Places


def install(places: Places) -> None:
    """Answer for the image sets that there are; what Keras says about all others stays."""
    for images in places.names.images.values():
        # Keras 3 and the later releases of Keras 2; then the earlier ones.
        for package in ("keras.src.datasets", "keras.datasets"):
            _answer_for(f"{package}.{images.known.module}", images)
    for module in ("keras.src.utils.file_utils", "keras.src.utils.data_utils"):
        when_imported(module, lambda found: _get_file(found, places))


def _answer_for(module: str, images: ImageCopy | IdxCopy) -> None:
    when_imported(module, lambda found: _load_data(found, images))


def _load_data(module: Any, images: ImageCopy | IdxCopy) -> None:
    real = getattr(module, "load_data", None)
    if real is None or getattr(real, "__wrapped__", None) is not None:
        return

    @functools.wraps(real)
    def load_data(*args: Any, **kwargs: Any) -> Any:
        mode = args[0] if args else kwargs.get("label_mode", "fine")
        if images.known.coarse and mode not in ("fine", "coarse"):
            return real(*args, **kwargs)  # raises what Keras raises
        note("data", f"{module.__name__}.load_data -> {images.known.name}")
        first = getattr(module, "backend", None) is not None and (
            module.backend.image_data_format() == "channels_first"
        )
        return tuple(_as_keras_gives_it(part, mode, images, first) for part in images.parts())

    module.load_data = load_data


def _as_keras_gives_it(
    part: Any, mode: str, images: ImageCopy | IdxCopy, channels_first: bool
) -> tuple[Any, Any]:
    """Images, and labels: in a column, but for grey images."""
    pixels, labels, coarse = part
    if isinstance(images, IdxCopy):
        return pixels, labels
    if mode == "coarse" and coarse is not None:
        labels = coarse
    if channels_first:
        pixels = pixels.transpose(0, 3, 1, 2)
    labels = labels.reshape(-1, 1)
    return pixels, labels if images.known.coarse else labels.astype("uint8")


def _get_file(module: Any, places: Places) -> None:
    real = module.get_file
    signature = inspect.signature(real)

    @functools.wraps(real)
    def get_file(*args: Any, **kwargs: Any) -> Any:
        try:
            given = dict(signature.bind_partial(*args, **kwargs).arguments)
        except TypeError:
            return real(*args, **kwargs)
        asked = [str(given[key]) for key in ("fname", "origin") if given.get(key)]
        if any(places.names.match(name) for name in asked):
            # Its download is answered; the hash would be the original's.
            for key in ("file_hash", "md5_hash"):
                given.pop(key, None)
        return real(**given)

    module.get_file = get_file
