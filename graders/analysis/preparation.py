"""Were the data prepared before the network saw them?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.inputs import has_missing_code, raw_columns
from graders.analysis.operations import kind
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.untouched import common_factor
from graders.language import _

MOSTLY = 0.5  # share of columns that decides
MIN_COLUMNS = 5


def prepared_inputs(reading: Reading) -> Answer:
    """Whether the rows that the base network was trained on are not the file's raw values."""
    base = reading.base
    if base is None:
        return Answer(False, _("no training run was seen"))
    cells = (reading.cell(base.run.cell),)
    sample = reading.sample_of(base)
    if sample is None or sample.ndim < 2 or not reading.tables:
        return Answer(None, _("the rows that the network was given were not recorded"), cells)
    return _judge(reading, sample, cells)


def _judge(reading: Reading, sample: NDArray[Any], cells: tuple[int, ...]) -> Answer:
    share = raw_columns(sample, reading.tables.values())
    code = has_missing_code(sample)
    scale = np.nanstd(np.asarray(sample, dtype=np.float64), axis=0)
    words = _(
        "{share:.0%} of the columns hold raw values; standard deviations {low:.3g} to {high:.3g}"
    ).format(share=share, low=float(scale.min()), high=float(scale.max()))
    if code:
        words += "; " + _("the code -999 for a missing value is still there")
    if share <= MOSTLY:
        factor = common_factor(sample, reading.tables.values())
        if factor is None:
            return Answer(True, words, cells)
        words = _(
            "the columns are the file's own values times {factor:.4g}, the code -999 for a missing "
            "value included"
        )
        return Answer(None, words.format(factor=factor), cells)
    if not code:
        return Answer(True, words + "; " + _("missing values were treated"), cells)
    if _normalises_first(reading):
        return Answer(None, words + "; " + _("the network itself normalises its inputs"), cells)
    return Answer(False, words, cells)


def _normalises_first(reading: Reading) -> bool:
    network = reading.base.network if reading.base is not None else None
    if network is None or not network.inputs:
        return False
    return any(
        kind(n) == "norm" and network.sources[i][:1] == (network.inputs[0],)
        for i, n in enumerate(network.nodes)
    )


def prepared_somewhere(reading: Reading) -> Answer:
    """Whether any table of the notebook holds the data set in a prepared form."""
    if reading.base is not None:
        inputs = prepared_inputs(reading)
        raw = _raw_evaluation(reading)
        if inputs.holds and raw is not None:
            words = _("the rows of the file '{file}' were given to the network as they stand in it")
            return Answer(False, words.format(file=raw[0]), (raw[1],))
        if inputs.holds:
            return inputs
    sizes = [t.rows for t in reading.tables.values()]
    least = min(sizes, default=0) // 4
    loaded: tuple[int, ...] = ()
    for array in reading.evidence.arrays:
        if len(array.shape) != 2 or array.shape[0] < max(least, 50) or array.shape[1] < MIN_COLUMNS:
            continue
        cell = (reading.cell(array.cell),)
        loaded = loaded or cell
        if not reading.blobs.has(array.digest):
            continue
        matrix = reading.blobs.load(array.digest)
        if matrix.dtype.kind not in "fiu" or not array.dtype.startswith(("float", "int")):
            continue
        tables = reading.tables.values()
        if common_factor(matrix, tables) is not None:
            continue
        if raw_columns(matrix[:512], tables) <= MOSTLY:
            return Answer(
                True,
                _("'{name}' holds {rows} prepared rows").format(
                    name=array.name, rows=array.shape[0]
                ),
                cell,
            )
        if not has_missing_code(matrix) and _had_code(reading):
            return Answer(
                True, _("missing values were treated in '{name}'").format(name=array.name), cell
            )
    if reading.base is not None and prepared_inputs(reading).holds is None:
        return prepared_inputs(reading)
    if loaded:
        return Answer(False, _("the data were read, but no prepared form of them was seen"), loaded)
    return Answer(False, _("the data set was not read"))


def _raw_evaluation(reading: Reading) -> tuple[str, int] | None:
    """A data file whose rows were given to a network as they stand in the file (its role and the
    cell), and never prepared as the training rows were."""
    raw: dict[str, int] = {}
    prepared: set[str] = set()
    for evaluation in reading.evaluations:
        rows = evaluation.inputs
        if rows is None or rows.ndim != 2 or not evaluation.sure or evaluation.table is None:
            continue
        if evaluation.table in prepared:  # one prepared evaluation of a file is enough
            continue
        if raw_columns(rows, reading.tables.values()) > MOSTLY:
            raw.setdefault(evaluation.table, reading.cell(evaluation.seen.cell))
        else:
            prepared.add(evaluation.table)
    return next(((role, cell) for role, cell in raw.items() if role not in prepared), None)


def _had_code(reading: Reading) -> bool:
    return any(has_missing_code(t.features) for t in reading.tables.values())
