"""Which networks and training runs were there, and which is which?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.ablation import ConnectionBook, Connections
from graders.analysis.image_files import ImageSet
from graders.analysis.inputs import RowBook, source_table
from graders.analysis.lineage import Lineage
from graders.analysis.network import Network
from graders.analysis.places import Places, places_of
from graders.analysis.pretrained import Pretrained, PretrainedBook
from graders.analysis.residual import ResidualBlock
from graders.analysis.runs import (
    DrawnNetwork,
    TrainedRun,
    adaptation_of,
    base_of,
    drawn_networks,
    trained_runs,
)
from graders.analysis.signal_files import SignalSet
from graders.analysis.trusted import TrustedTable
from graders.analysis.weights_file import read_weights_file
from graders.evidence.model import Evidence
from graders.evidence.reading import Blobs

Array = NDArray[Any]
NO_IMAGES: Mapping[str, ImageSet] = MappingProxyType({})
NO_SIGNALS: Mapping[str, SignalSet] = MappingProxyType({})


class Trainings:
    """Networks, runs and rows of one submission's evidence; the first part of a `Reading`.

    `folder` holds the evidence; `tables` are the teacher's data files by role, `weights` the file
    of pretrained weights, `images` and `signals` the sets by name. Everything is computed when
    first asked for.
    """

    def __init__(
        self,
        evidence: Evidence,
        folder: Path,
        tables: Mapping[str, TrustedTable],
        *,
        weights: Path | None = None,
        images: Mapping[str, ImageSet] = NO_IMAGES,
        signals: Mapping[str, SignalSet] = NO_SIGNALS,
    ) -> None:
        self.evidence = evidence
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        self.tables = tables
        self.images = images
        self.signals = signals
        self._weights = weights
        self._places: dict[int, tuple[Places, NDArray[np.intp]] | None] = {}

    @cached_property
    def pretrained(self) -> PretrainedBook | None:
        """The teacher's pretrained weights, and which arrays hold them; None when the assignment
        has none. Raises WeightsFileError when the file cannot be read."""
        if self._weights is None:
            return None
        return PretrainedBook(Pretrained(read_weights_file(self._weights)), self.blobs)

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

    @cached_property
    def lineage(self) -> Lineage:
        """Which tensors come from the pretrained weights, and what they held over time."""
        book = self.pretrained or PretrainedBook(Pretrained({}), self.blobs)
        return Lineage(self.evidence.states, book, self.evidence.training)

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
        return self.connections_of(self.built) if self.built else Connections(())

    def connections_of(self, network: Network) -> Connections:
        """A network's residual connections."""
        return self._connection_book.of(network)

    @property
    def built_blocks(self) -> tuple[ResidualBlock, ...]:
        return self.built_connections.blocks

    def cell(self, executed: int) -> int:
        """Position in the executed notebook of the n-th executed code cell."""
        return self.evidence.cell_index(executed)
