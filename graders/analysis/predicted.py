"""Which predictions on a data file are the trained base network's own?

Figures count when they are figures of these. Labels that a metric was given, or that lie in a
variable, count when they are the network's outputs cut at a threshold and are held against the
file's own labels, row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.alike import close
from graders.analysis.evaluations import (
    Evaluation,
    Scored,
    comes_from,
    either_way,
    is_truth_of,
    scored,
)
from graders.analysis.predictions import as_labels, figures, score_of
from graders.analysis.reading import Reading
from graders.analysis.trusted import TrustedTable

Array = NDArray[Any]
Bools = NDArray[np.bool_]

ENOUGH = 0.5  # share of a file's rows that makes an evaluation one of the file
SENSIBLE = 0.6  # balanced accuracy that rows in a wrong order do not reach
ALIKE = 0.8  # correlation of the answers of a network and of its own moving average
ALIGNED = 0.995  # share of the labels that are the file's, row by row
ROWS = 512  # rows that are enough to tell two networks apart by


def predictions_on(reading: Reading, role: str = "test") -> tuple[Scored, ...]:
    """Predictions of the trained base network on a data file, scored against trusted labels.

    Those that are surely so come first; `sure` is False where the rows are known by their number
    only and a person must say whether they are the file's.
    """
    table = reading.tables.get(role)
    if table is None or table.labels is None or reading.base is None:
        return ()
    since = reading.base.run.moment
    ours = [
        e
        for e in reading.evaluations
        if e.table == role
        and e.seen.moment > since
        and e.rows >= ENOUGH * table.rows
        and is_base(reading, e)
    ]
    found = [*_scored(ours), *_label_vectors(reading, ours, table)]
    for item in reading.metric_calls:
        if item.call.moment >= since and is_truth_of(item.truth, table):
            sure = _is_of(item.predicted, item.truth, ours, table)
            if sure is not None:
                call = item.call
                found.append(_from(item.predicted, item.truth, call.cell, call.moment, sure))
    if not found:
        found = list(_computed_again(reading, table))
    both_ways = [way for one in found for way in either_way(one)]
    return tuple(sorted(both_ways, key=lambda s: not s.sure))


def _scored(ours: Sequence[Evaluation]) -> Iterator[Scored]:
    for evaluation in ours:
        if evaluation.truth is None:
            continue
        seen = evaluation.seen
        own = scored(evaluation.outputs, evaluation.truth, seen.cell, seen.moment)
        # The number of rows alone may mislead (another order): then only if it makes sense.
        if own is not None and (evaluation.sure or own.values["balanced_accuracy"][0] > SENSIBLE):
            yield own


def _is_of(
    predicted: Bools, truth: Bools, ours: Sequence[Evaluation], table: TrustedTable
) -> bool | None:
    """Are these labels the network's, and is the truth that of the same rows? True when surely,
    False when a person must look, None when not."""
    answer: bool | None = None
    for evaluation in ours:
        if len(evaluation.outputs) != len(predicted):
            continue
        if not comes_from(predicted, evaluation.outputs):
            continue
        known = evaluation.truth if evaluation.sure else table.labels
        if known is not None and _aligned(truth, known):
            return True
        if not evaluation.sure:
            answer = False
    return answer


def _aligned(truth: Bools, known: Bools) -> bool:
    if len(truth) != len(known):
        return False
    same = float((truth == known).mean())
    return max(same, 1 - same) >= ALIGNED


def _from(predicted: Bools, truth: Bools, cell: int, moment: int, sure: bool = True) -> Scored:
    return Scored(figures(predicted, truth), predicted, truth, cell, moment, sure)


def _label_vectors(
    reading: Reading, ours: Sequence[Evaluation], table: TrustedTable
) -> Iterator[Scored]:
    """Label vectors in variables that are the outputs cut at a threshold of the student's."""
    assert table.labels is not None
    rows = len(table.labels)
    for array in reading.evidence.arrays:
        if array.shape not in ((rows,), (rows, 1)) or not reading.blobs.has(array.digest):
            continue
        predicted = as_labels(reading.blobs.load(array.digest))
        if predicted is None or predicted.all() or not predicted.any():
            continue
        source = next((e for e in ours if comes_from(predicted, e.outputs)), None)
        if source is None:
            continue
        aligned = source.truth is not None and len(source.truth) == rows
        truth = source.truth if aligned and source.truth is not None else table.labels
        if (predicted == truth).mean() < 0.5:
            predicted = ~predicted
        yield _from(predicted, truth, array.cell, array.moment)


def _computed_again(reading: Reading, table: TrustedTable) -> Iterator[Scored]:
    """For networks whose calls were not seen: what they answer on the file's rows as the notebook
    prepared them, computed on this side; and labels that a metric was given, if they are that.

    A module's calls are all seen: there only such labels say that it was asked at all.
    """
    assert table.labels is not None
    assert reading.base is not None
    predict, base = reading.base_predict, reading.base.run
    if predict is None:
        return
    for array in reading.evidence.arrays:
        if len(array.shape) != 2 or array.shape[0] != table.rows:
            continue
        if not reading.blobs.has(array.digest):
            continue
        outputs = predict(reading.blobs.load(array.digest))
        own = scored(outputs, table.labels, base.cell, base.moment) if outputs is not None else None
        if own is None or outputs is None:
            continue
        if base.model is None:
            yield own
        for item in reading.metric_calls:
            if (
                item.call.moment >= base.moment
                and item.predicted.any()
                and not item.predicted.all()
                and _aligned(item.truth, table.labels)
                and comes_from(item.predicted, outputs)
            ):
                yield _from(item.predicted, item.truth, item.call.cell, item.call.moment)


def is_base(reading: Reading, evaluation: Evaluation) -> bool:
    """Was it the trained base network that was evaluated, or a copy of it: not the adapted one,
    not another network of the same form?"""
    base = reading.base
    if base is None or base.run.model is None:
        return True
    if base.run.model != evaluation.seen.model:
        if not _same_form(reading, evaluation.seen.model, base.run.model):
            return False
        answers = _answers(reading.base_predict, evaluation)
        if not _holds_trained(reading, evaluation) and answers is not None:
            return correlated(answers, evaluation.outputs[:ROWS]) and not _adapted(
                reading, evaluation
            )
    return not _adapted(reading, evaluation)


def _same_form(reading: Reading, model: int, base: int) -> bool:
    shapes = {
        s.model: sorted(e.shape for e in s.parameters)
        for s in reading.evidence.states
        if s.model in (model, base)
    }
    return shapes.get(model) == shapes.get(base)


def _holds_trained(reading: Reading, evaluation: Evaluation) -> bool:
    """Does the evaluated state hold weights that the base network had once its training began?"""
    assert reading.base is not None
    run = reading.base.run
    known = {r.end for r in run.reached if r.end != r.start}
    for state in reading.evidence.states:
        if state.model == run.model and state.moment > run.moment:
            known |= {e.digest for e in state.parameters}
    known -= {r.start for r in run.reached}
    seen = evaluation.seen
    for state in reading.evidence.states:
        if (state.model, state.moment) == (seen.model, seen.state):
            held = [e.digest in known for e in state.parameters]
            return bool(held) and sum(held) > len(held) / 2
    return False


def _adapted(reading: Reading, evaluation: Evaluation) -> bool:
    """Are these the answers of the adapted network, and not those of the base network?"""
    tuning = reading.tuning
    if tuning is None or evaluation.seen.moment < tuning.run.last_moment:
        return False
    adapted = _answers(reading.adapted_predict, evaluation)
    base = _answers(reading.base_predict, evaluation)
    said = evaluation.outputs[:ROWS]
    return adapted is not None and close(adapted, said) and not close(base, said)


def _answers(predict: Any, evaluation: Evaluation) -> Array | None:
    if predict is None or evaluation.inputs is None:
        return None
    answer: Array | None = predict(evaluation.inputs[:ROWS])
    return answer


def correlated(a: Array, b: Array) -> bool:
    """True when two answers to the same rows rise and fall together (their evidence for class 1,
    in either direction), or when that cannot be said of their form."""
    x, y = score_of(a), score_of(b)
    if x is None or y is None or len(x) != len(y) or len(x) < 3:
        return True
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return True
    if min(x.std(), y.std()) == 0:
        return bool(x.std() == y.std())
    ranks = [v.argsort(kind="stable").argsort(kind="stable").astype(float) for v in (x, y)]
    return bool(abs(np.corrcoef(ranks[0], ranks[1])[0, 1]) >= ALIKE)
