"""Did the student look at what the merged network answers?"""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.agreement import rates
from graders.analysis.comparison import truths
from graders.analysis.evaluations import Evaluation, scored
from graders.analysis.predictions import losses_of
from graders.analysis.reading import Reading

Array = NDArray[Any]
SMALL = 1e-3  # a difference below this can be one of rounding
SHOWN_ROWS = 20  # first and last rows of outputs, as printing a tensor shows them
_ZERO = re.compile(r"(?<![\w.])0\.0*(?!\d)")  # a tensor that is exactly zero prints as 0.
_TRUTH = re.compile(r"(?<![=\w])(true|false)\b", re.IGNORECASE)


def looked_at(reading: Reading, merged: Evaluation) -> bool:
    """Is anything of what the merged network answered looked at: a figure of it, some of its
    answers, a tiny difference, a true or false, a picture, or an assertion?"""
    index = reading.cell(merged.seen.cell)
    cells = [c for c in reading.evidence.run.cells if c.index >= index]
    if any(o.picture for c in cells for o in c.outputs):
        return True
    if any(_asserts(c.source) and c.error is None for c in cells):
        return True
    if small_number(reading, merged.seen.cell):
        return True
    values = [abs(v) for v in _few(merged.outputs)]
    for truth in truths(reading, merged):
        found = scored(merged.outputs, truth, 0, 0)
        if found is not None:
            values += [v for own in found.values.values() for v in own]
            values += [*rates(found), *losses_of(merged.outputs, truth)]
    return any(
        n.cell >= index and not n.literal and any(n.agrees(v) for v in values)
        for n in reading.shown
    )


def _few(outputs: Array) -> list[float]:
    """The values that printing the outputs shows."""
    rows = [*outputs[:SHOWN_ROWS], *outputs[-SHOWN_ROWS:]]
    return [float(v) for row in rows for v in np.asarray(row).reshape(-1)[:4]]


def _asserts(source: str) -> bool:
    """Is there an assertion of something that is computed?"""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return any(
        isinstance(node, ast.Assert)
        and any(isinstance(part, ast.Call | ast.Compare) for part in ast.walk(node.test))
        for node in ast.walk(tree)
    )


def small_number(reading: Reading, executed: int) -> bool:
    """A tiny difference or none, shown or held, or a true or false, from this cell on."""
    index = reading.cell(executed)
    shown = any(n.cell >= index and not n.literal and abs(n.value) < SMALL for n in reading.shown)
    held = any(cell >= executed and 0 < abs(value) < SMALL for cell, _name, value in reading.held)
    # What a library's comparison of other things said is not about the networks.
    elsewhere = {reading.cell(c.cell) for c in reading.evidence.comparisons}
    said = any(
        c.index >= index
        and c.index not in elsewhere
        and any(_TRUTH.search(o.text) or _ZERO.search(o.text) for o in c.outputs)
        for c in reading.evidence.run.cells
    )
    return shown or held or said
