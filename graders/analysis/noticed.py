"""What should a person know that costs nothing by itself?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.continued import parts_of
from graders.analysis.learnt import test_rows_in
from graders.analysis.reading import Reading
from graders.language import _

Array = NDArray[Any]
OWN_MEAN, OWN_SCALE = 1e-4, 1e-2  # how near 0 and 1 a set scaled by its own statistics lies


@dataclass(frozen=True)
class Noticed:
    id: str
    message: str
    cells: tuple[int, ...] = ()


def noticed(reading: Reading) -> tuple[Noticed, ...]:
    """Everything worth pointing out, each thing once."""
    found = [
        _scaler_fitted_on_test(reading),
        _label_among_inputs(reading),
        _trained_on_test(reading),
    ]
    return tuple(n for n in found if n is not None)


def _whole_test(reading: Reading) -> Iterator[tuple[Array, NDArray[np.bool_], int]]:
    """(inputs, labels, cell) of evaluations of the whole test file."""
    table = reading.tables.get("test")
    for evaluation in reading.evaluations:
        rows, truth = evaluation.inputs, evaluation.truth
        if evaluation.table != "test" or not evaluation.sure or rows is None or truth is None:
            continue
        if table is not None and rows.ndim == 2 and len(rows) == table.rows == len(truth):
            yield rows, truth, reading.cell(evaluation.seen.cell)


def _scaler_fitted_on_test(reading: Reading) -> Noticed | None:
    """The test rows have mean 0 and deviation 1 in every column: their own statistics."""
    for rows, _truth, cell in _whole_test(reading):
        mean, scale = np.abs(rows.mean(axis=0)), rows.std(axis=0)
        own = (mean < OWN_MEAN) & (np.abs(scale - 1) < OWN_SCALE)
        if own.mean() > 0.9:
            words = _(
                "The test set is scaled by its own mean and deviation, not by the training set's."
            )
            return Noticed("scaler_fitted_on_test", words, (cell,))
    return None


def _label_among_inputs(reading: Reading) -> Noticed | None:
    """A column of the inputs is the label."""
    for rows, labels, cell in _whole_test(reading):
        truth = labels.astype(float) - labels.mean()
        centred = rows - rows.mean(axis=0)
        size = np.sqrt((centred**2).sum(axis=0) * (truth**2).sum())
        alike = np.abs(truth @ centred) / np.where(size > 0, size, np.inf)
        if (alike > 0.999).any():
            words = _("One of the network's inputs is the label itself.")
            return Noticed("label_among_inputs", words, (cell,))
    return None


def _trained_on_test(reading: Reading) -> Noticed | None:
    """Rows of the test file are among those that the base network was trained on."""
    if reading.base is None:
        return None
    parts = parts_of(reading, reading.base)
    share = test_rows_in(reading, parts)
    if not share:
        return None
    words = _("{share:.0%} of the rows that the network was trained on are of the test set.")
    cells = tuple(dict.fromkeys(reading.cell(p.run.cell) for p in parts))
    return Noticed("trained_on_test", words.format(share=share), cells)
