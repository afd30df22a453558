"""Does a figure the student shows agree with the one recomputed from predictions?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from graders.analysis.evaluations import Scored, comes_from, either_way, is_truth_of, scored
from graders.analysis.predictions import as_labels, figures
from graders.analysis.reading import Reading
from graders.analysis.shown import ShownNumber

METRIC_NAMES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "f1": "F1"}
FUNCTIONS = {
    "accuracy": ("accuracy_score", "accuracy", "binaryaccuracy", "multiclassaccuracy"),
    "balanced_accuracy": ("balanced_accuracy_score",),
    "f1": ("f1_score", "f1score", "binaryf1score", "multiclassf1score"),
}
WORDS = {
    "accuracy": ("acc", "exact", "acierto", "precisión global", "aciertos"),
    "balanced_accuracy": ("bal", "bacc", "ba:", "ba ", "equilibrad", "ponderad"),
    "f1": ("f1", "f-1", "f_1", "f score", "f-score", "fscore", "medida f"),
}
ENOUGH = 0.5  # share of a file's rows that makes an evaluation one of the file
SENSIBLE = 0.6  # balanced accuracy that rows in a wrong order do not reach
HELD_TOLERANCE = 3e-6  # numbers in variables are at least float32


@dataclass(frozen=True)
class Agreement:
    """How a metric was found: "called", "held" or "shown", its value and where."""

    how: str
    value: float
    cell: int  # position in the executed notebook
    sure: bool = True


def find(
    reading: Reading, metric: str, candidates: Sequence[Scored], first_cell: int
) -> Agreement | None:
    """The best sign that the student computed this metric on one of the predictions.

    Looks at cells from `first_cell` (executed code cells) on.
    """
    values = [(v, s) for s in candidates for v in s.values.get(metric, ())]
    if not values:
        return None
    return (
        _called(reading, metric, candidates)
        or _held(reading, metric, values, first_cell)
        or _shown(reading, metric, values, first_cell)
    )


def _called(reading: Reading, metric: str, candidates: Sequence[Scored]) -> Agreement | None:
    for item in reading.metric_calls:
        if item.call.name.lower() not in FUNCTIONS[metric] or not isinstance(
            item.call.result, (int, float)
        ):
            continue
        for candidate in candidates:
            if len(candidate.predicted) != len(item.predicted):
                continue
            same = (item.predicted == candidate.predicted).mean()
            if min(same, 1 - same) > 0.02 and item.truth.sum() != candidate.truth.sum():
                continue
            if any(abs(item.call.result - v) < 1e-9 for v in candidate.values.get(metric, ())):
                return Agreement("called", float(item.call.result), reading.cell(item.call.cell))
    return None


def _held(
    reading: Reading, metric: str, values: Iterable[tuple[float, Scored]], first_cell: int
) -> Agreement | None:
    pairs = list(values)
    for cell, name, number in reading.held:
        if cell < first_cell:
            continue
        for value, candidate in pairs:
            if cell < candidate.cell:
                continue
            if any(abs(number - scale * value) <= HELD_TOLERANCE * scale for scale in (1.0, 100.0)):
                if _is_round(value) and not _named(metric, name.lower()):
                    continue
                return Agreement("held", value, reading.cell(cell))
    return None


def _is_round(value: float) -> bool:
    return abs(value * 100 - round(value * 100)) < 1e-9


def _shown(
    reading: Reading, metric: str, values: Iterable[tuple[float, Scored]], first_cell: int
) -> Agreement | None:
    pairs = list(values)
    weak: Agreement | None = None
    first = reading.cell(first_cell)
    for number in reading.shown:
        if number.cell < first or number.literal:
            continue
        for value, candidate in pairs:
            if number.cell < reading.cell(candidate.cell) or not number.agrees(value):
                continue
            if number.digits >= 3 or _named(metric, number.words):
                return Agreement("shown", number.value, number.cell)
            if number.digits >= 2 and not _names_another(metric, number.words[-40:]):
                weak = weak or Agreement("shown", number.value, number.cell, sure=False)
    return weak


def _names_another(metric: str, words: str) -> bool:
    """True when the words name another metric and not this one."""
    return not _named(metric, words) and any(_named(m, words) for m in WORDS if m != metric)


def _named(metric: str, words: str) -> bool:
    named = any(w in words for w in WORDS[metric])
    if metric == "accuracy" and named:
        last = max(words.rfind(w) for w in WORDS["accuracy"])
        return not any(w in words[max(0, last - 12) : last + 3] for w in ("bal", "equilibrad"))
    return named


def predictions_on(reading: Reading, role: str = "test") -> tuple[Scored, ...]:
    """Predictions of the trained base network on a data file, scored against trusted labels."""
    table = reading.tables.get(role)
    if table is None or table.labels is None or reading.base is None:
        return ()
    since = reading.base.run.moment
    found: list[Scored] = []
    ours = [
        e
        for e in reading.evaluations
        if e.table == role
        and e.seen.moment > since
        and e.rows >= ENOUGH * table.rows
        and _is_base(reading, e.seen.model, e.seen.state)
    ]
    for evaluation in ours:
        if evaluation.truth is None:
            continue
        seen = evaluation.seen
        own = scored(evaluation.outputs, evaluation.truth, seen.cell, seen.moment)
        # The number of rows alone may mislead (another order): then only if it makes sense.
        if own is not None and (evaluation.sure or own.values["balanced_accuracy"][0] > SENSIBLE):
            found.append(own)
    for item in reading.metric_calls:
        if item.call.moment < since or not is_truth_of(item.truth, table):
            continue
        if ours and not any(
            len(e.outputs) == len(item.predicted) and comes_from(item.predicted, e.outputs)
            for e in ours
        ):
            continue
        found.append(_from_call(item.predicted, item.truth, item.call.cell, item.call.moment))
    found.extend(_label_vectors(reading, ours, table.labels))
    if not found and reading.base.run.model is None:
        found.extend(_computed_again(reading, role))
    return tuple(way for one in found for way in either_way(one))


def _from_call(predicted: object, truth: object, cell: int, moment: int) -> Scored:
    guess, real = np.asarray(predicted, dtype=bool), np.asarray(truth, dtype=bool)
    return Scored(figures(guess, real), guess, real, cell, moment)


def _is_base(reading: Reading, model: int, state_moment: int) -> bool:
    """True for the trained network or one with weights of the same forms (a loaded copy)."""
    base = reading.base
    if base is None or base.run.model is None or base.run.model == model:
        return True
    shapes = {
        s.model: sorted(e.shape for e in s.parameters)
        for s in reading.evidence.states
        if s.model in (model, base.run.model)
    }
    return shapes.get(model) == shapes.get(base.run.model)


def _label_vectors(reading: Reading, ours: Sequence[object], truth: object) -> list[Scored]:
    """Label vectors in variables that are the outputs cut at a threshold of the student's."""
    from graders.analysis.evaluations import Evaluation

    real = np.asarray(truth, dtype=bool)
    found = []
    outputs = [e.outputs for e in ours if isinstance(e, Evaluation)]
    for array in reading.evidence.arrays:
        if array.shape not in ((len(real),), (len(real), 1)) or not reading.blobs.has(array.digest):
            continue
        predicted = as_labels(reading.blobs.load(array.digest))
        if predicted is None or predicted.all() or not predicted.any():
            continue
        if not any(comes_from(predicted, out) for out in outputs):
            continue
        if (predicted == real).mean() < 0.5:
            predicted = ~predicted
        found.append(_from_call(predicted, real, array.cell, array.moment))
    return found


def _computed_again(reading: Reading, role: str) -> list[Scored]:
    """For networks without a module to watch: predictions computed again on this side."""
    table = reading.tables.get(role)
    predict = reading.base_predict
    if table is None or table.labels is None or predict is None or reading.base is None:
        return []
    found = []
    for array in reading.evidence.arrays:
        if (
            len(array.shape) != 2
            or array.shape[0] != table.rows
            or not reading.blobs.has(array.digest)
        ):
            continue
        outputs = predict(reading.blobs.load(array.digest))
        own = (
            scored(outputs, table.labels, reading.base.run.cell, reading.base.run.moment)
            if outputs is not None
            else None
        )
        if own is not None:
            found.append(own)
    return found


def near_words(reading: Reading, metric: str, first_cell: int) -> tuple[ShownNumber, ...]:
    """Numbers shown right after the metric's name."""
    first = reading.cell(first_cell)
    return tuple(n for n in reading.shown if n.cell >= first and _named(metric, n.words[-25:]))


def other_figure(
    reading: Reading, candidates: Sequence[Scored], cells: Sequence[int]
) -> ShownNumber | None:
    """A number shown in these cells or later that is another figure of the predictions:
    precision, recall, error, area under the curve, a share of a confusion matrix."""
    figures_of = [v for c in candidates for v in _others(c)]
    first = min(cells, default=0)
    for number in reading.shown:
        if (
            number.cell >= first
            and not number.literal
            and number.digits >= 3
            and any(number.agrees(v) for v in figures_of)
        ):
            return number
    return None


def _others(scored_: Scored) -> tuple[float, ...]:
    p, t = scored_.predicted, scored_.truth
    hits, guesses, total = float((p & t).sum()), float(p.sum()), float(t.sum())
    correct_no, no = float((~p & ~t).sum()), float((~t).sum())
    values = [
        1 - float((p == t).mean()),
        hits / guesses if guesses else 0.0,
        hits / total if total else 0.0,
        correct_no / no if no else 0.0,
        correct_no / float((~p).sum()) if (~p).any() else 0.0,
    ]
    return tuple(values)


def figures_elsewhere(reading: Reading) -> tuple[float, ...]:
    """Metrics of predictions made on other rows than the test file's, and losses of training."""
    found: list[float] = []
    for evaluation in reading.evaluations:
        if evaluation.table == "test" or evaluation.truth is None:
            continue
        own = scored(evaluation.outputs, evaluation.truth, 0, 0)
        if own is not None:
            found.extend(v for values in own.values.values() for v in values)
            found.extend(_others(own))
    for item in reading.metric_calls:
        table = reading.tables.get("test")
        if (table is None or not is_truth_of(item.truth, table)) and isinstance(
            item.call.result, float
        ):
            found.append(item.call.result)
    return tuple(found)
