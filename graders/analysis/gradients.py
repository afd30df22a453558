"""Which tensors had gradients in the adaptation: A and B, and nothing else?"""

from __future__ import annotations

from graders.analysis.inherited import trained_contents
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _


def gradients(reading: Reading) -> Answer:
    """Whether A and B, and nothing else, had gradients in the adaptation."""
    run = reading.adaptation
    if run is None or run.network is None:
        return Answer(False, _("no linear layer with a trainable low-rank pair A, B was seen"))
    cells = (reading.cell(run.run.cell),)
    pairs = run.pair_uids
    reached = {r.uid for r in run.run.reached}
    names = {e.uid: e.name for s in reading.evidence.states for e in s.entries}
    ranks = {rank for _out, _into, rank in reading.dimensions()}
    # Adapters of a block that the taped iteration skipped at random are adapters too.
    trained_before = trained_contents(reading)
    carrying = {run.network.leaves[x.w].uid for x in run.adapted}
    others = [
        r.uid
        for r in run.run.reached
        if r.uid not in pairs
        and not (
            len(r.shape) == 2
            and set(r.shape) & ranks
            and r.uid not in carrying
            and r.start not in trained_before
        )
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
