"""What does it mean? Pure functions over evidence; `read` puts them behind one reading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import torch

from graders import evidence
from graders.analysis.reading import Reading
from graders.analysis.trusted import load_tables


class DataDeclaration(Protocol):
    """What is needed of a data file's declaration: its role and the column of its label."""

    @property
    def role(self) -> str: ...
    @property
    def label(self) -> str | None: ...


def read(folder: Path, data: Mapping[DataDeclaration, Path]) -> Reading:
    """The reading of an evidence folder, with the teacher's data files.

    Raises EvidenceError when the folder holds no evidence.
    """
    torch.set_num_threads(1)  # the networks are small: threads would wait for each other
    tables = load_tables({d.role: (path, d.label) for d, path in data.items() if d.role != "other"})
    weights = next((path for d, path in data.items() if _kind(d) == "weights"), None)
    return Reading(evidence.read(folder), folder, tables, weights=weights)


def _kind(data: DataDeclaration) -> str:
    """`table` for a declaration that does not say what the file holds."""
    return str(getattr(data, "kind", "table"))


__all__ = ["Reading", "read"]
