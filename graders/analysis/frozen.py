"""Did the base network stay as it was while the adapted one was trained?"""

from __future__ import annotations

import numpy as np

from graders.analysis.equivalence import targets_of
from graders.analysis.inherited import stranger, trained_contents
from graders.analysis.merging import folded_factor
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.statement import Answer
from graders.analysis.weights import Move, content_after, content_at, moves
from graders.evidence.arrays import EvidenceError
from graders.language import _, ngettext

ROUNDING = 1e-5  # relative to a tensor's largest entry
FULL = 1e-3  # of the largest singular value: smaller ones are rounding


def frozen(reading: Reading, *, running_statistics: bool) -> Answer:
    """Whether every tensor of the base stayed bit-identical through the fine-tuning."""
    run = reading.tuning
    if run is None:
        return _frozen_untrained(reading)
    cells = (reading.cell(run.run.cell),)
    base_uids, buffer_uids = _base_tensors(reading, run)
    if not base_uids and run.network is not None:
        return Answer(None, _("the base network's tensors could not be followed"), cells)
    begun = _begun_with(reading, run)
    moved = tuple(
        m
        for m in moves(reading.evidence, base_uids, run.run.moment, run.run.last_moment, begun)
        if not _is_merge(reading, m)
    )
    # A state is written only when something changed: seen before and not after is unchanged.
    followed = [u for u in base_uids if _was_seen(reading, u, run)]
    reached = {r.uid: r for r in run.run.reached}
    directly = [u for u in base_uids if u in reached and reached[u].start != reached[u].end]
    if base_uids and not followed and not directly:
        return Answer(None, _("the base network's tensors could not be followed"), cells)
    statistics = [
        m
        for m in moves(reading.evidence, buffer_uids, run.run.moment, run.run.last_moment)
        if "num_batches" not in m.name
    ]
    count = max(len(moved), len(directly))
    if count:
        words = ngettext(
            "{n} of {total} tensors of the base changed: {names}",
            "{n} of {total} tensors of the base changed: {names}",
            count,
        ).format(n=count, total=len(base_uids), names=_names(moved))
        return Answer(False, words + _flags(run, base_uids), cells)
    if statistics and running_statistics:
        words = _(
            "the weights are identical, but running statistics of normalisation layers moved: "
            "{names}"
        ).format(names=_names(tuple(statistics)))
        return Answer(False, words, cells)
    back = _put_back(reading, run, base_uids)
    if back is not None:
        return Answer(back.holds, back.words + _flags(run, base_uids), cells)
    words = _("{n} tensors of the base are bit-identical before and after").format(n=len(base_uids))
    strange = stranger(reading)
    if strange:
        return Answer(None, f"{strange}; {words}", cells)
    return Answer(True, words + _flags(run, base_uids), cells)


def _put_back(reading: Reading, run: TrainedRun, base_uids: tuple[int, ...]) -> Answer | None:
    """Tensors that are the same before and after, and were something else at a step between;
    None when there are none."""
    free: dict[int, set[str]] = {}  # contents at looks at which they might move
    still: dict[int, set[str]] = {}  # and at which they might not
    for sample in run.run.samples:
        for p in sample.parameters:
            if p.uid in base_uids and p.digest is not None:
                (free if p.requires_grad else still).setdefault(p.uid, set()).add(p.digest)
    reached = {r.uid for r in run.run.reached}
    trained = {uid for uid, contents in free.items() if len(contents) > 1 and uid in reached}
    moved = {uid for uid, contents in still.items() if _unexplained(reading, contents)}
    if not trained and not moved:
        return None
    words = _("{n} of {total} tensors of the base changed during the training and were put back")
    return Answer(
        False if trained else None, words.format(n=len(trained | moved), total=len(base_uids))
    )


def _unexplained(reading: Reading, contents: set[str]) -> bool:
    """True when contents of one tensor differ by more than an adapter that is folded in to
    evaluate and taken out again: a change of low rank, and another last digit."""
    try:
        arrays = [reading.blobs.load(d).astype(np.float64) for d in sorted(contents)]
    except EvidenceError:
        return False
    rank = max((r for _out, _into, r in reading.dimensions()), default=0)
    for other in arrays[1:]:
        change = other - arrays[0]
        if np.abs(change).max(initial=0.0) <= ROUNDING * np.abs(arrays[0]).max(initial=0.0):
            continue
        if change.ndim != 2:
            return True
        if min(change.shape) <= 2 * rank:
            continue  # every change is of low rank
        sizes = np.linalg.svd(change, compute_uv=False)
        if sizes[2 * rank] > FULL * sizes[0]:  # of two different pairs A, B
            return True
    return False


def _frozen_untrained(reading: Reading) -> Answer:
    """Adapters that were added and never trained: the flags are all there is to see."""
    if reading.adapted is None:
        return Answer(False, _("no fine-tuning was seen after the training of the base network"))
    network, layers = reading.adapted
    pairs = {v for x in layers for v in (x.a, x.b)}
    ours = [v for v, leaf in network.leaves.items() if leaf.role == "parameter" and v not in pairs]
    free = sum(network.graph.values[v].requires_grad for v in ours)
    words = _(
        "the adapted network was never trained; {free} of {total} tensors of the base have "
        "requires_grad=True"
    ).format(free=free, total=len(ours))
    return Answer(free == 0, words, reading.adapted_cells)


def _names(moved: tuple[Move, ...]) -> str:
    return ", ".join(m.name for m in moved[:4]) + (" …" if len(moved) > 4 else "")


def _flags(run: TrainedRun, base_uids: tuple[int, ...]) -> str:
    """What the notebook did to freeze them: flag, optimizer."""
    looks = [[p for p in s.parameters if p.uid in base_uids] for s in run.run.samples]
    ours = max(looks, key=lambda seen: sum(p.in_optimizer for p in seen), default=[])
    if not ours:
        return ""
    flagged = sum(not p.requires_grad for p in ours)
    stepped = sum(p.in_optimizer for p in ours)
    return "; " + _(
        "requires_grad=False in {flagged} of {total}, {stepped} of them given to the optimizer"
    ).format(flagged=flagged, total=len(ours), stepped=stepped)


def _base_tensors(reading: Reading, run: TrainedRun) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Identities of the base's parameters and buffers that take part in the fine-tuning: those
    that begin it with a content the base network had, else those that began it frozen."""
    if run.network is None:
        return (), ()
    parameters: dict[int, bool] = {}
    buffers: list[int] = []
    known = trained_contents(reading)
    starts = {r.uid: r.start for r in run.run.reached}
    for value, leaf in run.network.leaves.items():
        if leaf.uid in run.pair_uids or value in run.network.inputs:
            continue
        entry = content_at(reading.evidence, leaf.uid, run.run.moment)
        content = starts.get(leaf.uid) or (entry.digest if entry is not None else leaf.digest)
        ours = content in known
        if leaf.role == "buffer":
            buffers.append(leaf.uid)
        elif ours or leaf.role == "parameter" or run.network.graph.values[value].requires_grad:
            parameters[leaf.uid] = ours
    # W of an adapted layer is to stay fixed, also where it is not the base's to the last bit.
    carrying = {run.network.leaves[x.w].uid for x in run.adapted}
    if any(parameters.values()):
        found = (u for u, ours in parameters.items() if ours or u in carrying)
        return tuple(found), tuple(buffers)
    return tuple(u for u in parameters if u not in starts), tuple(buffers)


def _was_seen(reading: Reading, uid: int, run: TrainedRun) -> bool:
    """True when a tensor was looked at before the run, or after it."""
    seen = reading.evidence
    return (
        content_at(seen, uid, run.run.moment) is not None
        or content_after(seen, uid, run.run.last_moment) is not None
    )


def _begun_with(reading: Reading, run: TrainedRun) -> dict[int, str]:
    """Contents on the run's tape, for tensors that no variable held before the run."""
    if run.network is None:
        return {}
    return {leaf.uid: leaf.digest for leaf in run.network.leaves.values()}


def _is_merge(reading: Reading, move: Move) -> bool:
    """True when the change is the adapter folded in, right after the run and in place."""
    return any(
        folded_factor(move.after, target, reading.blobs) is not None
        for target in targets_of(reading)
    )
