"""Is the low-rank adaptation what was asked for? Answers for each part of the exercise."""

from __future__ import annotations

import numpy as np

from graders.analysis.adapters import CarriedPair, plain_layers, shapes_fit
from graders.analysis.equivalence import (
    equivalence_check,
    merge_of,
    merged_by_behaviour,
    targets_of,
)
from graders.analysis.learning import trained
from graders.analysis.merging import folded_factor
from graders.analysis.reading import Reading
from graders.analysis.runs import TrainedRun
from graders.analysis.statement import Answer
from graders.analysis.weights import Move, content_after, content_at, moves
from graders.language import _, ngettext


def _where(reading: Reading) -> tuple[int, ...]:
    """The cell in which the adapted network was first seen, and the one that trained it."""
    if reading.adapted is not None:
        model = reading.adapted[0].graph.model
    elif reading.adaptation is not None:
        model = reading.adaptation.run.model
    else:
        return ()
    seen = next((m for m in reading.evidence.models if m.uid == model), None)
    cells = [seen.cell] if seen is not None and model is not None else []
    if reading.adaptation is not None:
        cells.append(reading.adaptation.run.cell)
    return tuple(dict.fromkeys(reading.cell(c) for c in cells))


def _none() -> str:
    return _("no linear layer with a trainable low-rank pair A, B was seen")


# -- a) frozen ------------------------------------------------------------------------------
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
    words = _("{n} tensors of the base are bit-identical before and after").format(n=len(base_uids))
    return Answer(True, words + _flags(run, base_uids), cells)


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
    return Answer(free == 0, words, _where(reading))


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
    known = _base_contents(reading)
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
    if any(parameters.values()):
        return tuple(u for u, ours in parameters.items() if ours), tuple(buffers)
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


def _base_contents(reading: Reading) -> set[str]:
    """Contents that the base network's tensors had after its training began."""
    base = reading.base
    if base is None:
        return set()
    ours = {r.uid for r in base.run.reached}
    found = {r.end for r in base.run.reached}
    for state in reading.evidence.states:
        if state.moment > base.run.moment:
            found.update(e.digest for e in state.entries if e.uid in ours)
    return found


# -- b) the adapter -------------------------------------------------------------------------
def shapes(reading: Reading) -> Answer:
    """Whether pairs A, B were found whose product has the form of W."""
    carried = _carried(reading)
    if reading.adapted is None and carried:
        words = _(
            "{n} pairs A, B with the form of a frozen W, the first r={r} for {out}×{into}"
        ).format(n=len(carried), r=carried[0].rank, out=carried[0].out, into=carried[0].into)
        return Answer(True, words, _where(reading))
    if reading.adapted is None:
        return Answer(False, _none())
    network, layers = reading.adapted
    wrong = [x for x in layers if not shapes_fit(network, x)]
    examples = "; ".join(
        _("{name}: W {out}×{into}, A {r}×{into}, B {out}×{r}").format(
            name=x.scope or f"#{i + 1}", out=o, into=n, r=r
        )
        for i, (x, (o, n, r)) in enumerate(zip(layers[:3], reading.dimensions(), strict=False))
    )
    words = ngettext(
        "{n} adapted layer: {examples}", "{n} adapted layers: {examples}", len(layers)
    ).format(n=len(layers), examples=examples + (" …" if len(layers) > 3 else ""))
    return Answer(not wrong, words, _where(reading))


def _carried(reading: Reading) -> tuple[CarriedPair, ...]:
    """Pairs beside frozen matrices when the network's output does not use them as asked."""
    return reading.adaptation.carried if reading.adaptation is not None else ()


def low_rank(reading: Reading) -> Answer:
    """Whether r is small beside the layers that leave room for it."""
    sizes = reading.dimensions() or tuple((c.out, c.into, c.rank) for c in _carried(reading))
    if not sizes:
        return Answer(False, _none())
    roomy = [d for d in sizes if min(d[0], d[1]) > 4] or list(sizes)
    words = _("r = {ranks}; smaller dimension of the layers {dims}").format(
        ranks=", ".join(str(r) for r in sorted({d[2] for d in sizes})),
        dims=", ".join(str(m) for m in sorted({min(d[0], d[1]) for d in sizes})),
    )
    narrow = all(min(out, into) <= 4 for out, into, _r in roomy)
    shares = [r / (max(out, into) if narrow else min(out, into)) for out, into, r in roomy]
    if all(s <= 0.5 for s in shares):
        return Answer(True, words, _where(reading))
    if any(s >= 1 for s in shares):
        return Answer(False, words, _where(reading))
    return Answer(None, words, _where(reading))


def initial_values(reading: Reading) -> Answer:
    """Whether A was random and B zero before the first step."""
    pairs = reading.pairs_at_start
    if not pairs:
        return Answer(False, _none())
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    b_filled = sum(bool(np.any(b != 0)) for _a, b in known)
    a_zero = sum(not np.any(a != 0) for a, _b in known)
    same = sum(
        a.size > 1 and bool(np.any(a != 0)) and bool(np.all(a == a.flat[0])) for a, _b in known
    )
    cells = _where(reading)
    if not known:
        return Answer(None, _("the values before the first step were not recorded"), cells)
    faults = []
    if b_filled:
        faults.append(_("B is not zero in {n} layers").format(n=b_filled))
    if a_zero:
        faults.append(_("A is zero in {n} layers").format(n=a_zero))
    if same:
        faults.append(_("A is constant, not random, in {n} layers").format(n=same))
    if faults:
        return Answer(False, "; ".join(faults), cells)
    return Answer(True, _("A random and B = 0 in all {n} layers").format(n=len(known)), cells)


def follows_formula(reading: Reading) -> Answer:
    """Whether each adapted layer computes (W + c B A) x + b with c other than 0."""
    if reading.adapted is None and _carried(reading):
        words = _("A and B are there, but what the network computes is not (W + α·B·A)·x + b")
        return Answer(False, words, _where(reading))
    if reading.adapted is None:
        return Answer(False, _none())
    _network, layers = reading.adapted
    wrong = [x.scope for x, f in zip(layers, reading.formulas, strict=True) if f and not f.holds]
    idle = [
        x.scope
        for x, f in zip(layers, reading.formulas, strict=True)
        if f and f.holds and abs(f.factor) < 1e-9
    ]
    unknown = sum(f is None for f in reading.formulas)
    cells = _where(reading)
    if wrong:
        return Answer(
            False,
            _("the formula does not hold in {n} layers: {names}").format(
                n=len(wrong), names=", ".join(wrong[:4])
            ),
            cells,
        )
    if idle:
        return Answer(
            False,
            _("B·A adds nothing in {n} layers: {names}").format(
                n=len(idle), names=", ".join(idle[:4])
            ),
            cells,
        )
    if reading.disturbs_base:
        words = _("with B = 0 the adapted network does not answer as the base network does")
        return Answer(False, words, cells)
    if unknown:
        return Answer(None, _("{n} layers could not be computed again").format(n=unknown), cells)
    return Answer(
        True, _("computed again on random values: exact in {n} layers").format(n=len(layers)), cells
    )


def gradients(reading: Reading) -> Answer:
    """Whether A and B, and nothing else, had gradients in the adaptation."""
    run = reading.adaptation
    if run is None or run.network is None:
        return Answer(False, _none())
    cells = (reading.cell(run.run.cell),)
    pairs = run.pair_uids
    reached = {r.uid for r in run.run.reached}
    names = {e.uid: e.name for s in reading.evidence.states for e in s.entries}
    ranks = {rank for _out, _into, rank in reading.dimensions()}
    # Adapters of a block that the taped iteration skipped at random are adapters too.
    shapes_of = {r.uid: r.shape for r in run.run.reached}
    others = [
        u
        for u in reached
        if u not in pairs and not (len(shapes_of[u]) == 2 and set(shapes_of[u]) & ranks)
    ]
    without = [u for u in pairs if u not in reached]
    if others:
        listed = ", ".join(names.get(u, f"#{u}") for u in others[:5])
        return Answer(
            False,
            _("{n} other tensors have gradients: {names}").format(n=len(others), names=listed),
            cells,
        )
    if without:
        return Answer(
            False,
            _("{n} of {total} adapter matrices have no gradient").format(
                n=len(without), total=len(pairs)
            ),
            cells,
        )
    return Answer(
        True, _("{n} matrices A and B have gradients, nothing else has").format(n=len(pairs)), cells
    )


def alpha(reading: Reading, low: float, high: float) -> Answer:
    """Whether the factor of B A, as measured, lies in the range."""
    if reading.adapted is None and _carried(reading):
        return Answer(None, _("the factor could not be measured"), _where(reading))
    if reading.adapted is None:
        return Answer(False, _none())
    factors = sorted({round(f.factor, 6) for f in reading.formulas if f is not None})
    cells = _where(reading)
    if not factors:
        return Answer(None, _("the factor could not be measured"), cells)
    words = _("α = {values} (measured)").format(values=", ".join(f"{f:g}" for f in factors[:6]))
    return Answer(all(low < f <= high for f in factors), words, cells)


def every_layer(reading: Reading) -> Answer:
    """Whether no linear layer of the network goes without an adapter."""
    carried, run = _carried(reading), reading.adaptation
    if reading.adapted is None and carried and run is not None and run.network is not None:
        total = len(reading.built.layers) if reading.built is not None else len(carried)
        words = _("{n} of {total} linear layers carry an adapter").format(
            n=len(carried), total=total
        )
        return Answer(len(carried) >= total, words, _where(reading))
    if reading.adapted is None:
        return Answer(False, _none())
    network, layers = reading.adapted
    plain = plain_layers(network, layers)
    words = _("{n} of {total} linear layers carry an adapter").format(
        n=len(layers), total=len(layers) + len(plain)
    )
    if plain:
        names = ", ".join(network.scope(p.out) or "?" for p in plain[:5])
        words += "; " + _("without: {names}").format(names=names)
    return Answer(not plain, words, _where(reading))


# -- c) training ----------------------------------------------------------------------------
def trained_on_extra(reading: Reading) -> Answer:
    """Whether the adapted network was trained on the new data."""
    run = reading.tuning
    if run is None:
        return Answer(False, _("no adapted network was trained"))
    answer = trained(reading, run, role="extra")
    pairs = run.pair_uids
    if not pairs or not answer.holds:
        return answer
    moved = sum(r.start != r.end for r in run.run.reached if r.uid in pairs)
    words = _("{moved} of {total} adapter matrices moved").format(moved=moved, total=len(pairs))
    if moved < len(pairs) / 2:
        return Answer(False, words, answer.cells)
    return Answer(True, answer.words + "; " + words, answer.cells)


# -- e) merge -------------------------------------------------------------------------------
def merged(reading: Reading) -> Answer:
    """Whether a network of the base's size that answers as the adapted one was made."""
    if reading.tuning is None:
        return Answer(False, _("no adapted network was trained"))
    alike = merged_by_behaviour(reading)
    targets = targets_of(reading)
    merge = merge_of(reading)
    if merge is not None and merge.exact == merge.total and not merge.spare:
        words = _("{n} layers hold W + α·B·A in one matrix, nothing else is left").format(
            n=merge.total
        )
        return Answer(True, words, (reading.cell(merge.state.cell),))
    if alike is not None:
        words = _("a network of the base's size answers as the adapted one does")
        return Answer(True, words, (reading.cell(alike.cell),))
    if targets and all(not np.any(t.product) for t in targets):
        return Answer(None, _("the adapters ended at zero: nothing to tell a merged network by"))
    if merge is None:
        return Answer(False, _("no weights equal to W + α·B·A were found after the adaptation"))
    cells = (reading.cell(merge.state.cell),)
    if merge.exact < merge.total:
        words = _("{n} of {total} layers hold W + α·B·A").format(n=merge.exact, total=merge.total)
        if merge.other:
            words += "; " + _("{n} hold W + {k:.3g}·B·A, not α = {alpha:.3g}").format(
                n=merge.other, k=merge.factor, alpha=targets[0].factor
            )
        return Answer(False, words, cells)
    words = _("the merged network still carries other matrices: {names}").format(
        names=", ".join(e.name for e in merge.spare[:4])
    )
    return Answer(False, words, cells)


def equivalence(reading: Reading) -> Answer:
    """Whether adapted and merged results were compared."""
    if reading.tuning is None:
        return Answer(False, _("no adapted network was trained"))
    check = equivalence_check(reading, merge_of(reading))
    words = {
        "compared": _("the outputs of both networks were compared"),
        "both_run": _("both networks predicted the same rows and the result is shown"),
        "weights": _("only weights were compared, not what the networks answer"),
        "small": _("a difference between both is shown"),
        "itself": _("what was compared is one network with itself"),
        "no": _("no comparison of the adapted and the merged network was seen"),
    }[check.how]
    holds = None if check.how == "weights" else check.how not in ("itself", "no")
    return Answer(holds, words, check.cells)
