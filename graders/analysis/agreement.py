"""Does a figure the student shows agree with the one recomputed from predictions?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from graders.analysis.evaluations import Scored, is_truth_of, scored
from graders.analysis.predictions import CLASS_ACCURACY
from graders.analysis.reading import Reading
from graders.analysis.shown import ShownNumber, crowded

METRIC_NAMES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "f1": "F1"}
FUNCTIONS = {
    "accuracy": ("accuracy_score", "accuracy", "binaryaccuracy", "multiclassaccuracy"),
    "balanced_accuracy": ("balanced_accuracy_score",),
    "f1": ("f1_score", "f1score", "binaryf1score", "multiclassf1score"),
    CLASS_ACCURACY: (),
}
WORDS = {
    "accuracy": ("acc", "exact", "acierto", "precisión global", "aciertos"),
    "balanced_accuracy": ("bal", "bacc", "ba:", "ba ", "equilibrad", "ponderad"),
    "f1": ("f1", "f-1", "f_1", "f score", "f-score", "fscore", "medida f"),
    CLASS_ACCURACY: ("acc", "exact", "aciert", "precis", "correct", "test", "prueba"),
}
HELD_TOLERANCE = 3e-6  # numbers in variables are at least float32
NEAR, MANY = 0.1, 60  # more numbers of one variable within a tenth of a figure are a list


@dataclass(frozen=True)
class Agreement:
    """How a metric was found: "called", "held" or "shown", its value and where.

    `sure` is False when a person must look: `why` is "rounded", "crowd" (so many numbers that one
    of them agrees by chance), "typed" (the number stands in the notebook's source) or "rows" (it
    is not known whose rows were predicted).
    """

    how: str
    value: float
    cell: int  # position in the executed notebook
    sure: bool = True
    why: str = ""


def find(
    reading: Reading, metric: str, candidates: Sequence[Scored], first_cell: int
) -> Agreement | None:
    """The best sign that the student computed this metric on one of the predictions.

    Looks at cells from `first_cell` (executed code cells) on.
    """
    weak: Agreement | None = None
    for sure in (True, False):
        some = [s for s in candidates if s.sure is sure]
        found = _sign(reading, metric, some, first_cell) if some else None
        if found is not None and found.sure and sure:
            return found
        if found is not None and weak is None:
            weak = found if sure else replace(found, sure=False, why="rows")
    return weak


def _sign(
    reading: Reading, metric: str, candidates: Sequence[Scored], first_cell: int
) -> Agreement | None:
    values = [(v, s) for s in candidates for v in s.values.get(metric, ())]
    if not values:
        return None
    weak: Agreement | None = None
    for found in (
        _called(reading, metric, candidates),
        _held(reading, metric, values, first_cell),
        _shown(reading, metric, values, first_cell),
    ):
        if found is not None and found.sure:
            return found
        weak = weak or found
    return weak


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
    weak: Agreement | None = None
    for cell, name, number in reading.held:
        if cell < first_cell:
            continue
        for value, candidate in pairs:
            if cell < candidate.cell:
                continue
            if any(abs(number - scale * value) <= HELD_TOLERANCE * scale for scale in (1.0, 100.0)):
                if _is_round(value) and not _named(metric, name.lower()):
                    continue
                if not _one_of_many(reading, cell, name, number):
                    return Agreement("held", value, reading.cell(cell))
                weak = weak or Agreement("held", value, reading.cell(cell), False, "crowd")
    return weak


def _one_of_many(reading: Reading, cell: int, name: str, number: float) -> bool:
    """Is it one of a long list of numbers near it, where one agrees by chance?"""
    stem = name.partition(".")[0]
    near = {
        value
        for other, path, value in reading.held
        if other == cell
        and path.partition(".")[0] == stem
        and abs(value - number) < NEAR * abs(number)
    }
    return len(near) > MANY


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
            clear = number.digits >= 3 or _named(metric, _said_of(number, metric))
            crowd = crowded(number, reading.shown_in(number.cell))
            if clear and not crowd and not number.typed:
                return Agreement("shown", number.value, number.cell)
            enough = 1 if metric == CLASS_ACCURACY else 2  # all right is 1.0, written out in full
            if number.digits >= enough and not _names_another(metric, number.words[-40:]):
                why = "typed" if number.typed else "crowd" if crowd else "rounded"
                weak = weak or Agreement("shown", number.value, number.cell, False, why)
    return weak


def _said_of(number: ShownNumber, metric: str) -> str:
    """Where the metric's name may stand: before it, and for many classes anywhere on its line."""
    return f"{number.words} {number.line}" if metric == CLASS_ACCURACY else number.words


def _names_another(metric: str, words: str) -> bool:
    """True when the words name another metric and not this one."""
    return not _named(metric, words) and any(_named(m, words) for m in METRIC_NAMES if m != metric)


def _named(metric: str, words: str) -> bool:
    named = any(w in words for w in WORDS[metric])
    if metric == "accuracy" and named:
        last = max(words.rfind(w) for w in WORDS["accuracy"])
        return not any(w in words[max(0, last - 12) : last + 3] for w in ("bal", "equilibrad"))
    return named


def near_words(reading: Reading, metric: str, first_cell: int) -> tuple[ShownNumber, ...]:
    """Numbers shown right after the metric's name, those of many classes on its line."""
    first = reading.cell(first_cell)
    return tuple(
        n
        for n in reading.shown
        if n.cell >= first and _named(metric, n.line if metric == CLASS_ACCURACY else n.words[-25:])
    )


def other_figure(
    reading: Reading, candidates: Sequence[Scored], cells: Sequence[int]
) -> ShownNumber | None:
    """A number shown in these cells or later that is another figure of the predictions:
    precision, recall, error, area under the curve, a share of a confusion matrix."""
    figures_of = [v for c in candidates for v in rates(c)]
    first = min(cells, default=0)
    for number in reading.shown:
        if (
            number.cell >= first
            and not number.literal
            and number.digits >= 3
            and any(number.agrees(v) for v in figures_of)
            and not crowded(number, reading.shown_in(number.cell))
        ):
            return number
    return None


def rates(scored_: Scored) -> tuple[float, ...]:
    """Error, precision, recall, specificity and negative predictive value."""
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
            found.extend(rates(own))
    for item in reading.metric_calls:
        table = reading.tables.get("test")
        if (table is None or not is_truth_of(item.truth, table)) and isinstance(
            item.call.result, float
        ):
            found.append(item.call.result)
    return tuple(found)
