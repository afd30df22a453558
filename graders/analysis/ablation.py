"""Which residual connections matter, and which are only written there?

A connection is taken out of the network, or its layers are given other weights, and the network is
computed again. What changes nothing in the answer, whatever the weights, is decoration. A network
that cannot be computed again is believed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch

from graders.analysis.draws import ROWS, Draw, can_train, draws, effect, work
from graders.analysis.network import Layer, Network
from graders.analysis.operations import bare, kind
from graders.analysis.replay import ReplayError
from graders.analysis.residual import ResidualBlock, joins
from graders.evidence.reading import Blobs

NOTHING = 1e-4  # of the values' own spread
MOST_READINGS = 6  # of one join that are tried
MOST_WORK = 1e9  # multiplications in one draw, half a second: a hundred times what is usual
TOO_MUCH = 5e9  # for one join
FEWEST_ROWS = 4
MOST_SUMS = 4  # after a join in which it may be taken away
_PLAIN = ("add", "shape", "multiply", "dropout", "transpose")

Fault = Literal["shortcut", "branch", "unreached"]


@dataclass(frozen=True)
class Idle:
    """A connection that changes nothing: its shortcut, its branch, or all of it."""

    block: ResidualBlock
    fault: Fault


@dataclass(frozen=True)
class Connections:
    """Residual connections that matter, and those that are there for show."""

    blocks: tuple[ResidualBlock, ...]
    idle: tuple[Idle, ...] = ()

    @property
    def unreached(self) -> bool:
        """True when residual parts are there and nothing of any of them reaches the answer."""
        return bool(
            self.idle and not self.blocks and all(x.fault == "unreached" for x in self.idle)
        )


def connections(
    network: Network, blobs: Blobs, trained: frozenset[int] = frozenset()
) -> Connections:
    """The network's residual connections. `trained` are identities of tensors that ever got
    gradients."""
    found = joins(network)
    if not found:
        return Connections(())
    believed = Connections(tuple(readings[0] for readings in found))
    each = 1 + 4 * work(network)  # for a row and a join: half the network, about eight times
    rows = min(ROWS, max(FEWEST_ROWS, int(MOST_WORK / (each * len(found)))))
    if each * rows > TOO_MUCH:
        return believed
    count = min(len(found), max(1, int(MOST_WORK / (each * rows))))
    tried = [found[i * len(found) // count] for i in range(count)]
    trials = [[_Trial(network, r, trained) for r in readings[:MOST_READINGS]] for readings in tried]
    try:
        for draw in draws(network, blobs, trained, rows):
            for join in trials:
                _watch(join, draw)
            if all(any(t.settled for t in join) for join in trials):
                break
    except ReplayError:
        return believed
    return _sorted(network, found, trials)


def _sorted(
    network: Network, found: Sequence[Sequence[ResidualBlock]], trials: Sequence[Sequence[_Trial]]
) -> Connections:
    """Joins that were not tried, in a network too large for that, are taken for what the others
    are: for show when all of these are."""
    tried = {join[0].block.end: join for join in trials}
    faults = [join[0].fault for join in trials if all(t.fault for t in join)]
    common = faults[0] if len(faults) == len(trials) else None
    blocks: list[ResidualBlock] = []
    idle = []
    for readings in found:
        join = tried.get(readings[0].end, ())
        best = max((t for t in join if t.fault is None), key=lambda t: t.layers, default=None)
        fault = common if not join else join[0].fault if best is None else None
        block = readings[0] if best is None else best.judged()
        if fault is not None:
            idle.append(Idle(block, fault))
        elif not any(_repeats(network, block, earlier) for earlier in blocks):
            blocks.append(block)
    return Connections(tuple(blocks), tuple(idle))


def _watch(join: Sequence[_Trial], draw: Draw) -> None:
    """Try the readings of a join until one is all that it was drawn as."""
    for trial in join:
        if not trial.settled:
            trial.watch(draw)
        if trial.settled:
            return


class _Trial:
    """One reading of a join, and what the draws have shown of it so far."""

    def __init__(self, network: Network, block: ResidualBlock, trained: frozenset[int]) -> None:
        self.network = network
        self.block = block
        self._sums = _sums_after(network, block)
        self._told = False
        self._end = self._edge = self._chain = False
        between = network.reach({block.start}) & (network.ancestors(block.main) | {block.main})
        self._between = tuple(x for x in network.all_layers if x.out in between - {block.start})
        self._weights = {
            x.out: [w for w in network.weight_leaves(x.weight) if can_train(network, w, trained)]
            for x in self._between
        }
        self._alive: set[int] = set()  # outputs of layers whose weights change the answer
        self._follows: dict[int, set[int]] = {x.out: set() for x in self._between}

    # -- verdict ---------------------------------------------------------------------------
    @property
    def fault(self) -> Fault | None:
        """None for a connection that matters, or as long as no draw has told anything."""
        if not self._told or (self._edge and self._chain and self.layers):
            return None
        if not self._end:
            return "unreached"
        return "branch" if self._edge and self._chain else "shortcut"

    @property
    def layers(self) -> int:
        """Most layers in a row of which each changes the next, and the answer."""
        if not self._told:
            return self.block.layers
        longest: dict[int, int] = {}
        for layer in reversed(self._between):
            after = [longest.get(x, 0) for x in self._follows[layer.out]]
            longest[layer.out] = (layer.out in self._alive) + max(after, default=0)
        return min(max(longest.values(), default=0), self.block.layers)

    @property
    def settled(self) -> bool:
        return self._told and not self.fault and self.layers >= self.block.layers

    def judged(self) -> ResidualBlock:
        """The block with the layers that count."""
        if not self._told:
            return self.block
        idle = frozenset(x.out for x in self._between if x.out not in self._alive)
        return replace(self.block, layers=self.layers, idle=idle)

    # -- evidence --------------------------------------------------------------------------
    def watch(self, draw: Draw) -> None:
        """Take the parts out one by one, in this draw of the weights."""
        block = self.block
        end = _answer(draw, {block.end: draw.other(block.end)})
        if end is None:
            return  # rows do not differ, or overflow: this draw tells nothing
        self._told = True
        self._end |= end > NOTHING
        other = draw.other(block.start)
        if not self._edge:
            # only here: the same value may reach the answer by other ways
            short = [other]
            if block.short != block.start:
                short = draw.after([block.short], {block.start: other})
            self._edge = self._moves(draw, {block.end: draw.at(block.end, {block.short: short[0]})})
        if not self._chain:
            held = {x.out for x in self._between}
            self._chain = self._stays(draw, {block.start: other}, held)
        later = {x.out: x.data for x in self._between}
        for layer in self._between:
            if self._weights[layer.out]:
                self._watch_layer(draw, layer, later)

    def _watch_layer(self, draw: Draw, layer: Layer, data: dict[int, int]) -> None:
        """Does the answer change with the layer's weights, by way of this branch alone?"""
        weights = draw.other_weights(self._weights[layer.out])
        (changed,) = draw.after([layer.out], weights, held={layer.data})
        main, *seen = draw.after([self.block.main, *data.values()], {layer.out: changed})
        joined = draw.at(self.block.end, {self.block.main: main})
        if self._moves(draw, {self.block.end: joined}) and (
            not self._sums or self._stays(draw, {layer.out: changed})
        ):
            self._alive.add(layer.out)
        for (out, value), after in zip(data.items(), seen, strict=True):
            if out != layer.out and _matters(effect(draw.values[value], after)):
                self._follows[layer.out].add(out)

    def _stays(
        self, draw: Draw, altered: Mapping[int, torch.Tensor], held: Collection[int] = ()
    ) -> bool:
        """Does the answer change, and is that not taken away again in a sum that follows?"""
        given: dict[int, torch.Tensor] = {}
        for value in (self.block.end, *self._sums):
            given[value] = draw.after([value], altered, held)[0]
            if not self._moves(draw, given):
                return False
        return True

    def _moves(self, draw: Draw, given: Mapping[int, torch.Tensor]) -> bool:
        return _matters(_answer(draw, given))


def _answer(draw: Draw, given: Mapping[int, torch.Tensor]) -> float | None:
    """How far the answer moves when some values are others."""
    (answer,) = draw.after([draw.output], given)
    return effect(draw.values[draw.output], answer)


def _matters(moved: float | None) -> bool:
    return moved is not None and moved > NOTHING


def _repeats(network: Network, block: ResidualBlock, earlier: ResidualBlock) -> bool:
    """True for the same shortcut added once more to the same sum: x + f(x) + x is one."""
    if block.start != earlier.start or block.join != "add" or earlier.join != "add":
        return False
    value = block.main
    while value != earlier.end:
        index = network.producer.get(value)
        if index is None or kind(network.nodes[index]) not in _PLAIN:
            return False
        fed = [v for v in network.sources[index] if v in network.fed]
        on = [v for v in fed if v == earlier.end or earlier.end in network.ancestors(v)]
        if len(on) != 1:
            return False
        value = on[0]
    return True


def _sums_after(network: Network, block: ResidualBlock) -> tuple[int, ...]:
    """Sums of the join and something else that was made of the same start, in order."""
    reached, found = {block.end}, []
    for node, sources in zip(network.nodes, network.sources, strict=True):
        if kind(node) not in _PLAIN or not node.outs or reached.isdisjoint(sources):
            continue
        others = [s for s in sources if s not in reached]
        reached.update(node.outs)
        if kind(node) == "add" and any(
            block.start in (above := network.ancestors(s) | {s}) and block.end not in above
            for s in others
        ):
            found.append(node.outs[0])
    return tuple(found[:MOST_SUMS])


class ConnectionBook:
    """Connections of one submission's networks; states of the same network are looked at once."""

    def __init__(self, blobs: Blobs, trained: frozenset[int]) -> None:
        self.blobs = blobs
        self._trained = trained
        self._known: dict[str, Connections] = {}

    def of(self, network: Network) -> Connections:
        key = self._key(network)
        if key not in self._known:
            self._known[key] = connections(network, self.blobs, self._trained)
        return self._known[key]

    def _key(self, network: Network) -> str:
        """What the network computes; values of what moves in training (and running statistics)
        aside."""
        nodes = [(n.op, n.args, n.named, n.outs, n.scope) for n in network.nodes]
        moving = {
            s
            for node, sources in zip(network.nodes, network.sources, strict=True)
            if bare(node.op) in ("batch_norm", "instance_norm")
            for s in sources[1:]
        }
        leaves = []
        for value, leaf in sorted(network.leaves.items()):
            wants = network.graph.values[value].requires_grad
            free = wants or leaf.uid in self._trained or value in {*network.inputs, *moving}
            shape = network.shape(value)
            leaves.append((value, leaf.role, wants, shape, "" if free else leaf.digest))
        return repr((nodes, leaves, network.inputs, network.output))
