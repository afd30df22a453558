"""One submission's evidence, understood. What the checks ask is answered here, once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graders.analysis.ablation import ConnectionBook, Connections
from graders.analysis.adapters import (
    AdaptedLayer,
    Formula,
    dimensions,
    formula,
    plain_layers,
)
from graders.analysis.evaluations import (
    Evaluation,
    MetricCall,
    Scored,
    evaluations_of,
    metric_calls,
)
from graders.analysis.inputs import RowBook, source_table
from graders.analysis.network import Network
from graders.analysis.operations import bare
from graders.analysis.places import Places, places_of
from graders.analysis.predictions import score_of
from graders.analysis.replay import Replay, ReplayError, to_double
from graders.analysis.residual import ResidualBlock
from graders.analysis.runs import (
    DrawnNetwork,
    TrainedRun,
    adaptation_of,
    base_of,
    drawn_networks,
    trained_runs,
)
from graders.analysis.shown import ShownNumber, shown_numbers, typed_numbers
from graders.analysis.trusted import TrustedTable
from graders.analysis.weights import content_after, content_at
from graders.evidence.arrays import EvidenceError
from graders.evidence.model import Evidence
from graders.evidence.reading import Blobs

Array = NDArray[Any]


class Reading:
    """What the evidence of one submission means. Everything is computed when first asked for.

    `folder` holds the evidence; `tables` are the teacher's data files by role.
    """

    def __init__(
        self, evidence: Evidence, folder: Path, tables: Mapping[str, TrustedTable]
    ) -> None:
        self.evidence = evidence
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        self.tables = tables
        self._places: dict[int, tuple[Places, NDArray[np.intp]] | None] = {}

    # -- runs and networks -----------------------------------------------------------------
    @cached_property
    def drawn(self) -> tuple[DrawnNetwork, ...]:
        """Networks that could be called, as drawn after each cell."""
        return drawn_networks(self.evidence, self._connection_book)

    @cached_property
    def runs(self) -> tuple[TrainedRun, ...]:
        return trained_runs(self.evidence, self.blobs, self.drawn, self._connection_book)

    @cached_property
    def _connection_book(self) -> ConnectionBook:
        return ConnectionBook(self.blobs, self.trained)

    @cached_property
    def trained(self) -> frozenset[int]:
        """Identities of all tensors that ever got gradients."""
        return frozenset(r.uid for run in self.evidence.training for r in run.reached)

    @cached_property
    def adaptation(self) -> TrainedRun | None:
        """The run that trained low-rank adapters."""
        return adaptation_of(self.runs)

    @cached_property
    def tuning(self) -> TrainedRun | None:
        """The fine-tuning: the adaptation, else a later run on the extra data or on a network
        that holds the base's tensors frozen."""
        if self.adaptation is not None or self.base is None:
            return self.adaptation
        later = [r for r in self.runs if r.run.moment > self.base.run.last_moment]
        return next(
            (r for r in reversed(later) if self.rows_of(r) == "extra" or self._holds_frozen(r)),
            None,
        )

    def _holds_frozen(self, run: TrainedRun) -> bool:
        network = run.network
        return network is not None and any(
            leaf.role == "parameter" and not network.graph.values[v].requires_grad
            for v, leaf in network.leaves.items()
        )

    def rows_of(self, run: TrainedRun) -> str | None:
        """Role of the data file whose rows a run was trained on; None when it cannot be told."""
        sample = self.sample_of(run)
        if sample is None or sample.ndim != 2:
            return None
        origin = self.row_book.origin(sample)
        return origin.role if origin is not None else None

    @cached_property
    def row_book(self) -> RowBook:
        """Recognises the data files' rows as this notebook prepared them."""
        return RowBook(self.prepared, self.tables)

    def places(self, run: TrainedRun) -> tuple[Places, NDArray[np.intp]] | None:
        """Which rows of which files a run was seen to train on, also when they were scaled anew,
        and which rows of its sample were looked for; None when it cannot be told."""
        if run.run.number not in self._places:
            sample = self.sample_of(run)
            found = places_of(sample, self.row_book, self.tables) if sample is not None else None
            self._places[run.run.number] = found
        return self._places[run.run.number]

    def sample_of(self, run: TrainedRun) -> Array | None:
        """Some rows that a run was trained on, as the network saw them."""
        digest = run.run.inputs
        if digest is None and run.network is not None and run.network.inputs:
            digest = run.network.leaves[run.network.inputs[0]].digest
        return self.blobs.load(digest) if digest is not None and self.blobs.has(digest) else None

    @cached_property
    def prepared(self) -> tuple[tuple[Array, str], ...]:
        """Matrices in variables, or given whole to a network, that hold a data file's rows in its
        order, with its role."""
        sizes = {t.rows for t in self.tables.values()}
        seen: dict[str, tuple[Array, str]] = {}
        held = [a.digest for a in self.evidence.arrays if len(a.shape) == 2 and a.shape[0] in sizes]
        given = [p.inputs for p in self.evidence.passes if p.inputs and sum(p.rows) in sizes]
        for digest in dict.fromkeys([*held, *given]):
            if self.blobs.has(digest):
                matrix = self.blobs.load(digest)
                if matrix.dtype.kind in "fiu" and (role := source_table(matrix, self.tables)):
                    seen[digest] = (matrix, role)
        return tuple(seen.values())

    @cached_property
    def base(self) -> TrainedRun | None:
        """The run that trained the base network."""
        return base_of(self.evidence, self.runs, self.adaptation, self.rows_of)

    @cached_property
    def built(self) -> Network | None:
        """The network of the second exercise: the trained one if it has residual connections,
        else the network that has most of them, else the trained one, else any."""
        base = self.base
        plain = [d for d in self.drawn if not d.adapted]
        own = self._as_drawn(plain, base)
        trained = own.network if own is not None else base.network if base is not None else None
        if trained is not None and ((own and own.blocks) or (base and base.blocks)):
            return trained
        large = [d for d in plain if len(d.network.layers) >= 2]
        best = max(
            large, key=lambda d: (min(len(d.blocks), 2), len(d.network.layers)), default=None
        )
        if best is not None and best.blocks:
            return best.network
        return trained or (best.network if best is not None else None)

    def _as_drawn(self, plain: list[DrawnNetwork], base: TrainedRun | None) -> DrawnNetwork | None:
        """The base network as first drawn; later, when a factor that nobody learns was still zero
        and hid its residual connections."""
        same = [d for d in plain if base is not None and d.graph.model == base.run.model]
        if not same or not same[0].connections.idle:
            return same[0] if same else None
        return max(same, key=lambda d: len(d.blocks))

    @cached_property
    def built_connections(self) -> Connections:
        """The built network's residual connections: those that count, and those for show."""
        return self._connection_book.of(self.built) if self.built else Connections(())

    @property
    def built_blocks(self) -> tuple[ResidualBlock, ...]:
        return self.built_connections.blocks

    # -- adapters --------------------------------------------------------------------------
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

    # -- predictions -----------------------------------------------------------------------
    @cached_property
    def evaluations(self) -> tuple[Evaluation, ...]:
        return evaluations_of(self.evidence, self.blobs, self.tables, self.row_book)

    @cached_property
    def metric_calls(self) -> tuple[MetricCall, ...]:
        return metric_calls(self.evidence, self.blobs)

    @cached_property
    def shown(self) -> tuple[ShownNumber, ...]:
        """Numbers shown in outputs, in order of the cells."""
        cells = self.evidence.run.cells
        typed = typed_numbers(cells)
        return tuple(n for c in cells for n in shown_numbers(c, typed))

    def shown_in(self, cell: int) -> tuple[ShownNumber, ...]:
        """Numbers shown by one cell (its position in the executed notebook)."""
        return tuple(n for n in self.shown if n.cell == cell)

    @cached_property
    def held(self) -> tuple[tuple[int, str, float], ...]:
        """(cell, variable, number) of numbers kept in variables."""
        return tuple(
            (e.cell, name, value) for e in self.evidence.numbers for name, value in e.values.items()
        )

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

    @cached_property
    def doubts(self) -> tuple[Any, ...]:
        """What speaks against believing what was seen."""
        from graders.analysis.trust import doubts  # trust reads readings

        return doubts(self)

    def doubt(self, theme: str) -> str:
        """Why checks of this theme cannot be told from what was seen; "" when they can."""
        from graders.analysis.trust import doubt_of

        found = doubt_of(self, theme)
        return found.message if found is not None else ""

    def flags(self) -> tuple[Any, ...]:
        """What a person should know that costs nothing by itself: id, message, cells."""
        from graders.analysis.noticed import noticed  # noticed reads readings

        return (*self.doubts, *noticed(self))

    # -- where -----------------------------------------------------------------------------
    def cell(self, executed: int) -> int:
        """Position in the executed notebook of the n-th executed code cell."""
        return self.evidence.cell_index(executed)

    def dimensions(self) -> tuple[tuple[int, int, int], ...]:
        """(out, in, r) of each adapted layer."""
        if self.adapted is None:
            return ()
        network, layers = self.adapted
        return tuple(dimensions(network, layer) for layer in layers)


def close(a: Array | None, b: Array | None, tolerance: float = 2e-3) -> bool:
    """True when two answers are the same numbers, whatever their form."""
    if a is None or b is None or a.size != b.size or not a.size:
        return False
    x, y = (np.asarray(v, dtype=np.float64).reshape(-1) for v in (a, b))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return False
    return bool(np.abs(x - y).max() <= tolerance * (1 + np.abs(x).max()))


def uses_batch_statistics(network: Network) -> bool:
    """True when a batch normalisation on the tape used its batch's own statistics."""
    return any(
        bare(n.op) == "batch_norm" and (n.named.get("training") is True or True in n.args[5:6])
        for n in network.nodes
    )


def same_order(a: Array | None, b: Array | None) -> bool:
    """True when two answers are the same, or rank the rows alike (a logit and its probability)."""
    if a is None or b is None or close(a, b, 1e-4):
        return True
    x, y = score_of(a), score_of(b)
    if x is None or y is None or len(x) != len(y):
        return False
    return bool(np.array_equal(np.argsort(x, kind="stable"), np.argsort(y, kind="stable")))


__all__ = ["Reading", "Scored", "close"]
