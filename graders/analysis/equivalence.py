"""Did the student compare the merged network with the adapted one, on the same rows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.alike import close
from graders.analysis.evaluations import Evaluation, comes_from
from graders.analysis.inputs import same_rows
from graders.analysis.looked_at import looked_at, small_number
from graders.analysis.merging import Merge, Target, find_merge
from graders.analysis.network import Network
from graders.analysis.predictions import as_labels, score_of
from graders.analysis.reading import Reading
from graders.evidence.model import FunctionCall, State

Array = NDArray[Any]
NEARER = 0.1  # how much nearer to the adapted answers than to the others merged ones lie
ALIKE = 0.999  # rank correlation of a network's outputs and of what was made of them


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
    wanted, without = adapted(sample), reading.unadapted_predict(sample)
    if close(wanted, without, 1e-5):
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
        if any(_is_merged(answer, wanted, without) for answer in answers):
            return state
    return None


def _is_merged(answer: Array | None, wanted: Array, without: Array | None) -> bool:
    """Are the answers the adapted network's, and clearly not those it gives without A and B?"""
    if answer is None or not close(answer, wanted, 1e-4):
        return False
    if without is None or without.size != wanted.size:
        return True
    flat = np.asarray(answer, dtype=np.float64).reshape(-1)
    far, near = (np.abs(flat - x.reshape(-1)).max() for x in (without, wanted))
    return bool(near <= NEARER * far)


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
    """How equality was checked: "compared", "different" (and they were not equal), "both_run"
    (figures or answers of the merged one shown), "small" (a difference shown), "unseen" (both ran,
    and nothing of it is seen), "weights" (matrices only), "itself" or "no"."""

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
    found: dict[str, list[int]] = {"compared": [], "different": [], "itself": [], "strange": []}
    for call in calls:
        verdict = _judge(reading, call, adapted, merged)
        if verdict == "compared" and call.result is False and alike is None:
            verdict = "different"
        if verdict:
            found[verdict].append(reading.cell(call.cell))
    for how, cells in found.items():
        if cells:
            how = "unseen" if how == "strange" else how
            return Check(how, tuple(dict.fromkeys(cells)))
    if pairs:
        looked = [m for _a, m in pairs if looked_at(reading, m)]
        seen = (looked or [m for _a, m in pairs])[-1].seen
        return Check("both_run" if looked else "unseen", (reading.cell(seen.cell),))
    if start is not None and reading.tuning.run.model is None and small_number(reading, start):
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
    """ "compared", "itself", "strange" or "" for a comparison of two arrays."""
    a, b = call.arrays["a"], call.arrays["b"]
    if not (reading.blobs.has(a.digest) and reading.blobs.has(b.digest)):
        return ""
    first, second = reading.blobs.load(a.digest), reading.blobs.load(b.digest)
    groups = (adapted, merged)
    exact = [[any(_equals(x, e) for e in group) for x in (first, second)] for group in groups]
    if (exact[0][0] and exact[1][1]) or (exact[0][1] and exact[1][0]):
        return "compared"
    whole = [exact[0][k] or exact[1][k] for k in (0, 1)]
    if a.digest == b.digest and any(whole):
        return "itself"
    if whole[0] != whole[1]:
        return "strange"  # one is what a network answered, the other is not what any did
    made = [[any(_made_of(x, e) for e in group) for x in (first, second)] for group in groups]
    if (made[0][0] and made[1][1]) or (made[0][1] and made[1][0]):
        # Classes of both may well be equal; but two calls of one network and none of the other
        # in the same cell are that network beside itself.
        rows = len(first)
        here = [[e for e in g if e.rows == rows and e.seen.cell == call.cell] for g in groups]
        alone = len(here[1]) > 1 and not here[0] and a.digest == b.digest
        return "itself" if alone else "compared"
    if not merged and _are_outputs(reading, first, second):
        return "compared" if a.digest != b.digest else "itself"
    return ""


def _equals(array: Array, evaluation: Evaluation) -> bool:
    return array.size == evaluation.outputs.size and bool(
        np.array_equal(array.reshape(-1), evaluation.outputs.reshape(-1))
    )


def _made_of(array: Array, evaluation: Evaluation) -> bool:
    """Is it made of the outputs row by row: classes, probabilities, a column of them?"""
    outputs = evaluation.outputs
    if len(array) != len(outputs):
        return False
    if array.size == outputs.size and array.size > len(array):
        x, y = (np.asarray(v, dtype=np.float64).reshape(-1) for v in (array, outputs))
        return bool(np.isfinite(x).all()) and _correlation(x, y) > ALIKE
    labels = as_labels(array) if array.size == len(array) else None
    if labels is not None:
        return comes_from(labels, outputs)
    first, second = score_of(array), score_of(outputs)
    if first is None or second is None:
        return False
    return abs(_correlation(first, second)) > ALIKE


def _correlation(x: Array, y: Array) -> float:
    """Of the ranks; 0 for constant values."""
    if min(x.std(), y.std()) == 0 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return 0.0
    ranks = [v.argsort(kind="stable").argsort(kind="stable").astype(float) for v in (x, y)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


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
