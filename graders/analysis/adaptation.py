"""Is the low-rank adaptation what was asked for? Answers for each part of the exercise."""

from __future__ import annotations

import numpy as np

from graders.analysis.adapters import CarriedPair, plain_layers, shapes_fit
from graders.analysis.equivalence import (
    base_size,
    equivalence_check,
    merge_of,
    merged_by_behaviour,
    targets_of,
)
from graders.analysis.idle import filled_after_start, idle_layers, left_out_in_evaluation
from graders.analysis.inherited import bare_matrices, stranger
from graders.analysis.learning import trained
from graders.analysis.merging import Merge, Target
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _, ngettext

ROUNDING = 1e-6  # relative; a few units in the last place of a float32


def _none() -> str:
    return _("no linear layer with a trainable low-rank pair A, B was seen")


# -- b) the adapter -------------------------------------------------------------------------
def shapes(reading: Reading) -> Answer:
    """Whether pairs A, B were found whose product has the form of W."""
    carried = _carried(reading)
    if reading.adapted is None and carried:
        words = _(
            "{n} pairs A, B with the form of a frozen W, the first r={r} for {out}×{into}"
        ).format(n=len(carried), r=carried[0].rank, out=carried[0].out, into=carried[0].into)
        return Answer(True, words, reading.adapted_cells)
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
    return Answer(not wrong, words, reading.adapted_cells)


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
        return Answer(True, words, reading.adapted_cells)
    if any(s >= 1 for s in shares):
        return Answer(False, words, reading.adapted_cells)
    return Answer(None, words, reading.adapted_cells)


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
    cells = reading.adapted_cells
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
    if filled_after_start(reading):
        words = _("B is zero before the first step, and after it larger than a step makes it")
        return Answer(None, words, cells)
    return Answer(True, _("A random and B = 0 in all {n} layers").format(n=len(known)), cells)


def follows_formula(reading: Reading) -> Answer:
    """Whether each adapted layer computes (W + c B A) x + b with c other than 0."""
    if reading.adapted is None and _carried(reading):
        words = _("A and B are there, but what the network computes is not (W + α·B·A)·x + b")
        return Answer(False, words, reading.adapted_cells)
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
    cells = reading.adapted_cells
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
    silent = idle_layers(reading)
    if silent:
        words = _("whatever B holds, the network answers the same: {names}")
        return Answer(None, words.format(names=", ".join(silent[:4])), cells)
    if left_out_in_evaluation(reading):
        return Answer(None, _("in evaluation mode the adapters are left out"), cells)
    return Answer(
        True, _("computed again on random values: exact in {n} layers").format(n=len(layers)), cells
    )


def alpha(reading: Reading, low: float, high: float) -> Answer:
    """Whether the factor of B A, as measured, lies in the range."""
    if reading.adapted is None and _carried(reading):
        return Answer(None, _("the factor could not be measured"), reading.adapted_cells)
    if reading.adapted is None:
        return Answer(False, _none())
    factors = sorted({round(f.factor, 6) for f in reading.formulas if f is not None})
    cells = reading.adapted_cells
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
        return Answer(len(carried) >= total, words, reading.adapted_cells)
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
        return Answer(False, words, reading.adapted_cells)
    bare = bare_matrices(reading)
    if bare:
        words += "; " + ngettext(
            "{n} more matrix of the base's layers is used without one",
            "{n} more matrices of the base's layers are used without one",
            bare,
        ).format(n=bare)
        return Answer(None, words, reading.adapted_cells)
    strange = stranger(reading)
    if strange:
        return Answer(None, f"{strange}; {words}", reading.adapted_cells)
    return Answer(True, words, reading.adapted_cells)


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
    whole = merge is not None and merge.exact == merge.total and not merge.spare
    if merge is not None and whole and alike is None and _lacks_tensors(reading, merge):
        words = _(
            "{n} matrices W + α·B·A were computed, but no network that holds them was seen"
        ).format(n=merge.total)
        return Answer(None, words, (reading.cell(merge.state.cell),))
    if merge is not None and whole:
        words = _("{n} layers hold W + α·B·A in one matrix, nothing else is left").format(
            n=merge.total
        )
        return Answer(True, words, (reading.cell(merge.state.cell),))
    if alike is not None:
        words = _("a network of the base's size answers as the adapted one does")
        return Answer(True, words, (reading.cell(alike.cell),))
    if targets and all(_lost_in_rounding(t) for t in targets):
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


def _lost_in_rounding(target: Target) -> bool:
    """True when adding B A leaves single-precision weights as good as they were."""
    added = abs(target.factor) * float(np.abs(target.product).max(initial=0.0))
    return added <= ROUNDING * float(np.abs(target.w).max(initial=0.0))


def _lacks_tensors(reading: Reading, merge: Merge) -> bool:
    """True when the state that holds the merged matrices is not a module and lacks the rest of
    the base network (its biases)."""
    kinds = {m.uid: m.kind for m in reading.evidence.models}
    held = sum(int(np.prod(e.shape)) for e in merge.state.parameters)
    return kinds.get(merge.state.model) != "module" and held < base_size(reading)


def equivalence(reading: Reading) -> Answer:
    """Whether adapted and merged results were compared."""
    if reading.tuning is None:
        return Answer(False, _("no adapted network was trained"))
    check = equivalence_check(reading, merge_of(reading))
    words = {
        "compared": _("the outputs of both networks were compared"),
        "different": _("the outputs of both networks were compared, and they are not equal"),
        "both_run": _("both networks predicted the same rows and the result is shown"),
        "unseen": _(
            "both networks predicted the same rows, but nothing shows that it was looked at"
        ),
        "weights": _("only weights were compared, not what the networks answer"),
        "small": _("a difference between both is shown"),
        "itself": _("what was compared is one network with itself"),
        "no": _("no comparison of the adapted and the merged network was seen"),
    }[check.how]
    doubtful = check.how in ("weights", "different", "unseen")
    holds = None if doubtful else check.how not in ("itself", "no")
    return Answer(holds, words, check.cells)
