"""Was the memory of a training with a frozen backbone brought down to what it needs?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graders.analysis.fine_tunings import FineTuning, Stage
from graders.analysis.memory import kept, needed
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.language import _

MIB = 2**20
LITTLE = 0.05  # of what the frozen part would hold: one layer's worth is none


@dataclass(frozen=True)
class Use:
    """Bytes of activations for a batch: held for the way back, the least that would do, and what
    it would be if everything was trained. `flagged` when an eager tape of TensorFlow holds the
    activations of layers whose flags say that they are frozen."""

    rows: int
    held: int
    least: int
    most: int
    flagged: bool

    @property
    def too_much(self) -> int:
        return self.held - self.least


def optimised(reading: Reading, tuning: FineTuning) -> Answer:
    """Whether nothing was kept of the frozen part's activations while the new layers were trained:
    its features computed once, or its part of the network not differentiated."""
    cells = tuple(reading.cell(c) for c in tuning.cells)
    uses = list(_uses(reading, tuning))
    if not uses:
        backbone = tuning.last.backbone
        if backbone.apart and backbone.sure and not any(p.grad for p in backbone.passes):
            words = _(
                "the backbone's features are computed apart from the training, without gradients"
            )
            return Answer(True, words, cells)
        return Answer(None, _("no iteration of the training was seen from within"), cells)
    use = max(uses, key=lambda u: u.too_much)
    words = _(
        "for a batch of {rows} rows {held} MiB of activations are kept for the backward pass; the "
        "new layers need {least} MiB"
    ).format(rows=use.rows, held=_mib(use.held), least=_mib(use.least))
    if use.too_much <= LITTLE * max(use.most - use.least, 1):
        if tuning.last.backbone.apart:
            words += "; " + _("the backbone's features are computed apart from it")
        return Answer(True, words, cells)
    if use.flagged:
        words += "; " + _(
            "trainable=False is set, but the gradient tape records these layers all the same: a "
            "person must say if that is enough"
        )
        return Answer(None, words, cells)
    return Answer(False, words, cells)


def _uses(reading: Reading, tuning: FineTuning) -> Iterator[Use]:
    """Of every run whose iteration was recorded."""
    for stage in tuning.stages:
        network = stage.trained.network
        if network is None or network.graph.why != "training" or network.graph.loss is None:
            continue
        new = _new_tensors(stage)
        if not new:
            continue
        rows = network.shape(network.inputs[0])[0] if network.inputs else 0
        run = stage.trained.run
        everyone = {leaf.uid for leaf in network.leaves.values() if leaf.role == "parameter"}
        eager = not run.compiled and _of_tensorflow(reading, stage)
        if run.compiled:  # the function is cut to what its gradients need
            held = needed(network, {r.uid for r in run.reached})
        else:
            held = kept(network, everything=eager)
        yield Use(
            rows,
            held,
            needed(network, new),
            needed(network, everyone),
            eager and _flagged(reading, stage),
        )


def _new_tensors(stage: Stage) -> set[int]:
    """Tensors with gradients that are not the pretrained network's."""
    old = set(stage.backbone.tensors.values()) | stage.kernels
    return {r.uid for r in stage.trained.run.reached} - old


def _of_tensorflow(reading: Reading, stage: Stage) -> bool:
    number = stage.trained.run.number
    tapes = (g for g in reading.evidence.graphs if g.why == "training" and g.run == number)
    return any(node.op.startswith("tf.") for g in tapes for node in g.nodes)


def _flagged(reading: Reading, stage: Stage) -> bool:
    """Did all kernels of the backbone say that they are not to be trained, when the run began?"""
    looks = [
        p.requires_grad
        for s in stage.trained.run.samples
        for p in s.parameters
        if p.uid in stage.kernels
    ]
    begun = [reading.lineage.begun(uid, stage.start) for uid in stage.kernels]
    looks += [entry.requires_grad for entry in begun if entry is not None]
    return bool(looks) and not any(looks)


def _mib(size: int) -> str:
    return f"{size / MIB:.3g}"
