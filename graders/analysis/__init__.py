"""What does it mean? Pure functions over evidence; `read` puts them behind one reading."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import torch

from graders import evidence
from graders.analysis.asking import Rehearsal, Rehearsed
from graders.analysis.image_files import read_image_set
from graders.analysis.reading import Reading
from graders.analysis.signal_files import read_signals
from graders.analysis.trusted import load_tables
from graders.analysis.whole import OTHERS, Whole
from graders.evidence.model import Evidence
from graders.evidence.run_record import RunRecord


class DataDeclaration(Protocol):
    """What is needed of a data file's declaration: its name, what is in it (a table, images,
    signals, weights), its role and the column of its label."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def label(self) -> str | None: ...


def read(
    folder: Path, data: Mapping[DataDeclaration, Path], unchanged: frozenset[str] = frozenset()
) -> Reading:
    """The reading of an evidence folder, with the teacher's data files.

    `unchanged` are ids of cells that were handed out and are delivered as they were.

    Raises EvidenceError when the folder holds no evidence, ImageFileError for an image set that
    is none, SignalFileError for signals that are none.
    """
    torch.set_num_threads(1)  # the networks are small: threads would wait for each other
    tables = load_tables(
        {
            d.role: (path, d.label)
            for d, path in data.items()
            if d.kind == "table" and d.role != "other"
        }
    )
    weights = next((path for d, path in data.items() if d.kind == "weights"), None)
    images = {d.name: read_image_set(path) for d, path in data.items() if d.kind == "images"}
    signals = {d.name: read_signals(path) for d, path in data.items() if d.kind == "signals"}
    reading = Reading(
        evidence.read(folder), folder, tables, weights=weights, images=images, signals=signals
    )
    reading.unchanged = unchanged
    return reading


def read_nothing() -> Reading:
    """The reading of notebooks that were not handed in: nothing was seen."""
    return Reading(Evidence(run=RunRecord(ended="finished")), Path(os.devnull), {})


__all__ = ["OTHERS", "Reading", "Rehearsal", "Rehearsed", "Whole", "read", "read_nothing"]
