"""Were the base network and the adapted one evaluated on the same rows?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.agreement import Agreement, find, rates
from graders.analysis.alike import close
from graders.analysis.evaluations import Evaluation, Scored, scored
from graders.analysis.inputs import same_rows
from graders.analysis.predictions import METRICS, as_labels, losses_of
from graders.analysis.reading import Reading
from graders.analysis.shown import ShownNumber

Array = NDArray[Any]
ROWS = 256  # rows that are enough to tell two networks apart by


@dataclass(frozen=True)
class Compared:
    """Figures of both networks on the same rows; `metric` is "" when only both ran.

    `sure` is False when their figures are known and none of those shown is one of them.
    """

    metric: str
    base: float | None
    adapted: float | None
    rows: int
    cells: tuple[int, ...]
    sure: bool = True


def base_and_adapted(reading: Reading) -> Compared | None:
    """The best sign of a comparison; None when there is none."""
    if reading.tuning is None:
        return None
    pairs = list(_pairs(reading))
    for base, adapted in pairs:
        for truth in truths(reading, base):
            found = _figures(
                reading,
                scored(base.outputs, truth, base.seen.cell, base.seen.moment),
                scored(adapted.outputs, truth, adapted.seen.cell, adapted.seen.moment),
            )
            if found is not None:
                return found
    if pairs:
        base, adapted = pairs[-1]
        cells = (reading.cell(base.seen.cell), reading.cell(adapted.seen.cell))
        computed = [n for n in reading.shown if n.cell >= max(cells) and not n.literal]
        if not any(not n.typed for n in computed):
            return None
        known = [(b, a) for b, a in pairs if b.sure and b.truth is not None]
        sure = not known or any(_other_figures(b, a, computed) for b, a in known)
        return Compared("", None, None, base.rows, cells, sure)
    # A module's evaluations were all seen: only plain functions have to be computed again.
    return _computed_again(reading) if reading.tuning.run.model is None else None


def _pairs(reading: Reading) -> Iterator[tuple[Evaluation, Evaluation]]:
    """Evaluations of both networks on the same inputs, longest first."""
    assert reading.tuning is not None
    since = reading.tuning.run.moment
    with_inputs = [e for e in reading.evaluations if e.inputs is not None and e.rows >= 20]
    roles = [(e, _role(reading, e, since)) for e in with_inputs]
    bases = [e for e, role in roles if role == "base"]
    adapted = [e for e, role in roles if role == "adapted"]
    found = []
    for b in bases:
        for a in adapted:
            orders = (
                same_rows(b.inputs, a.inputs)
                if b.inputs is not None and a.inputs is not None
                else None
            )
            if orders is not None:
                found.append((b.ordered(orders[0]), a.ordered(orders[1])))
    yield from sorted(found, key=lambda pair: -pair[0].rows)


def _role(reading: Reading, evaluation: Evaluation, since: int) -> str:
    """ "base", "adapted" or "" by what the outputs are, not by which object made them."""
    assert evaluation.inputs is not None
    inputs, outputs = evaluation.inputs[:ROWS], evaluation.outputs[:ROWS]

    def answers(predict: Any) -> bool:
        return predict is not None and close(predict(inputs), outputs)

    if evaluation.seen.moment > since and answers(reading.adapted_predict):
        return "adapted"
    if answers(reading.unadapted_predict) or answers(reading.base_predict):
        return "base"
    if reading.tuning is None or reading.base is None:
        return ""
    between = reading.base.run.last_moment < evaluation.seen.moment < since
    if between and evaluation.seen.model == reading.base.run.model:
        return "base"
    # Answers in another form (a probability, a class): told apart by which model was called.
    if evaluation.seen.moment > since and evaluation.seen.model == reading.tuning.run.model:
        return "adapted"
    if (
        evaluation.seen.model == reading.base.run.model
        and evaluation.seen.model != reading.tuning.run.model
    ):
        return "base"
    return ""


def truths(reading: Reading, evaluation: Evaluation) -> Iterator[NDArray[np.bool_]]:
    """Label vectors that may belong to these rows."""
    if evaluation.truth is not None and len(evaluation.truth) == evaluation.rows:
        yield evaluation.truth
    for item in reading.metric_calls:
        if len(item.truth) == evaluation.rows:
            yield item.truth
    yield from _label_vectors(reading, evaluation.rows)


def _label_vectors(reading: Reading, rows: int) -> Iterator[NDArray[np.bool_]]:
    seen: set[str] = set()
    for array in reading.evidence.arrays:
        if (
            array.shape in ((rows,), (rows, 1))
            and array.digest not in seen
            and reading.blobs.has(array.digest)
        ):
            seen.add(array.digest)
            labels = as_labels(reading.blobs.load(array.digest))
            if labels is not None and labels.any() and not labels.all():
                yield labels


def _figures(reading: Reading, base: Scored | None, adapted: Scored | None) -> Compared | None:
    """Both networks' figures, shown or held."""
    if base is None or adapted is None:
        return None
    for metric in METRICS:
        first = find(reading, metric, [base], base.cell)
        second = find(reading, metric, [adapted], adapted.cell)
        if first is not None and second is not None:
            return Compared(
                metric,
                base.values[metric][0],
                adapted.values[metric][0],
                len(base.truth),
                _cells(first, second),
            )
    return None


def _other_figures(base: Evaluation, adapted: Evaluation, shown: Sequence[ShownNumber]) -> bool:
    """Are other figures of both shown: a loss, precision, recall?"""
    assert base.truth is not None
    values = [
        [*losses_of(e.outputs, base.truth), *_rates(e.outputs, base)] for e in (base, adapted)
    ]
    return all(any(n.agrees(v) for n in shown for v in own) for own in values)


def _rates(outputs: Array, base: Evaluation) -> tuple[float, ...]:
    assert base.truth is not None
    found = scored(outputs, base.truth, 0, 0)
    return rates(found) if found is not None else ()


def _cells(*agreements: Agreement) -> tuple[int, ...]:
    return tuple(sorted({a.cell for a in agreements}))


def _computed_again(reading: Reading) -> Compared | None:
    """For networks without a module to watch: both are computed again on the student's rows."""
    base, adapted = reading.unadapted_predict, reading.adapted_predict
    if base is None or adapted is None or reading.tuning is None:
        return None
    cell, moment = reading.tuning.run.cell, reading.tuning.run.moment
    for array in reading.evidence.arrays:
        if len(array.shape) != 2 or array.shape[0] < 20 or not reading.blobs.has(array.digest):
            continue
        rows = reading.blobs.load(array.digest)
        first, second = base(rows), adapted(rows)
        if first is None or second is None:
            continue
        truths = [
            t.labels
            for t in reading.tables.values()
            if t.labels is not None and len(t.labels) == len(rows)
        ]
        truths += [c.truth for c in reading.metric_calls if len(c.truth) == len(rows)]
        for truth in [*truths, *_label_vectors(reading, len(rows))]:
            found = _figures(
                reading, scored(first, truth, 0, moment), scored(second, truth, cell, moment)
            )
            if found is not None:
                return found
    return None
