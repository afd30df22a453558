"""Which labels did a loss compare the network's answers with: the file's, or others?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.network import Network
from graders.analysis.operations import kind
from graders.analysis.places import places_of
from graders.analysis.predictions import as_labels
from graders.analysis.reading import Reading
from graders.analysis.replay import Replay, ReplayError
from graders.analysis.runs import TrainedRun
from graders.evidence.arrays import EvidenceError

Array = NDArray[Any]
ENOUGH = 30  # rows of a batch that tell the file's labels from shuffled ones
KNOWN = 0.9  # share of the batch's rows that must be recognised
OTHERS = 0.8  # agreement below which labels are not the file's: by chance 0.5 to 0.7


def agreement(reading: Reading, run: TrainedRun) -> float | None:
    """Share of the taped batch's rows whose label, as the loss was given it, is the file's, under
    either coding; None when the rows or the labels are not recognised.

    Of several vectors that look like labels the one that agrees best counts.
    """
    tape = _tape(reading, run)
    if tape is None or not tape.inputs:
        return None
    try:
        rows = reading.blobs.load(tape.leaves[tape.inputs[0]].digest)
    except EvidenceError:
        return None
    if rows.ndim != 2 or len(rows) < ENOUGH or len(rows) != tape.shape(tape.inputs[0])[0]:
        return None
    found = places_of(rows, reading.row_book, reading.tables)
    if found is None:
        return None
    places, which = found
    truth = np.zeros(len(which), dtype=bool)
    known = np.zeros(len(which), dtype=bool)
    for role, table in reading.tables.items():
        ours = places.roles == role
        if table.labels is not None:
            truth[ours], known[ours] = table.labels[places.index[ours]], True
    if known.sum() < ENOUGH or known.mean() < KNOWN or truth[known].all() or not truth.any():
        return None
    shares = []
    for labels in _label_like(reading, tape, len(rows)):
        same = float((labels[which][known] == truth[known]).mean())
        shares.append(max(same, 1 - same))
    return max(shares, default=None)


def others_labels(reading: Reading, run: TrainedRun) -> bool:
    """True when the labels given to the loss are certainly not the file's."""
    share = agreement(reading, run)
    return share is not None and share < OTHERS


def made_from_inputs(reading: Reading, run: TrainedRun) -> bool:
    """True when what a library's loss takes for labels is computed from the network's input."""
    tape = _tape(reading, run)
    if tape is None or not tape.inputs:
        return False
    learnt = {v for v, leaf in tape.leaves.items() if tape.graph.values[v].requires_grad}
    for index, node in enumerate(tape.nodes):
        if kind(node) != "loss" or len(tape.sources[index]) < 2:
            continue
        target = tape.sources[index][1]
        above = tape.ancestors(target) | {target}
        if target in tape.fed and not above & learnt:
            return True
    return False


def _tape(reading: Reading, run: TrainedRun) -> Network | None:
    """The tape of one iteration, with its loss."""
    graphs = (g for g in reading.evidence.graphs if g.why == "training" and not g.error)
    graph = next((g for g in graphs if g.run == run.run.number and g.loss is not None), None)
    return Network(graph, reading.blobs) if graph is not None else None


def _label_like(reading: Reading, tape: Network, rows: int) -> list[NDArray[np.bool_]]:
    """Values of the tape with two different entries, one for each row, that do not depend on the
    input: labels, one-hot labels, or what was made of them."""
    used = {s for sources in tape.sources for s in sources} - tape.fed - set(tape.inputs)
    replay = Replay(tape, reading.blobs)
    found = []
    for value in sorted(used):
        shape = tape.shape(value)
        if not shape or shape[0] != rows or shape not in ((rows,), (rows, 1), (rows, 2)):
            continue
        try:
            array = replay.compute([value], {})[0].numpy()
        except ReplayError:
            continue
        labels = as_labels(array[:, 1] > array[:, 0] if shape == (rows, 2) else array)
        if labels is not None and len(labels) == rows:
            found.append(labels)
    return found
