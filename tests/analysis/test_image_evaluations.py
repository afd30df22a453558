"""Which images of a test set were asked for, when not all of them are recognised?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graders.analysis.image_evaluations import image_evaluations
from graders.analysis.image_passes import RowImages
from tests.analysis.pictured import image_set

SET = image_set(test=100)


@pytest.mark.parametrize(("ordered", "judged"), [(True, 100), (False, 50)])
def test_what_is_known_of_the_rows_says_whether_they_are_in_order(
    ordered: bool, judged: int
) -> None:
    index = np.arange(100)
    if not ordered:
        index = index[::-1].copy()
    index[50:] = -1
    images = RowImages("cifar10", np.ones(100, dtype=bool), index)
    chosen = SET.y_test.copy()
    chosen[-2:] += 1  # two wrong answers among the rows that are not recognised
    blobs: Any = SimpleNamespace(has=lambda digest: True, load=lambda digest: chosen)
    seen = SimpleNamespace(chosen="digest", rows=(50, 50))
    book: Any = SimpleNamespace(passes=(seen,), images_of=lambda number: images)
    (found,) = image_evaluations(blobs, {"cifar10": SET}, book)
    assert found.rows == judged
    if ordered:
        assert found.accuracy == 0.98
