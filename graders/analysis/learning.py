"""Did the base network learn, how, and was it kept?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graders.analysis.continued import parts_of
from graders.analysis.learnt import against_adaptation, against_training
from graders.analysis.losses import LossView, view_loss
from graders.analysis.predicted import predictions_on
from graders.analysis.reading import Reading
from graders.analysis.replay import Replay
from graders.analysis.runs import TrainedRun, trend
from graders.analysis.statement import Answer
from graders.analysis.targets import made_from_inputs
from graders.language import _, ngettext

# Margins against the noise of training: between the two of a pair, a person decides.
STEADY, DIVERGED = 1.2, 1.5  # times the first loss
SKILLED, LUCKY = 0.6, 0.55  # balanced accuracy; an untrained network stays near 0.5


# -- loss -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class LossAnswer:
    suits: bool | None
    words: str
    cells: tuple[int, ...]


def loss_of(reading: Reading) -> LossAnswer:
    """Whether the base network's loss can train a classifier."""
    base = reading.base
    if base is None:
        words = _("no loss was ever differentiated: the notebook never calls backward()")
        return LossAnswer(False, words, ())
    cells = (reading.cell(base.run.cell),)
    if not base.run.reached and not any(r.run.reached for r in reading.runs):
        return LossAnswer(
            False, _("the loss is cut off from the network: no parameter gets a gradient"), cells
        )
    if made_from_inputs(reading, base):
        words = _("what the loss takes for labels is computed from the network's own inputs")
        return LossAnswer(None, words, cells)
    if base.network is None or base.network.graph.loss is None:
        return LossAnswer(
            _by_names(base),
            _("loss: {names}").format(names=", ".join(base.run.loss_nodes[:4])),
            cells,
        )
    view = view_loss(Replay(base.network, reading.blobs))
    return LossAnswer(_suits(view, base), _loss_words(view), cells)


def _by_names(run: TrainedRun) -> bool | None:
    """From the names of autograd's nodes, when there is no tape."""
    first = run.run.loss_nodes[:6]
    if any("BinaryCrossEntropy" in n for n in first):
        return True
    if (
        any(n.startswith("NllLoss") for n in first)
        and run.network is not None
        and run.network.output is not None
    ):
        shape = run.network.shape(run.network.output)
        return bool(shape) and shape[-1] == 2
    return None


def _suits(view: LossView, run: TrainedRun) -> bool | None:
    if view.asks in ("nothing", "one_way"):
        return False
    if view.asks == "unknown":
        return _by_names(run)
    return None if view.regression else True


def _loss_words(view: LossView) -> str:
    name = ", ".join(view.operations) or _("a loss written by hand")
    outputs = ngettext("{n} output", "{n} outputs", view.width).format(n=view.width)
    if view.asks == "nothing":
        return _("{loss} on {outputs}: its gradient is zero, nothing can be learnt").format(
            loss=name, outputs=outputs
        )
    if view.asks == "one_way":
        return _(
            "{loss} on {outputs}: it pushes every output the same way, whatever the class"
        ).format(loss=name, outputs=outputs)
    words = _("{loss} on {outputs}").format(loss=name, outputs=outputs)
    if view.regression:
        words += "; " + _("a regression loss: a person must say if it is accepted for two classes")
    if view.squashed:
        words += "; " + _("note: {name} is applied before a loss that applies it again").format(
            name=view.squashed
        )
    return words


# -- training -------------------------------------------------------------------------------
def trained(reading: Reading, run: TrainedRun | None, role: str) -> Answer:
    """Whether a run moved weights and lowered the loss, on rows of the role's file, and learnt."""
    if run is None:
        return Answer(False, _("no training run was seen: no backward pass, no optimizer step"))
    parts = parts_of(reading, run)
    answer = _trained(reading, run, parts, role)
    if answer.holds is False:
        return answer
    against = against_training if role == "train" else against_adaptation
    words = against(reading, parts)
    if not words:
        return answer
    return Answer(None, f"{words}; {answer.words}", answer.cells)


def _trained(reading: Reading, run: TrainedRun, parts: Sequence[TrainedRun], role: str) -> Answer:
    """By what moved, the loss and the rows alone."""
    cells = tuple(dict.fromkeys(reading.cell(r.run.cell) for r in parts))
    steps, backwards = sum(r.run.steps for r in parts), sum(r.run.backwards for r in parts)
    moved, total = max(r.moved for r in parts), len(run.run.reached)
    losses = np.concatenate([r.losses for r in parts])
    course = trend(losses)
    words = _(
        "{steps} optimizer steps ({optimizer}), {moved} of {total} weight tensors moved, "
        "loss {first:.4g} → {last:.4g}"
    ).format(
        steps=steps, optimizer=run.run.optimizer or _("by hand"), moved=moved, total=total,
        first=course.first, last=course.last,
    )  # fmt: skip
    if backwards == 0 and steps == 0:
        return Answer(False, _("the backward pass failed: no step was made"), cells)
    if moved == 0:
        return Answer(False, words, cells)
    source = reading.rows_of(run)
    if source is not None and source != role:
        return Answer(
            False,
            words + "; " + _("trained on the rows of the file '{file}'").format(file=source),
            cells,
        )
    if course.fell:
        return Answer(True, words, cells)
    # A network that is already good hardly improves: there, moving without diverging is training.
    if role == "train":
        scores = [s.values.get("balanced_accuracy", (0.0,))[0] for s in predictions_on(reading)]
        skill = max(scores, default=0.0)
        good, doubtful = skill > SKILLED, skill > LUCKY
    else:
        good, doubtful = (course.last < x * course.first for x in (STEADY, DIVERGED))
    if good:
        return Answer(True, words, cells)
    return Answer(None if doubtful else course.fell, words, cells)


# -- which network --------------------------------------------------------------------------
def trained_what_was_built(reading: Reading) -> Answer:
    """Whether the trained network is the residual one."""
    base, built = reading.base, reading.built
    if base is None:
        return Answer(False, _("no training run was seen"))
    cells = (reading.cell(base.run.cell),)
    if base.network is None or built is None:
        return Answer(None, _("the graph of the trained network could not be read"), cells)
    if base.blocks:
        return Answer(
            True,
            _("the trained network has {n} residual connections").format(n=len(base.blocks)),
            cells,
        )
    if reading.built_blocks:
        return Answer(
            False,
            _(
                "the trained network has no residual connections; another one, never trained, "
                "has {n}"
            ).format(n=len(reading.built_blocks)),
            cells,
        )
    if base.connections.unreached:
        words = _("nothing of the trained network's residual part reaches its answer")
        return Answer(False, words, cells)
    return Answer(True, _("one network only, trained as it was built"), cells)
