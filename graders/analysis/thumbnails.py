"""Images made small: means over cells, and what remains of them when colours are rescaled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
CELLS = 4  # of a thumbnail, along each axis: as the probe notes them
FLAT = 1e-4  # contrast, of a channel's whole range, of an image that shows nothing in it
CHUNK = 2000  # images made small at a time


def shrunk(images: Array, side: int = CELLS) -> NDArray[np.float32]:
    """Images (n, height, width, channels) as means over side x side cells."""
    rows, height, width, channels = images.shape
    found = np.empty((rows, side, side, channels), dtype=np.float32)
    across, down = _cells(width, side), _cells(height, side)
    for first in range(0, rows, CHUNK):
        part = np.ascontiguousarray(images[first : first + CHUNK], dtype=np.float32)
        lines = np.matmul(down, part.reshape(len(part), height, width * channels))
        lines = lines.reshape(len(part) * side, width, channels)
        found[first : first + CHUNK] = np.matmul(across, lines).reshape(-1, side, side, channels)
    return found


def _cells(size: int, side: int) -> NDArray[np.float32]:
    """side x size: how much of each cell lies in each pixel."""
    edges = np.linspace(0, size, side + 1)
    pixels = np.arange(size)
    shares = np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None])
    weights = np.clip(shares, 0, 1)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def forms(cells: Array) -> NDArray[np.float32]:
    """What no rescaling of the channels changes: each channel with mean 0, all of length 1.

    (n, height, width, channels) becomes n x d; the product of two rows is the mean of their
    channels' correlations.
    """
    cells = np.asarray(cells, dtype=np.float32)
    centred = cells - cells.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    widest = np.ptp(cells, axis=(0, 1, 2)) if cells.size else np.zeros(cells.shape[3])
    shows = length > FLAT * cells.shape[1] * widest
    centred = np.where(shows, centred / np.maximum(length, 1e-30), 0.0)
    flat = centred.reshape(len(cells), -1) / np.sqrt(cells.shape[3])
    return np.asarray(flat, dtype=np.float32)


def nearest(rows: Array, among: Array) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each row of forms the place of the one most alike, and how alike (at most 1)."""
    place = np.zeros(len(rows), dtype=np.intp)
    alike = np.full(len(rows), -1.0, dtype=np.float32)
    if not len(among):
        return place, alike
    turned = np.ascontiguousarray(among.T)
    for first in range(0, len(rows), 512):
        products = rows[first : first + 512] @ turned
        best = products.argmax(axis=1)
        place[first : first + 512] = best
        alike[first : first + 512] = products[np.arange(len(best)), best]
    return place, alike
