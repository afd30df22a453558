"""How are a student's random numbers kept as they would have been without us?"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def randomness_kept() -> Iterator[None]:
    """Keeps Python's and NumPy's generators; each framework sees to its own."""
    import numpy as np

    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
