"""Did the student compare the merged network with the adapted one, on the same rows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.evaluations import Evaluation
from graders.analysis.inputs import same_rows
from graders.analysis.merging import Merge, Target, find_merge
from graders.analysis.network import Network
from graders.analysis.reading import Reading, close
from graders.evidence.model import FunctionCall, State

Array = NDArray[Any]
SMALL = 1e-3  # a difference below this can be one of rounding


def targets_of(reading: Reading, *, seen_after: bool = False) -> tuple[Target, ...]:
    """What each adapted layer's weight has to become. `seen_after`: from W as first seen after
    the run, which is not the W before it when something moved it."""
    if reading.adapted is None:
        return ()
    _network, layers = reading.adapted
    found = []
    for layer, measured in zip(layers, reading.formulas, strict=True):
        w = reading.end_of(layer.w, seen_after=seen_after)
        a, b = reading.end_of(layer.a), reading.end_of(layer.b)
        if w is None or a is None or b is None or measured is None:
            continue
        w, a, b = (np.asarray(x, dtype=np.float64) for x in (w, a, b))
        w = w.T if layer.w_transposed else w
        a = a.T if layer.a_transposed else a
        b = b.T if layer.b_transposed else b
        found.append(Target(layer.scope, w, b @ a, measured.factor))
    return tuple(found)


def merge_of(reading: Reading) -> Merge | None:
    """The merged network, wherever it is kept; None when no weights are W + k B A."""
    if reading.tuning is None:
        return None
    after = [s for s in reading.evidence.states if s.moment > reading.tuning.run.moment]
    found = [
        find_merge(after, targets_of(reading, seen_after=late), base_size(reading), reading.blobs)
        for late in (False, True)
    ]
    return max((m for m in found if m is not None), key=lambda m: (m.exact, m.other), default=None)


def merged_by_behaviour(reading: Reading) -> State | None:
    """A state after the fine-tuning, no larger than the base, with which the base network (or
    the network drawn in that state) answers as the adapted one does."""
    run, adapted = reading.tuning, reading.adapted_predict
    base = reading.base.network if reading.base is not None else None
    sample = reading.sample_of(run) if run is not None else None
    if run is None or base is None or adapted is None or sample is None:
        return None
    wanted = adapted(sample)
    if close(wanted, reading.unadapted_predict(sample), 1e-5):
        return None  # nothing was adapted: nothing to tell a merged network by
    size = max(base_size(reading), _count_leaves(base))
    drawn = {d.graph.moment: d for d in reading.drawn if not d.adapted}
    for state in reading.evidence.states:
        if state.moment <= run.run.moment or _count(state) > size:
            continue
        answers = []
        if state.moment in drawn and len(drawn[state.moment].network.layers) == len(base.layers):
            answers.append(reading.predict_with(drawn[state.moment].network, sample))
        answers.append(reading.predict_with(base, sample, _by_name(state)))
        if any(close(answer, wanted, 1e-4) for answer in answers):
            return state
    return None


def _by_name(state: State) -> dict[str, str]:
    return {e.name: e.digest for e in state.entries}


def _count(state: State) -> int:
    return sum(int(np.prod(e.shape)) for e in state.parameters)


def _count_leaves(network: Network) -> int:
    return sum(
        int(np.prod(network.shape(v)))
        for v, leaf in network.leaves.items()
        if leaf.role == "parameter" or network.graph.values[v].requires_grad
    )


def base_size(reading: Reading) -> int:
    """Parameters of the adapted network without its A and B, or of the base, unused ones too."""
    base = reading.base
    states = [s for s in reading.evidence.states if base is not None and s.model == base.run.model]
    own = _count(states[0]) if states and base is not None and base.run.model is not None else 0
    if reading.adapted is None:
        return own
    network, layers = reading.adapted
    pairs = {v for layer in layers for v in (layer.a, layer.b)}
    used = [
        leaf
        for v, leaf in network.leaves.items()
        if v not in pairs and (leaf.role == "parameter" or network.graph.values[v].requires_grad)
    ]
    return max(own, int(sum(np.prod(network.shape(leaf.value)) for leaf in used)))


@dataclass(frozen=True)
class Check:
    """How equality was checked: "compared", "both_run", "small" (a difference shown), "weights"
    (matrices only), "itself" or "no"."""

    how: str
    cells: tuple[int, ...] = ()  # positions in the executed notebook


def equivalence_check(reading: Reading, merge: Merge | None) -> Check:
    """The best sign that adapted and merged outputs were compared."""
    if reading.tuning is None:
        return Check("no")
    since = reading.tuning.run.moment
    alike = merged_by_behaviour(reading)
    merged_states = _merged_states(reading, alike)
    later = [e for e in reading.evaluations if e.seen.moment > since]
    merged = [e for e in later if e.seen.state in merged_states]
    adapted = [e for e in later if e.seen.state not in merged_states and _is_adapted(reading, e)]
    pairs = [(a, m) for a in adapted for m in merged if _same_rows(a, m)]
    start = min((m.seen.cell for m in merged), default=None)
    if start is None and (merge is not None or alike is not None):
        start = merge.state.cell if merge is not None else alike.cell if alike else None
    calls = [
        c
        for c in reading.evidence.comparisons
        if start is not None and c.cell >= start and _is_output_like(c)
    ]
    itself: list[int] = []
    for call in calls:
        verdict = _judge(reading, call, adapted, merged)
        if verdict == "compared":
            return Check("compared", (reading.cell(call.cell),))
        if verdict == "itself":
            itself.append(reading.cell(call.cell))
    if itself:
        return Check("itself", tuple(dict.fromkeys(itself)))
    shown = [(a, m) for a, m in pairs if _says_something(reading, m.seen.cell)]
    if shown:
        _adapted, m = shown[-1]
        return Check("both_run", (reading.cell(m.seen.cell),))
    if start is not None and reading.tuning.run.model is None and _small_number(reading, start):
        return Check("small", (reading.cell(start),))
    earlier = {e.digest for s in reading.evidence.states if s.moment <= since for e in s.entries}
    weights = {e.digest for e in merge.state.entries} - earlier if merge is not None else set()
    for call in reading.evidence.comparisons:
        if weights & {ref.digest for ref in call.arrays.values()}:
            return Check("weights", (reading.cell(call.cell),))
    return Check("no")


def _merged_states(reading: Reading, alike: State | None) -> set[int]:
    """Moments of the states that hold W + k B A in at least one layer, or of `alike`, which
    makes the base network answer as the adapted one does."""
    since = reading.tuning.run.moment if reading.tuning is not None else 0
    later = [s for s in reading.evidence.states if s.moment > since]
    seen: dict[tuple[str, ...], bool] = {}
    for late in (False, True):
        targets = targets_of(reading, seen_after=late)
        for state in later:
            key = tuple(e.digest for e in state.parameters)
            if not seen.get(key):
                seen[key] = find_merge([state], targets, 10**12, reading.blobs) is not None
    if alike is not None:
        seen[tuple(e.digest for e in alike.parameters)] = True
    return {s.moment for s in later if seen[tuple(e.digest for e in s.parameters)]}


def _is_adapted(reading: Reading, evaluation: Evaluation) -> bool:
    """True when the outputs are those of the adapted network after training."""
    if reading.tuning is not None and evaluation.seen.model == reading.tuning.run.model:
        return True
    predict = reading.adapted_predict
    return (
        evaluation.inputs is not None
        and predict is not None
        and close(predict(evaluation.inputs), evaluation.outputs)
    )


def _same_rows(a: Evaluation, b: Evaluation) -> bool:
    if a.inputs is not None and b.inputs is not None and a.inputs.ndim > 1:
        return same_rows(a.inputs, b.inputs) is not None
    return a.rows == b.rows


def _is_output_like(call: FunctionCall) -> bool:
    """Two arrays with one row for each of several items."""
    a, b = call.arrays.get("a"), call.arrays.get("b")
    return a is not None and b is not None and bool(a.shape) and a.shape[0] == b.shape[0]


def _judge(
    reading: Reading,
    call: FunctionCall,
    adapted: Sequence[Evaluation],
    merged: Sequence[Evaluation],
) -> str:
    """ "compared", "itself" or "" for a comparison of two arrays."""
    a, b = call.arrays["a"], call.arrays["b"]
    if not (reading.blobs.has(a.digest) and reading.blobs.has(b.digest)):
        return ""
    first, second = reading.blobs.load(a.digest), reading.blobs.load(b.digest)
    exact = {
        who: [
            bool(_equals(x, e) for e in group) and any(_equals(x, e) for e in group)
            for x in (first, second)
        ]
        for who, group in (("adapted", adapted), ("merged", merged))
    }
    if (exact["adapted"][0] and exact["merged"][1]) or (exact["adapted"][1] and exact["merged"][0]):
        return "compared"
    outputs = exact["merged"][0] or exact["merged"][1] or exact["adapted"][0] or exact["adapted"][1]
    if a.digest == b.digest and outputs:
        return "itself"
    rows = len(first)
    both = [e for e in merged if e.rows == rows], [e for e in adapted if e.rows == rows]
    if all(both):
        # Classes of both may well be equal; but two calls of one network and none of the other
        # in the same cell are that network beside itself.
        here = [[e for e in group if e.seen.cell == call.cell] for group in both]
        alone = len(here[0]) > 1 and not here[1] and a.digest == b.digest
        return "itself" if alone else "compared"
    if not merged and _are_outputs(reading, first, second):
        return "compared" if a.digest != b.digest else "itself"
    return ""


def _equals(array: Array, evaluation: Evaluation) -> bool:
    return array.size == evaluation.outputs.size and bool(
        np.array_equal(array.reshape(-1), evaluation.outputs.reshape(-1))
    )


def _are_outputs(reading: Reading, first: Array, second: Array) -> bool:
    """For networks without a module: both arrays are answers of the adapted network."""
    predict = reading.adapted_predict
    if predict is None:
        return False
    for seen in reading.evidence.arrays:
        if len(seen.shape) == 2 and seen.shape[0] == len(first) and reading.blobs.has(seen.digest):
            answer = predict(reading.blobs.load(seen.digest))
            if close(answer, first) and close(answer, second):
                return True
    return False


def _says_something(reading: Reading, executed: int) -> bool:
    """True when a cell from this one on shows any text, or checks with an assertion."""
    index = reading.cell(executed)
    return any(
        c.index >= index
        and (any(o.text.strip() or o.picture for o in c.outputs) or "assert" in c.source)
        for c in reading.evidence.run.cells
    )


def _small_number(reading: Reading, executed: int) -> bool:
    """For networks without a module to watch: a tiny difference, shown or held, or a True."""
    index = reading.cell(executed)
    shown = any(n.cell >= index and 0 < abs(n.value) < SMALL for n in reading.shown)
    held = any(cell >= executed and 0 < abs(value) < SMALL for cell, _name, value in reading.held)
    said = any(
        c.index >= index and any("true" in o.text.lower() for o in c.outputs)
        for c in reading.evidence.run.cells
    )
    return shown or held or said
