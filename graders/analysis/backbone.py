"""Where are the pretrained tensors in what a run trains: in its network, or in passes before it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from graders.analysis.lineage import Lineage
from graders.analysis.network import Network
from graders.analysis.runs import DrawnNetwork, TrainedRun
from graders.evidence.arrays import EvidenceError
from graders.evidence.model import ForwardPass
from graders.evidence.reading import Blobs

FEW_ROWS = 4  # of a run's sample that must be among a pass's outputs


@dataclass(frozen=True)
class Backbone:
    """The pretrained tensors behind the answers that a run trains.

    `tensors` are their identities by key of the weights file, those of the network that computes
    `value` (the answers, or the features a head is trained on). `passes` are the forward passes
    that computed features apart from what the run differentiates; `network` is None when no graph
    of what made them was seen.
    """

    tensors: Mapping[str, int]
    network: Network | None
    value: int | None
    passes: tuple[ForwardPass, ...] = ()
    sure: bool = field(default=True)  # the features are known to be those passes' outputs

    @property
    def apart(self) -> bool:
        return bool(self.passes)


def backbone_of(
    run: TrainedRun,
    passes: Sequence[ForwardPass],
    drawn: Sequence[DrawnNetwork],
    lineage: Lineage,
    blobs: Blobs,
) -> Backbone:
    """The run's own network when it holds pretrained tensors; else the passes that fed it."""
    network = run.network
    value = network.output if network is not None else None
    if network is not None and value is not None:
        tensors = lineage.in_network(network, network.ancestors(value))
        if tensors:
            return Backbone(tensors, network, value)
    return _apart(run, passes, drawn, lineage, blobs) or Backbone({}, network, value)


def _apart(
    run: TrainedRun,
    passes: Sequence[ForwardPass],
    drawn: Sequence[DrawnNetwork],
    lineage: Lineage,
    blobs: Blobs,
) -> Backbone | None:
    """What a head was fed with: the outputs of a network that holds pretrained tensors.

    Outputs that are the run's own inputs say so; else the last pass, or one in the run, of which
    something has the form of the run's inputs.
    """
    given = _input_shape(run)
    before = [p for p in passes if p.moment < run.run.last_moment and p.model != run.run.model]
    if given is None or not before:
        return None
    inside = [p for p in before if p.moment > run.run.moment]
    ordered = [*reversed(inside), *(p for p in reversed(before) if p not in inside)]
    matching = [p for p in ordered if _fed(run, p, blobs)]
    for seen in [*matching, *ordered]:
        same = [d for d in drawn if d.graph.model == seen.model and not d.graph.guessed]
        after = [d for d in same if d.graph.moment >= seen.moment]
        tensors = lineage.in_model(seen.model, seen.moment)
        if not tensors:
            continue
        mine = tuple(p for p in before if p.model == seen.model)
        if not same:
            if seen in matching:
                return Backbone(tensors, None, None, mine)
            continue
        network = (after or same[-1:])[0].network
        value = _value_of_shape(network, given)
        if value is None:
            continue
        return Backbone(
            lineage.in_network(network, network.ancestors(value) | {value}),
            network, value, mine, seen in matching,
        )  # fmt: skip
    unknown = next((p for p in ordered if lineage.in_model(p.model, p.moment)), None)
    if unknown is None:
        return None
    return Backbone(
        lineage.in_model(unknown.model, unknown.moment), None, None, (unknown,), sure=False
    )


def _input_shape(run: TrainedRun) -> tuple[int, ...] | None:
    """The form of one row that the run's network is given."""
    network = run.network
    if network is None or not network.inputs:
        return None
    return network.shape(network.inputs[0])[1:]


def _value_of_shape(network: Network, rows: tuple[int, ...]) -> int | None:
    """The last value of a network whose rows have this form, or as many numbers."""
    size = int(np.prod(rows))
    found = [
        v
        for v in sorted(network.alive, key=lambda v: network.producer.get(v, -1))
        if len(network.shape(v)) > 1 and int(np.prod(network.shape(v)[1:])) == size
    ]
    exact = [v for v in found if network.shape(v)[1:] == rows]
    return next(iter(reversed(exact or found)), None)


def _fed(run: TrainedRun, seen: ForwardPass, blobs: Blobs) -> bool:
    """True when rows that the run was given are outputs of this pass, bit for bit."""
    try:
        if run.run.inputs is None or seen.outputs is None:
            return False
        given, made = blobs.load(run.run.inputs), blobs.load(seen.outputs)
    except EvidenceError:
        return False
    given, made = (a.reshape(len(a), -1).astype(np.float32) for a in (given, made))
    if given.shape[1] != made.shape[1]:
        return False
    known = {row.tobytes() for row in made}
    rows = [row.tobytes() for row in given[:64]]
    return sum(r in known for r in rows) >= min(FEW_ROWS, len(rows)) > 0
