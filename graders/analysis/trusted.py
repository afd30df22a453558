"""What does the teacher's copy of the data say? Labels and features that no student has touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TrustedTable:
    """One data file. `features` is n x d float64, `labels` n booleans (True: the rarer class
    code that sorts last, `s` for signal)."""

    role: str
    features: NDArray[np.float64]
    labels: NDArray[np.bool_] | None
    classes: tuple[str, str] = ("0", "1")  # codes of the label, False first

    @property
    def rows(self) -> int:
        return len(self.features)

    @cached_property
    def sorted_columns(self) -> tuple[NDArray[np.float32], ...]:
        """The distinct values of each column, sorted, as networks see them."""
        return tuple(
            np.unique(self.features[:, j].astype(np.float32)) for j in range(self.features.shape[1])
        )


def load_tables(files: Mapping[str, tuple[Path, str | None]]) -> dict[str, TrustedTable]:
    """Tables by role, from (file, label column). These are the teacher's own files.

    Pickled tables, CSV and NPZ-free formats that pandas reads; a file that is not a table (images,
    weights) is left out.
    """
    tables = {}
    for role, (path, label) in files.items():
        table = _load(path, role, label)
        if table is not None:
            tables[role] = table
    return tables


def _load(path: Path, role: str, label: str | None) -> TrustedTable | None:
    import pandas as pd

    name = path.name.lower()
    frame: Any
    if name.endswith((".pkl", ".pk1", ".pickle")):
        frame = pd.read_pickle(path)  # the teacher's file, not a student's
    elif name.endswith((".csv", ".csv.gz")):
        frame = pd.read_csv(path)
    else:
        return None
    if not isinstance(frame, pd.DataFrame):
        return None
    labels, classes = None, ("0", "1")
    if label is not None and label in frame:
        codes = frame[label].astype(str)
        known = sorted(codes.unique())
        labels = (codes == known[-1]).to_numpy(dtype=bool)
        classes = (known[0], known[-1])
    features = frame.drop(columns=[label] if label in frame else []).select_dtypes("number")
    return TrustedTable(role, features.to_numpy(dtype=np.float64), labels, classes)
