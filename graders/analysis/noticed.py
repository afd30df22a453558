"""What should a person know that costs nothing by itself?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graders.analysis.reading import Reading
from graders.language import _

OWN_MEAN, OWN_SCALE = 1e-4, 1e-2  # how near 0 and 1 a set scaled by its own statistics lies


@dataclass(frozen=True)
class Noticed:
    id: str
    message: str
    cells: tuple[int, ...] = ()


def noticed(reading: Reading) -> tuple[Noticed, ...]:
    """Everything worth pointing out, each thing once."""
    found = [_scaler_fitted_on_test(reading), _label_among_inputs(reading)]
    return tuple(n for n in found if n is not None)


def _scaler_fitted_on_test(reading: Reading) -> Noticed | None:
    """The test rows have mean 0 and deviation 1 in every column: their own statistics."""
    for evaluation in reading.evaluations:
        rows = evaluation.inputs
        if evaluation.table != "test" or not evaluation.sure or rows is None or rows.ndim != 2:
            continue
        mean, scale = np.abs(rows.mean(axis=0)), rows.std(axis=0)
        own = (mean < OWN_MEAN) & (np.abs(scale - 1) < OWN_SCALE)
        if own.mean() > 0.9:
            return Noticed(
                "scaler_fitted_on_test",
                _(
                    "The test set is scaled by its own mean and deviation, not by the "
                    "training set's."
                ),
                (reading.cell(evaluation.seen.cell),),
            )
    return None


def _label_among_inputs(reading: Reading) -> Noticed | None:
    """A column of the inputs is the label."""
    table = reading.tables.get("test")
    if table is None or table.labels is None:
        return None
    truth = table.labels.astype(float) - table.labels.mean()
    for evaluation in reading.evaluations:
        rows = evaluation.inputs
        if evaluation.table != "test" or not evaluation.sure or rows is None or rows.ndim != 2:
            continue
        centred = rows - rows.mean(axis=0)
        size = np.sqrt((centred**2).sum(axis=0) * (truth**2).sum())
        alike = np.abs(truth @ centred) / np.where(size > 0, size, np.inf)
        if (alike > 0.999).any():
            return Noticed(
                "label_among_inputs",
                _("One of the network's inputs is the label itself."),
                (reading.cell(evaluation.seen.cell),),
            )
    return None
