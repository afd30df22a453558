"""Which training run is which? The base network's, the adapted network's, and experiments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graders.analysis.ablation import ConnectionBook, Connections
from graders.analysis.adapters import (
    AdaptedLayer,
    CarriedPair,
    adapted_layers,
    carried_pairs,
)
from graders.analysis.network import Network
from graders.analysis.residual import ResidualBlock
from graders.evidence.model import Evidence, Graph, TrainingRun
from graders.evidence.reading import Blobs


@dataclass(frozen=True)
class TrainedRun:
    """A training run with the network that ran in it.

    `network` is the tape of one of its iterations, or the module's forward graph when there is
    none; `adapted` are the layers that carry trainable low-rank pairs; `after` is the network as
    the run's cell left it.
    """

    run: TrainingRun
    network: Network | None
    adapted: tuple[AdaptedLayer, ...]
    carried: tuple[CarriedPair, ...]
    losses: NDArray[np.float64]
    book: ConnectionBook = field(repr=False)
    after: Network | None = None

    @cached_property
    def connections(self) -> Connections:
        """Residual connections of the network; those that it ends with when a factor that nobody
        learns was still zero in its first iteration."""
        if self.network is None:
            return Connections(())
        first = self.book.of(self.network)
        if first.idle and self.after is not None:
            last = self.book.of(self.after)
            return last if len(last.blocks) > len(first.blocks) else first
        return first

    @property
    def blocks(self) -> tuple[ResidualBlock, ...]:
        return self.connections.blocks

    @property
    def adapts(self) -> bool:
        """True when low-rank pairs are there, used by the network or not."""
        return bool(self.adapted or self.carried)

    @property
    def pair_uids(self) -> frozenset[int]:
        """Identities of all matrices A and B."""
        leaves = self.network.leaves if self.network is not None else {}
        used = {leaves[v].uid for x in self.adapted for v in (x.a, x.b)}
        return frozenset(used or {u for x in self.carried for u in (x.a, x.b)})

    @property
    def moved(self) -> int:
        """How many of the tensors with gradients changed during the run."""
        return sum(r.start != r.end for r in self.run.reached)


@dataclass(frozen=True)
class DrawnNetwork:
    """A network seen outside a training run, with its graph."""

    graph: Graph
    network: Network
    adapted: tuple[AdaptedLayer, ...]
    book: ConnectionBook = field(repr=False)

    @cached_property
    def connections(self) -> Connections:
        return self.book.of(self.network)

    @property
    def blocks(self) -> tuple[ResidualBlock, ...]:
        return self.connections.blocks


def drawn_networks(evidence: Evidence, book: ConnectionBook) -> tuple[DrawnNetwork, ...]:
    """Forward graphs of modules that could be called, in order; lone layers are left out."""
    found = []
    for graph in evidence.graphs:
        if graph.why != "forward" or graph.error or not graph.nodes:
            continue
        network = Network(graph, book.blobs)
        if len(network.layers) < 1:
            continue
        found.append(DrawnNetwork(graph, network, adapted_layers(network), book))
    return tuple(found)


def trained_runs(
    evidence: Evidence, blobs: Blobs, drawn: tuple[DrawnNetwork, ...], book: ConnectionBook
) -> tuple[TrainedRun, ...]:
    """Every training run with its network, in order; runs of regressions by hand included."""
    tapes = {g.run: g for g in evidence.graphs if g.why == "training" and not g.error}
    found = []
    for run in evidence.training:
        network = None
        if run.number in tapes:
            network = Network(tapes[run.number], blobs)
            if not network.layers:
                network = None
        if network is None and run.model is not None:
            same = [d for d in drawn if d.graph.model == run.model]
            after = [d for d in same if d.graph.moment >= run.moment] or same
            network = after[0].network if after else None
        losses = blobs.load(run.losses) if blobs.has(run.losses) else np.zeros(0)
        adapted = adapted_layers(network) if network else ()
        if adapted:
            network, adapted = _fullest(run, network, adapted, drawn)
        found.append(
            TrainedRun(
                run=run,
                network=network,
                adapted=adapted,
                carried=() if adapted else _carried(evidence, run),
                losses=np.asarray(losses, dtype=np.float64).reshape(-1),
                book=book,
                after=_left_by(run, drawn),
            )
        )
    return tuple(found)


def _left_by(run: TrainingRun, drawn: tuple[DrawnNetwork, ...]) -> Network | None:
    """The run's network as drawn at the end of its cell."""
    same = [
        d
        for d in drawn
        if d.graph.model == run.model is not None
        and d.graph.moment > run.last_moment
        and d.graph.cell == run.cell
    ]
    return same[0].network if same else None


def _fullest(
    run: TrainingRun,
    network: Network | None,
    adapted: tuple[AdaptedLayer, ...],
    drawn: tuple[DrawnNetwork, ...],
) -> tuple[Network | None, tuple[AdaptedLayer, ...]]:
    """The adapted network as drawn in evaluation mode when that shows more adapters than one
    training iteration did, which may skip blocks at random."""
    same = [d for d in drawn if d.adapted and d.graph.model == run.model is not None]
    best = max(same, key=lambda d: len(d.adapted), default=None)
    if best is not None and len(best.adapted) > len(adapted):
        return best.network, best.adapted
    return network, adapted


def _carried(evidence: Evidence, run: TrainingRun) -> tuple[CarriedPair, ...]:
    """Pairs in the state in which the run began."""
    states = [s for s in evidence.states if s.model == run.model and s.moment >= run.moment]
    return carried_pairs(states[0].parameters) if states else ()


def adaptation_of(runs: tuple[TrainedRun, ...]) -> TrainedRun | None:
    """The run in which adapters were trained; of several, the one that adapted most, then last."""
    adapted = [r for r in runs if r.adapts]
    return max(
        adapted,
        key=lambda r: (bool(r.adapted), r.moved > 0, len(r.adapted or r.carried), r.run.moment),
        default=None,
    )


def base_of(
    evidence: Evidence,
    runs: tuple[TrainedRun, ...],
    adaptation: TrainedRun | None,
    rows_of: Callable[[TrainedRun], str | None],
) -> TrainedRun | None:
    """The run that trained the base network: before the adaptation, without adapters.

    Among experiments: one that moved weights, whose weights the adaptation then holds, that was
    not trained on the extra data, that has residual blocks, that was evaluated most, that steps
    most. `rows_of` tells which data file a run was trained on.
    """
    before = [
        r
        for r in runs
        if not r.adapts and (adaptation is None or r.run.moment < adaptation.run.moment)
    ]
    held = _held_by(evidence, adaptation)
    return max(
        before,
        key=lambda r: (
            r.moved > 0,
            bool(held & contents_after(evidence, r)) if held else False,
            rows_of(r) != "extra",
            min(len(r.blocks), 2),
            sum(p.model == r.run.model and p.moment > r.run.last_moment for p in evidence.passes),
            r.run.backwards,
        ),
        default=None,
    )


def _held_by(evidence: Evidence, adaptation: TrainedRun | None) -> set[str]:
    """Contents of the matrices that an adaptation began with, its own pairs aside."""
    if adaptation is None or adaptation.network is None:
        return set()
    network = adaptation.network
    uids = {
        leaf.uid
        for value, leaf in network.leaves.items()
        if leaf.role == "parameter" and len(network.shape(value)) >= 2
    } - adaptation.pair_uids
    states = [s for s in evidence.states if s.moment <= adaptation.run.last_moment]
    found = {e.uid: e.digest for s in states for e in s.entries if e.uid in uids}
    return set(found.values())


def contents_after(evidence: Evidence, run: TrainedRun) -> set[str]:
    """Contents that a run's tensors had from its end on, and wherever it was saved."""
    uids = {r.uid for r in run.run.reached}
    found = {r.end for r in run.run.reached}
    for state in evidence.states:
        if state.moment > run.run.moment:
            found.update(e.digest for e in state.entries if e.uid in uids)
    return found - {r.start for r in run.run.reached}


@dataclass(frozen=True)
class Trend:
    """Mean loss at the start and the end of a curve. `fell` is None inside the margin."""

    first: float
    last: float
    fell: bool | None


def trend(losses: NDArray[np.float64], margin: float = 0.01) -> Trend:
    """Did the loss fall? Compares the first tenth with the last; relative margin."""
    finite = losses[np.isfinite(losses)]
    if not len(losses) or not len(finite):
        return Trend(float("nan"), float("nan"), False)
    tenth = max(1, len(losses) // 10)
    first, last = float(np.mean(losses[:tenth])), float(np.mean(losses[-tenth:]))
    if not np.isfinite(last):
        return Trend(first, last, False)
    if not np.isfinite(first):
        return Trend(first, last, None)
    change = (first - last) / max(abs(first), 1e-12)
    if change > margin:
        return Trend(first, last, True)
    return Trend(
        first, last, False if change < -margin or (len(losses) > 20 and change <= 0) else None
    )
