"""The same notebook gives the same result twice: what it does not seed itself starts here."""

from __future__ import annotations

import functools
import random
from typing import Any

from ..imports import when_imported


def install(seed: int) -> None:
    """Seed `random` now, NumPy and torch when they come."""
    random.seed(seed)
    when_imported("numpy", lambda numpy: _numpy(numpy, seed))
    when_imported("torch", lambda torch: torch.manual_seed(seed))
    when_imported("tensorflow", lambda tensorflow: tensorflow.random.set_seed(seed))


def _numpy(numpy: Any, seed: int) -> None:
    numpy.random.seed(seed % 2**32)
    real = numpy.random.default_rng
    given = iter(range(2**63))

    @functools.wraps(real)
    def default_rng(seed: Any = None) -> Any:
        return real([first, next(given)] if seed is None else seed)

    first = seed % 2**32
    numpy.random.default_rng = default_rng
