"""What did training do to a network's answers, on rows whose labels the teacher's file knows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.skill import moved, skill

Array = NDArray[Any]
MAX_ROWS = 4000
ENOUGH = 500  # rows that tell an AUC of 0.5 from one of 0.55


@dataclass(frozen=True)
class Course:
    """AUC with the weights at the start and at the end (None when it cannot be told), on `rows`
    rows, and how far the answers moved, as a share of their own spread."""

    before: float | None
    after: float | None
    moved: float | None
    rows: int

    @property
    def told(self) -> bool:
        """True when both values rest on enough rows."""
        return self.before is not None and self.after is not None and self.rows >= ENOUGH


def course_of(reading: Reading, parts: Sequence[TrainedRun], role: str) -> Course:
    """From the first part's start to the last one's end, on rows of a data file."""
    first, last = parts[0], parts[-1]
    sample = reading.sample_of(last)
    if sample is None or first.network is None or last.network is None:
        return Course(None, None, None, 0)
    rows, labels = labelled(reading, last, role) or (sample, None)
    before = reading.answer(first.network, rows, {r.uid: r.start for r in first.run.reached})
    after = reading.answer(last.network, rows, {r.uid: r.end for r in last.run.reached})
    if labels is None:
        return Course(None, None, moved(before, after), len(rows))
    return Course(skill(before, labels), skill(after, labels), moved(before, after), len(rows))


def labelled(
    reading: Reading, run: TrainedRun, role: str
) -> tuple[Array, NDArray[np.bool_]] | None:
    """Rows of a data file as the run's network was given them, with the teacher's labels: the
    whole file (thinned out) when the notebook prepared it whole, else those that it trained on."""
    sample = reading.sample_of(run)
    table = reading.tables.get(role)
    found = reading.places(run)
    if sample is None or table is None or table.labels is None or found is None:
        return None
    places, which = found
    ours = places.roles == role
    if not ours.any():
        return None
    rows, index = sample[which][ours], places.index[ours]
    for matrix, known in reading.prepared if places.exact else ():
        if known == role and _stand_at(matrix, index, rows):
            some = np.linspace(0, len(matrix) - 1, min(MAX_ROWS, len(matrix))).astype(np.intp)
            return matrix[some], table.labels[some]
    return rows, table.labels[index]


def _stand_at(matrix: Array, index: NDArray[np.intp], rows: Array) -> bool:
    """True when these rows are the matrix's at these places: it is the one of several that were
    prepared from the file that the network was given."""
    if matrix.shape[1] != rows.shape[1]:
        return False
    same = np.asarray(matrix[index], dtype=np.float32) == np.asarray(rows, dtype=np.float32)
    return bool(same.all())
