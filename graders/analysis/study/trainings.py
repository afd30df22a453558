"""Which training runs were on points of the surface, and with what optimiser, noise and network?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.network import Network
from graders.analysis.reading import Reading
from graders.analysis.replay import Replay, ReplayError
from graders.analysis.runs import TrainedRun
from graders.analysis.study.surface import Sample, sample_of
from graders.analysis.whole import Whole
from graders.evidence.arrays import EvidenceError

Array = NDArray[Any]
MIN_STEPS = 5
MAX_VALUES = 12  # of one tape that are looked at as points or heights
PLAIN = ("sgd", "gradientdescent", "asgd")
_FORMULA = re.compile(r"(?<!\d)0?\.8(?!\d).{0,160}(?<!\d)0?\.9(?!\d)", re.DOTALL)


@dataclass(frozen=True)
class Trial:
    """One training on the surface. `cell` as a finding names it."""

    part: str
    cell: int
    run: TrainedRun
    sample: Sample

    @property
    def plain(self) -> bool:
        """Gradient descent, stochastic or not, with nothing that hastens it."""
        name, settings = self.run.run.optimizer.casefold(), self.run.run.defaults
        return name in PLAIN and not settings.get("momentum") and not settings.get("nesterov")

    @property
    def optimiser(self) -> str:
        """Its name as people say it."""
        settings, name = self.run.run.defaults, self.run.run.optimizer
        if settings.get("momentum"):
            return f"{name} ({'Nesterov' if settings.get('nesterov') else 'momentum'})"
        return name

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(int(np.prod(r.shape)) for r in self.run.run.reached)


def trials(whole: Whole) -> tuple[Trial, ...]:
    """All trainings on points of the surface, in any notebook, in order."""
    found = []
    for part, reading in whole.readings():
        known = list(_held(reading))
        for run in reading.runs:
            if run.moved and run.run.steps >= MIN_STEPS:
                sample = _taped(reading, run) or _from_variables(reading, run, known)
                if sample is not None:
                    cell = whole.cell(part, reading.cell(run.run.cell))
                    found.append(Trial(part, cell, run, sample))
    return tuple(found)


def begun(whole: Whole) -> bool:
    """Is there any trace of the study: points of the surface in variables, or code that computes
    it? The formula in prose may be the statement's."""
    if any(True for _part, reading in whole.readings() for _held_one in _held(reading)):
        return True
    texts = [p.passage.text for p in whole.passages if p.passage.kind == "code"]
    return any("sin" in text and _FORMULA.search(text) for text in texts)


def _taped(reading: Reading, run: TrainedRun) -> Sample | None:
    """From one iteration: points that went in, and heights that the loss compared with."""
    graphs = (g for g in reading.evidence.graphs if g.why == "training" and not g.error)
    graph = next((g for g in graphs if g.run == run.run.number), None)
    if graph is None:
        return None
    tape = Network(graph, reading.blobs)
    used = {s for sources in tape.sources for s in sources}
    given = [
        v
        for v in sorted(used)
        if v in tape.graph.values
        and not tape.graph.values[v].requires_grad
        and (v not in tape.leaves or tape.leaves[v].role in ("input", "constant"))
    ]
    points = [v for v in given if len(tape.shape(v)) == 2 and tape.shape(v)[1] == 2]
    heights = [v for v in given if len(tape.shape(v)) == 1 or tape.shape(v)[1:] == (1,)]
    replay = Replay(tape, reading.blobs)
    arrays = {v: _content(replay, v) for v in (*points[:MAX_VALUES], *heights[:MAX_VALUES])}
    for p, h in product(points[:MAX_VALUES], heights[:MAX_VALUES]):
        where, what = arrays[p], arrays[h]
        if where is None or what is None or tape.shape(p)[0] != tape.shape(h)[0]:
            continue
        rows = min(len(where), len(what))  # of large ones only the first rows are kept
        sample = sample_of(where[:rows], what[:rows])
        if sample is not None:
            return sample
    return None


def _content(replay: Replay, value: int) -> Array | None:
    try:
        found: Array = replay.compute([value], {})[0].numpy()
    except ReplayError:
        return None
    return found


def _held(reading: Reading) -> Iterator[tuple[Array, Sample]]:
    """Points that variables held beside heights of the surface at them."""
    seen: dict[str, Array] = {}
    for event in reading.evidence.arrays:
        if len(event.shape) in (1, 2) and reading.blobs.has(event.digest):
            try:
                array = reading.blobs.load(event.digest)
            except EvidenceError:
                continue
            if array.dtype.kind in "iuf":
                seen[event.digest] = array
    points = [a for a in seen.values() if a.ndim == 2 and a.shape[1] == 2]
    heights = [a for a in seen.values() if a.ndim == 1 or a.shape[1] == 1]
    for where in points[:MAX_VALUES]:
        for what in [h for h in heights if len(h) == len(where)][:MAX_VALUES]:
            sample = sample_of(where, what)
            if sample is not None:
                yield where, sample


def _from_variables(
    reading: Reading, run: TrainedRun, known: list[tuple[Array, Sample]]
) -> Sample | None:
    """The sample that a run's rows are of, where variables hold it."""
    rows = reading.sample_of(run)
    if rows is None or rows.ndim != 2 or rows.shape[1] != 2:
        return None
    asked = {row.tobytes() for row in np.asarray(rows, dtype=np.float32)}
    for where, sample in known:
        if asked <= {row.tobytes() for row in np.asarray(where, dtype=np.float32)}:
            return sample
    return None
