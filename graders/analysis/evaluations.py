"""Which predictions were made, on which rows, and what would their metrics be?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.inputs import Origin, RowBook
from graders.analysis.predictions import (
    as_labels,
    figures,
    labels_of,
    score_of,
    thresholds_of,
)
from graders.analysis.trusted import TrustedTable
from graders.evidence.model import Evidence, ForwardPass, FunctionCall
from graders.evidence.reading import Blobs

Array = NDArray[Any]
FEW_BATCHES = 4
NEAR_CHANCE = 0.1  # an accuracy this near one half does not say which class was called 1


@dataclass(frozen=True)
class Evaluation:
    """A forward pass over rows, or a part of one.

    `table` is the role of the data file whose rows these are, `truth` their labels; `sure` when
    the inputs themselves say so, not only their number.
    """

    seen: ForwardPass
    outputs: Array
    inputs: Array | None
    table: str | None
    truth: NDArray[np.bool_] | None
    sure: bool

    @property
    def rows(self) -> int:
        return len(self.outputs)

    def ordered(self, order: NDArray[np.intp]) -> Evaluation:
        """The same evaluation with its rows in another order."""
        return replace(
            self,
            outputs=self.outputs[order],
            inputs=self.inputs[order] if self.inputs is not None else None,
            truth=self.truth[order]
            if self.truth is not None and len(self.truth) == self.rows
            else None,
        )


def evaluations_of(
    evidence: Evidence, blobs: Blobs, tables: Mapping[str, TrustedTable], known: RowBook
) -> tuple[Evaluation, ...]:
    """Every kept forward pass, and each run of batches in it that is as long as a data file."""
    found = []
    origins: dict[str, Origin | None] = {}
    for seen in evidence.passes:
        if seen.outputs is None or not blobs.has(seen.outputs):
            continue
        outputs = blobs.load(seen.outputs)
        inputs = blobs.load(seen.inputs) if seen.inputs and blobs.has(seen.inputs) else None
        if inputs is not None and len(inputs) != len(outputs):
            inputs = None
        for start, stop in _parts(seen.rows, {t.rows for t in tables.values()}, len(outputs)):
            part = inputs[start:stop] if inputs is not None else None
            key = f"{seen.inputs}:{start}:{stop}"
            if part is not None and key not in origins:
                origins[key] = known.origin(part)
            origin = origins.get(key) if part is not None else None
            sure = origin is not None
            if origin is None:
                table = next((t for t in tables.values() if t.rows == stop - start), None)
                origin = Origin(table.role, table.labels) if table is not None else None
            found.append(
                Evaluation(
                    seen,
                    outputs[start:stop],
                    part,
                    origin.role if origin else None,
                    origin.labels if origin else None,
                    sure,
                )
            )
    return tuple(found)


def _parts(rows: tuple[int, ...], sizes: set[int], total: int) -> Iterable[tuple[int, int]]:
    """The whole pass, runs of whole batches that add up to a data file, and each of few batches
    (two evaluations one after the other look like one in two batches)."""
    yield 0, total
    if total != sum(rows) or len(rows) < 2:
        return
    ends = np.concatenate([[0], np.cumsum(rows)])
    if len(rows) <= FEW_BATCHES:
        yield from ((int(a), int(b)) for a, b in pairwise(ends) if b - a not in sizes)
    places = {int(e) for e in ends}
    for start in ends[:-1]:
        for size in sizes:
            stop = int(start) + size
            if stop in places and (int(start), stop) != (0, total):
                yield int(start), stop


@dataclass(frozen=True)
class Scored:
    """Predictions with their truth (booleans, or numbers of classes): `values` are the accepted
    values of each metric.

    `sure` is False when it is not known that the rows are the data file's.
    """

    values: Mapping[str, tuple[float, ...]]
    predicted: Array
    truth: Array
    cell: int  # executed code cell
    moment: int
    sure: bool = True


def scored(outputs: Array, truth: NDArray[np.bool_], cell: int, moment: int) -> Scored | None:
    """Metrics of a network's outputs, with whichever class called 1 fits the truth better."""
    predicted = labels_of(outputs)
    if predicted is None or len(predicted) != len(truth):
        return None
    if (predicted == truth).mean() < 0.5:
        predicted = ~predicted
    return Scored(figures(predicted, truth), predicted, truth, cell, moment)


def either_way(found: Scored) -> tuple[Scored, ...]:
    """The predictions, and the other way round too when they are hardly better than chance."""
    accuracy = found.values.get("accuracy", (1.0,))[0]
    if abs(accuracy - 0.5) > NEAR_CHANCE:
        return (found,)
    other = replace(
        found, predicted=~found.predicted, values=figures(~found.predicted, found.truth)
    )
    return found, other


@dataclass(frozen=True)
class MetricCall:
    """A library metric with its arguments as booleans and what it returned."""

    call: FunctionCall
    truth: NDArray[np.bool_]
    predicted: NDArray[np.bool_]


def metric_calls(evidence: Evidence, blobs: Blobs) -> tuple[MetricCall, ...]:
    """Calls of two label vectors of the same length."""
    found = []
    for call in evidence.metrics:
        pair = [call.arrays.get("y_true"), call.arrays.get("y_pred")]
        if any(ref is None or not blobs.has(ref.digest) for ref in pair):
            continue
        truth, predicted = (as_labels(blobs.load(ref.digest)) for ref in pair if ref is not None)
        if truth is None or predicted is None or len(truth) != len(predicted):
            continue
        found.append(MetricCall(call, truth, predicted))
    return tuple(found)


def is_truth_of(truth: NDArray[np.bool_], table: TrustedTable) -> bool:
    """True when these are the file's labels, in order or shuffled, under either coding."""
    if table.labels is None or len(truth) != table.rows:
        return False
    return int(truth.sum()) in (int(table.labels.sum()), int((~table.labels).sum()))


def comes_from(predicted: NDArray[np.bool_], outputs: Array) -> bool:
    """True when the labels are these outputs cut at a threshold.

    One answer for every row is any network's at some threshold: it counts as this one's when it
    is so at the usual one.
    """
    if len(predicted) != len(outputs):
        return False
    if predicted.all() or not predicted.any():
        usual = labels_of(outputs)
        return usual is not None and bool(usual.all() or not usual.any())
    score = score_of(outputs)
    return score is not None and thresholds_of(predicted, score)
