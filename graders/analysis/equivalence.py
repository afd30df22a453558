"""Did the student compare the merged network with the adapted one, on the same rows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.agreement import HELD_TOLERANCE
from graders.analysis.evaluations import Evaluation
from graders.analysis.merging import Merge, Target, find_merge
from graders.analysis.network import Network
from graders.analysis.reading import Reading, close
from graders.analysis.runs import DrawnNetwork
from graders.evidence.model import FunctionCall, State

Array = NDArray[Any]
SMALL = 1e-2  # a difference shown below this can be one of rounding


def targets_of(reading: Reading) -> tuple[Target, ...]:
    """What each adapted layer's weight has to become."""
    if reading.adapted is None:
        return ()
    _network, layers = reading.adapted
    found = []
    for layer, measured in zip(layers, reading.formulas, strict=True):
        w, a, b = (reading.end_of(v) for v in (layer.w, layer.a, layer.b))
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
    targets = targets_of(reading)
    if not targets or reading.tuning is None:
        return None
    after = [s for s in reading.evidence.states if s.moment > reading.tuning.run.moment]
    return find_merge(after, targets, base_size(reading), reading.blobs)


def merged_by_behaviour(reading: Reading) -> DrawnNetwork | None:
    """A network of the base's size, drawn after the fine-tuning, that answers as it does."""
    run, adapted = reading.tuning, reading.adapted_predict
    base = reading.base.network if reading.base is not None else None
    if run is None or run.network is None or base is None or adapted is None:
        return None
    for drawn in reversed(reading.drawn):
        if drawn.graph.moment <= run.run.last_moment or drawn.adapted:
            continue
        network = drawn.network
        if len(network.layers) != len(base.layers) or len(network.inputs) != 1:
            continue
        state = next((s for s in reading.evidence.states if s.moment == drawn.graph.moment), None)
        if state is None or _count(state) > _count_leaves(base):
            continue
        sample = reading.blobs.load(network.leaves[network.inputs[0]].digest)
        if close(reading.predict_with(network, sample), adapted(sample), 1e-4):
            return drawn
    return None


def _count(state: State) -> int:
    return sum(int(np.prod(e.shape)) for e in state.parameters)


def _count_leaves(network: Network) -> int:
    return sum(
        int(np.prod(network.shape(v)))
        for v, leaf in network.leaves.items()
        if leaf.role == "parameter" or network.graph.values[v].requires_grad
    )


def base_size(reading: Reading) -> int:
    """Parameters of the adapted network without its A and B."""
    if reading.adapted is None:
        return 0
    network, layers = reading.adapted
    pairs = {v for layer in layers for v in (layer.a, layer.b)}
    used = [
        leaf
        for v, leaf in network.leaves.items()
        if v not in pairs and (leaf.role == "parameter" or network.graph.values[v].requires_grad)
    ]
    return int(sum(np.prod(network.shape(leaf.value)) for leaf in used))


@dataclass(frozen=True)
class Check:
    """How equality was checked: "compared", "both_run", "figures", "small", "itself" or "no"."""

    how: str
    cells: tuple[int, ...] = ()  # positions in the executed notebook


def equivalence_check(reading: Reading, merge: Merge | None) -> Check:
    """The best sign that adapted and merged outputs were compared."""
    if reading.tuning is None:
        return Check("no")
    since = reading.tuning.run.moment
    merged_states = _merged_states(reading, targets_of(reading))
    later = [e for e in reading.evaluations if e.seen.moment > since]
    merged = [e for e in later if e.seen.state in merged_states]
    adapted = [e for e in later if e.seen.state not in merged_states and _is_adapted(reading, e)]
    pairs = [(a, m) for a in adapted for m in merged if _same_rows(a, m)]
    start = min((m.seen.cell for m in merged), default=None)
    if merge is not None and start is None:
        start = merge.state.cell
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
    if start is not None and _small_number(reading, start):
        return Check("small", (reading.cell(start),))
    return Check("no")


def _merged_states(reading: Reading, targets: Sequence[Target]) -> set[int]:
    """Moments of the states that hold W + k B A in at least one layer."""
    since = reading.tuning.run.moment if reading.tuning is not None else 0
    look = partial(find_merge, targets=targets, base_parameters=10**12, blobs=reading.blobs)
    seen: dict[tuple[str, ...], bool] = {}

    def is_merged(state: State) -> bool:
        key = tuple(e.digest for e in state.parameters)
        if key not in seen:
            seen[key] = look([state]) is not None
        return seen[key]

    found = {s.moment for s in reading.evidence.states if s.moment > since and is_merged(s)}
    alike = merged_by_behaviour(reading)
    if alike is not None:
        weights = {s.moment: tuple(e.digest for e in s.parameters) for s in reading.evidence.states}
        found |= {
            m for m, w in weights.items() if m > since and w == weights.get(alike.graph.moment)
        }
    return found


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
    if a.inputs is not None and b.inputs is not None:
        return a.inputs.shape == b.inputs.shape and bool(
            np.array_equal(a.inputs, b.inputs, equal_nan=True)
        )
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
    if any(e.rows == rows for e in merged) and any(e.rows == rows for e in adapted):
        return "compared" if a.digest != b.digest else "itself"
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
    """A tiny difference, shown or held: what is left when two results are the same."""
    index = reading.cell(executed)
    shown = any(
        n.cell >= index and 0 <= abs(n.value) < SMALL and n.tolerance < SMALL for n in reading.shown
    )
    held = any(
        cell >= executed and HELD_TOLERANCE * 0 < abs(value) < SMALL
        for cell, _name, value in reading.held
    )
    said = any(
        c.index >= index and any("true" in o.text.lower() for o in c.outputs)
        for c in reading.evidence.run.cells
    )
    return shown or held or said
