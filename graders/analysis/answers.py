"""What do the base and the adapted network compute, and with which weights?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray

from graders.analysis.adapters import (
    AdaptedLayer,
    Formula,
    dimensions,
    formula,
    plain_layers,
)
from graders.analysis.alike import same_order
from graders.analysis.network import Network, uses_batch_statistics
from graders.analysis.replay import Replay, ReplayError, to_double
from graders.analysis.runs import (
    TrainedRun,
)
from graders.analysis.trainings import Trainings
from graders.analysis.weights import content_after, content_at
from graders.evidence.arrays import EvidenceError

Array = NDArray[Any]


class Answers(Trainings):
    """Adapters, and networks as functions of rows, computed again on this side; the second part of
    a `Reading`."""

    @cached_property
    def adapted(self) -> tuple[Network, tuple[AdaptedLayer, ...]] | None:
        """The network with adapters: as trained, else as it was built."""
        run = self.adaptation
        if run is not None and run.network is not None and run.adapted:
            return run.network, run.adapted
        best = max((d for d in self.drawn if d.adapted), key=lambda d: len(d.adapted), default=None)
        return (best.network, best.adapted) if best is not None else None

    @cached_property
    def adapted_cells(self) -> tuple[int, ...]:
        """The cell in which the adapted network was first seen, and the one that trained it."""
        if self.adapted is not None:
            model = self.adapted[0].graph.model
        elif self.adaptation is not None:
            model = self.adaptation.run.model
        else:
            return ()
        seen = next((m for m in self.evidence.models if m.uid == model), None)
        cells = [seen.cell] if seen is not None and model is not None else []
        if self.adaptation is not None:
            cells.append(self.adaptation.run.cell)
        return tuple(dict.fromkeys(self.cell(c) for c in cells))

    @cached_property
    def formulas(self) -> tuple[Formula | None, ...]:
        """What each adapted layer computes; None where it cannot be computed again."""
        if self.adapted is None:
            return ()
        network, layers = self.adapted
        replay = Replay(network, self.blobs)
        found: list[Formula | None] = []
        for layer in layers:
            try:
                found.append(formula(replay, layer))
            except ReplayError:
                found.append(None)
        return tuple(found)

    @cached_property
    def pairs_at_start(self) -> tuple[tuple[Array | None, Array | None], ...]:
        """A and B of each adapted layer before the first step; None where not recorded."""
        if self.adapted is not None:
            _network, layers = self.adapted
            return tuple(
                (self._leaf_content(x.a, end=False), self._leaf_content(x.b, end=False))
                for x in layers
            )
        if self.adaptation is None:
            return ()
        return tuple((self._at_start(c.a), self._at_start(c.b)) for c in self.adaptation.carried)

    def _at_start(self, uid: int) -> Array | None:
        """A tensor as it was when the adaptation began."""
        assert self.adaptation is not None
        entry = content_at(self.evidence, uid, self.adaptation.run.moment)
        return (
            self.blobs.load(entry.digest)
            if entry is not None and self.blobs.has(entry.digest)
            else None
        )

    def start_of(self, layer_value: int) -> Array | None:
        """Content of a leaf when the adaptation began."""
        return self._leaf_content(layer_value, end=False)

    def end_of(self, layer_value: int, *, seen_after: bool = False) -> Array | None:
        """Content of a leaf when the adaptation ended; `seen_after` takes a tensor without
        gradients as first seen after the run (it may have moved, or been merged already)."""
        return self._leaf_content(layer_value, end=True, seen_after=seen_after)

    def _leaf_content(self, value: int, *, end: bool, seen_after: bool = False) -> Array | None:
        if self.adapted is None:
            return None
        network, _layers = self.adapted
        leaf = network.leaves[value]
        digest: str | None = None
        if self.adaptation is not None:
            run = self.adaptation.run
            reached = next((r for r in run.reached if r.uid == leaf.uid), None)
            if reached is not None:
                digest = reached.end if end else reached.start
            else:
                entry = content_at(self.evidence, leaf.uid, run.last_moment if end else run.moment)
                if seen_after:
                    entry = content_after(self.evidence, leaf.uid, run.last_moment) or entry
                digest = entry.digest if entry is not None else None
        try:
            return self.blobs.load(digest or leaf.digest)
        except EvidenceError:
            return None

    @cached_property
    def base_predict(self) -> Any:
        """The base network as a function of rows (n x features -> outputs), or None."""
        return self._trained_predictor(self.base) if self.base is not None else None

    @cached_property
    def adapted_predict(self) -> Any:
        """The adapted network after its training as a function of rows, or None."""
        return self._trained_predictor(self.tuning) if self.tuning is not None else None

    @cached_property
    def unadapted_predict(self) -> Any:
        """The adapted network with B = 0 as a function of rows, or None."""
        if self.adapted is None:
            return self.base_predict
        network, layers = self.adapted
        zero = {
            layer.b: torch.zeros(network.shape(layer.b), dtype=torch.float64) for layer in layers
        }
        return self._predictor(network, {}, zero)

    @cached_property
    def disturbs_base(self) -> bool | None:
        """True when the adapted network with B = 0 is not the base network.

        Compared, before the first step, with a network that holds the very same tensors; None
        when there is none.
        """
        run = self.adaptation
        rows = self.sample_of(run) if run is not None else None
        if self.adapted is None or run is None or rows is None:
            return None
        before = [
            d
            for d in self.drawn
            if d.adapted and d.graph.model == run.run.model and d.graph.moment <= run.run.moment
        ]
        network, layers = (before[-1].network, before[-1].adapted) if before else self.adapted
        if not before and uses_batch_statistics(network):
            return None
        starts = self.starts(run, network)
        answer = self.unadapted(network, layers, rows, starts)
        pairs = {v for x in layers for v in (x.a, x.b)}
        held = {
            starts.get(leaf.uid, leaf.digest)
            for v, leaf in network.leaves.items()
            if leaf.role in ("parameter", "buffer") and v not in pairs
        }
        size = len(layers) + len(plain_layers(network, layers))
        for drawn in self.drawn:
            own = {leaf.digest for leaf in drawn.network.leaves.values()}
            if len(drawn.network.layers) != size:
                continue  # one of both was seen with a block skipped
            if not drawn.adapted and held and held <= own:
                return not same_order(self.predict_with(drawn.network, rows), answer)
        return None

    def starts(self, run: TrainedRun, network: Network) -> dict[int, str]:
        """Digest of each leaf of a network when a run began, by tensor identity."""
        found = {}
        for leaf in network.leaves.values():
            entry = content_at(self.evidence, leaf.uid, run.run.moment)
            if entry is not None:
                found[leaf.uid] = entry.digest
        return found | {r.uid: r.start for r in run.run.reached}

    def _trained_predictor(self, run: TrainedRun) -> Any:
        """A run's network at the end of the run: as drawn in evaluation mode when it was (with
        its running statistics), else from the tape of one iteration."""
        drawn = next(
            (
                d
                for d in self.drawn
                if d.graph.model == run.run.model is not None
                and d.graph.moment > run.run.last_moment
                and d.graph.cell == run.run.cell
                and bool(d.adapted) == bool(run.adapted)
            ),
            None,
        )
        if drawn is not None:
            return self._predictor(drawn.network, {})
        if run.network is None:
            return None
        return self._predictor(run.network, {r.uid: r.end for r in run.run.reached})

    def predict_with(
        self, network: Network, rows: Array, weights: Mapping[str, str] | None = None
    ) -> Array | None:
        """What a network answers with the weights it had when it was drawn, or with others given
        by name (digests); None when a name is missing or a form does not fit."""
        digests: dict[int, str] = {}
        if weights is not None:
            named = {x.name: x.uid for x in network.leaves.values() if x.role == "parameter"}
            if not named or not named.keys() <= weights.keys():
                return None
            digests = {uid: weights[name] for name, uid in named.items()}
        answer: Array | None = self._predictor(network, digests)(rows)
        return answer

    def answer(self, network: Network, rows: Array, weights: Mapping[int, str]) -> Array | None:
        """What a network answers with these contents (digests by tensor identity) for some of
        its weights; None when it cannot be computed again."""
        answer: Array | None = self._predictor(network, weights)(rows)
        return answer

    def unadapted(
        self,
        network: Network,
        layers: tuple[AdaptedLayer, ...],
        rows: Array,
        weights: Mapping[int, str],
    ) -> Array | None:
        """The same with B = 0 in every adapted layer."""
        zero = {x.b: torch.zeros(network.shape(x.b), dtype=torch.float64) for x in layers}
        answer: Array | None = self._predictor(network, weights, zero)(rows)
        return answer

    def _predictor(
        self, network: Network, digests: Mapping[int, str], given: Mapping[int, torch.Tensor] = {}
    ) -> Any:
        replay = Replay(network, self.blobs)

        def predict(rows: Array) -> Array | None:
            weights = dict(given)
            try:
                for value, leaf in network.leaves.items():
                    if leaf.uid in digests and value not in weights:
                        weights[value] = to_double(self.blobs.load(digests[leaf.uid]))
                return replay.predict(rows, weights)
            except (ReplayError, EvidenceError):
                return None

        return predict

    def dimensions(self) -> tuple[tuple[int, int, int], ...]:
        """(out, in, r) of each adapted layer."""
        if self.adapted is None:
            return ()
        network, layers = self.adapted
        return tuple(dimensions(network, layer) for layer in layers)
