"""What was measured on the test set, and does what is shown agree with it?"""

from __future__ import annotations

from dataclasses import replace

from graders.analysis.agreement import (
    METRIC_NAMES,
    Agreement,
    figures_elsewhere,
    find,
    near_words,
    other_figure,
)
from graders.analysis.comparison import base_and_adapted
from graders.analysis.predicted import predictions_on
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _

MIN_ROWS = 50  # fewer rows are a try-out, not an evaluation


def reported(reading: Reading) -> Answer:
    """Whether the base network predicted the test file and something of it was shown."""
    base = reading.base
    if base is None:
        return Answer(False, _("there is no trained network"))
    if "test" not in reading.tables:
        return Answer(None, _("the grader has no test file to compare with"))
    candidates = predictions_on(reading)
    if not candidates:
        return _not_on_test(reading)
    unsure: Agreement | None = None
    for metric in METRIC_NAMES:
        found = find(reading, metric, candidates, base.run.cell)
        if found is not None and found.why in ("rows", "crowd", "typed"):
            unsure = found
        elif found is not None:
            return Answer(
                True,
                _("{metric} {value:.4f} on the {rows} rows of the test file").format(
                    metric=METRIC_NAMES[metric], value=found.value, rows=len(candidates[0].truth)
                ),
                (found.cell,),
            )
    cells = tuple(dict.fromkeys(reading.cell(c.cell) for c in candidates))
    if other_figure(reading, candidates, cells):
        return Answer(True, _("the test file was predicted and a figure of it is shown"), cells)
    if unsure is not None:
        return Answer(None, _why_unsure(unsure), (unsure.cell,))
    loose = [n for n in reading.shown if n.cell in cells and not n.literal]
    elsewhere = figures_elsewhere(reading)
    unexplained = [n for n in loose if not any(n.agrees(v) for v in elsewhere)]
    words = _("the test file was predicted, but no result that agrees with it is shown")
    return Answer(None if unexplained else False, words, cells)


def _not_on_test(reading: Reading) -> Answer:
    """Why there is nothing to judge: other files' rows, rows that cannot be told, or none."""
    base = reading.base
    assert base is not None
    ours = [e for e in reading.evaluations if e.seen.model == base.run.model]
    strange = [
        e
        for e in ours
        if not e.sure and e.rows >= MIN_ROWS and e.seen.moment > base.run.last_moment
    ]
    if strange:
        words = _(
            "the trained network predicted {rows} rows that are not recognised as the test file's"
        )
        cells = tuple(dict.fromkeys(reading.cell(e.seen.cell) for e in strange))
        return Answer(None, words.format(rows=strange[-1].rows), cells)
    others = sorted({e.table for e in ours if e.table and e.table != "test"})
    if others:
        words = _(
            "the trained network never predicted the test file; it was evaluated on: {files}"
        ).format(files=", ".join(others))
        return Answer(False, words)
    words = _("the trained network never predicted the {rows} rows of the test file")
    return Answer(False, words.format(rows=reading.tables["test"].rows))


def metric(reading: Reading, name: str) -> Answer:
    """Whether the metric's value on the test file was computed and is right."""
    base = reading.base
    label = METRIC_NAMES[name]
    expected = _("{metric} of the trained network on the test file").format(metric=label)
    if base is None:
        return Answer(False, _("there is no trained network"), expected=expected)
    if "test" not in reading.tables:
        return Answer(None, _("the grader has no test file to compare with"), expected=expected)
    candidates = predictions_on(reading)
    if not candidates:
        return replace(_not_on_test(reading), expected=expected)
    best = max(candidates, key=lambda c: c.moment)
    values = ", ".join(f"{v:.4f}" for v in dict.fromkeys(round(v, 4) for v in best.values[name]))
    expected += f": {values}"
    found = find(reading, name, candidates, base.run.cell)
    if found is not None and found.sure:
        return Answer(
            True,
            _("{metric} = {value:.4f}").format(metric=label, value=found.value),
            (found.cell,),
            expected,
        )
    if found is not None:
        return Answer(None, _why_unsure(found), (found.cell,), expected)
    near = near_words(reading, name, base.run.cell)
    if near:
        words = _("no figure agrees; near the metric's name stands {values}").format(
            values=", ".join(f"{n.value:g}" for n in near[:4])
        )
        return Answer(False, words, tuple(dict.fromkeys(n.cell for n in near[:4])), expected)
    cells = tuple(dict.fromkeys(reading.cell(c.cell) for c in candidates))[:4]
    return Answer(False, _("no figure computed or shown agrees with it"), cells, expected)


def _why_unsure(found: Agreement) -> str:
    """Why a figure that agrees is not enough."""
    words = {
        "rows": _("a figure {value} agrees, but it is not known that the rows are the test file's"),
        "crowd": _("a figure {value} agrees, but so many are shown that one had to"),
        "typed": _("a figure {value} agrees, but it is typed in the notebook's source"),
    }.get(found.why, _("a figure {value} agrees, but it is too rounded to be sure"))
    return words.format(value=found.value)


def compared(reading: Reading) -> Answer:
    """Whether base and adapted network were measured on the same rows."""
    if reading.tuning is None:
        return Answer(False, _("no adapted network was trained"))
    found = base_and_adapted(reading)
    cells = (reading.cell(reading.tuning.run.cell),)
    if found is None:
        return Answer(False, _("no evaluation of both networks on the same rows was seen"), cells)
    if not found.metric:
        if not found.sure:
            words = _(
                "both networks predicted the same {rows} rows, but no figure shown agrees with them"
            )
            return Answer(None, words.format(rows=found.rows), found.cells)
        return Answer(
            True,
            _("both networks predicted the same {rows} rows").format(rows=found.rows),
            found.cells,
        )
    return Answer(
        True,
        _("{metric} on {rows} rows: base {base:.4f}, adapted {adapted:.4f}").format(
            metric=METRIC_NAMES[found.metric],
            rows=found.rows,
            base=found.base,
            adapted=found.adapted,
        ),
        found.cells,
    )
