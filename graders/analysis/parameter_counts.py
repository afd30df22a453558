"""How many parameters has the network: trainable ones, and moving statistics?

By what a tensor is, not by whether it is frozen at the moment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from graders.analysis.conv_nets import ConvNet
from graders.analysis.judged_blocks import cells_of, nothing_seen
from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.tensor_places import tensor_places
from graders.evidence.model import State
from graders.language import _


@dataclass(frozen=True)
class Counts:
    """Numbers of parameters. `by_part`: of what they are, and those that no answer rests on."""

    trainable: int
    moving: int
    by_part: dict[str, int]

    @property
    def total(self) -> int:
        return self.trainable + self.moving

    @property
    def words(self) -> str:
        return _("{total} parameters: {trainable} trainable, {moving} not trainable").format(
            total=f"{self.total:,}", trainable=f"{self.trainable:,}", moving=f"{self.moving:,}"
        )


def counts(reading: Reading, total: int, trainable: int, non_trainable: int) -> Answer:
    """Whether the network has so many parameters."""
    net = reading.conv_net
    if net is None:
        return nothing_seen(reading) or Answer(None, "")
    names = {e.uid: e.name for s in reading.evidence.states for e in s.entries}
    found = counts_of(net, _state(reading, net), names)
    asked = (total, trainable, non_trainable)
    holds = (found.total, found.trainable, found.moving) == asked
    words = found.words
    if not holds:
        parts = ", ".join(f"{name} {n:,}" for name, n in found.by_part.items() if n)
        words += " (" + _("{difference} to what is asked").format(
            difference=f"{found.total - total:+,}"
        )
        words += f"; {parts})"
    return Answer(holds, words, cells_of(reading))


def _state(reading: Reading, net: ConvNet) -> State | None:
    """The network's tensors when it was drawn, also those that it does not use; those of its
    namesake that held more of the pretrained weights."""
    loaded = reading.loaded
    if loaded is not None and loaded.net is net and loaded.copy.state is not None:
        return loaded.copy.state
    states = [s for s in reading.evidence.states if s.model == net.model]
    before = [s for s in states if s.moment <= net.graph.moment]
    return before[-1] if before else states[0] if states else None


def counts_of(
    net: ConvNet, state: State | None, names: Mapping[int, str] = MappingProxyType({})
) -> Counts:
    """Counted from the state's entries; from the tensors that the answer rests on without one.
    `names` of tensors by identity tell which is which in the state of a namesake."""
    places = {place.leaf.uid: place for place in tensor_places(net)}
    if state is not None and net.uids.isdisjoint(e.uid for e in state.entries):
        # a namesake: its tensors are known by their names
        named = {names.get(uid): place for uid, place in places.items()}
        places = {e.uid: named[e.name] for e in state.entries if e.name in named}
    parts = {
        uid: (str(place.part), str(place.station.sort), math.prod(place.shape))
        for uid, place in places.items()
    }
    sizes = {uid: size for uid, (_part, _sort, size) in parts.items()}
    moving = {uid for uid, (part, _sort, _size) in parts.items() if part in ("mean", "variance")}
    if state is not None:
        floats = [e for e in state.entries if "float" in e.dtype]
        sizes = {e.uid: math.prod(e.shape) for e in floats}
        moving |= {e.uid for e in floats if e.role == "buffer"}
    trainable = sum(size for uid, size in sizes.items() if uid not in moving)
    return Counts(
        trainable=trainable,
        moving=sum(sizes.values()) - trainable,
        by_part={
            _("kernels of convolutions"): _of(sizes, parts, "kernel", "conv"),
            _("biases of convolutions"): _of(sizes, parts, "bias", "conv"),
            _("batch normalisations"): sum(_of(sizes, parts, p, "norm") for p in ("gamma", "beta")),
            _("moving statistics"): sum(s for uid, s in sizes.items() if uid in moving),
            _("dense layers"): sum(_of(sizes, parts, p, "linear") for p in ("kernel", "bias")),
            _("not used by the answer"): sum(
                s for uid, s in sizes.items() if uid not in parts and uid not in moving
            ),
        },
    )


def _of(
    sizes: Mapping[int, int], parts: Mapping[int, tuple[str, str, int]], part: str, sort: str
) -> int:
    kinds = {uid: (own, where) for uid, (own, where, _size) in parts.items()}
    return sum(size for uid, size in sizes.items() if kinds.get(uid) == (part, sort))
