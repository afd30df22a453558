"""What would a network compute with other weights, on other rows?

A tape shows a network with one set of weights, often as they were before training: a gain of zero
(ReZero, zero-gamma, LoRA's B) would hide a whole branch. With its parameters drawn at random what
can be learnt is there; constants and buffers keep their values, since nobody trains them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from graders.analysis.network import Network
from graders.analysis.operations import bare, kind
from graders.analysis.replay import Replay, ReplayError
from graders.evidence.model import Leaf
from graders.evidence.reading import Blobs

ROWS = 24
_COMPARISONS = frozenset("lt gt le ge __lt__ __gt__ __le__ __ge__".split())


@dataclass(frozen=True)
class Way:
    """How to draw: scale of the weights (None keeps the network's own), noise on the rows in
    standard deviations of each column."""

    gain: float | None
    noise: float


# Mostly the first one tells. The others are for networks that are dead or saturated in it.
WAYS = (Way(1.0, 0.5), Way(0.7, 1.0), Way(None, 0.5), Way(0.3, 1.0), Way(2.0, 0.1), Way(1.0, 3.0))


def can_train(network: Network, leaf: Leaf, trained: Collection[int]) -> bool:
    """True when somebody can train this leaf, or could before it was frozen. `trained` are
    identities of tensors that got gradients."""
    wants = network.graph.values[leaf.value].requires_grad
    return leaf.role == "parameter" or wants or leaf.uid in trained


class Draw:
    """One draw of weights and rows, with every value that the network's output rests on.

    Raises ReplayError when the network cannot be computed again.
    """

    def __init__(
        self,
        network: Network,
        blobs: Blobs,
        trained: Collection[int],
        way: Way,
        seed: int,
        rows: int = ROWS,
    ) -> None:
        if network.output is None or not network.inputs:
            raise ReplayError("the network has no input or no output")
        self.network = network
        self.output = network.output
        self.trained = trained
        self.replay = Replay(network, blobs, shut=True)
        self.gain = way.gain
        self._generator = torch.Generator().manual_seed(seed)
        weights = self._weights()
        try:
            self.values = self._every(weights | self._rows(way.noise, rows))
        except ReplayError:  # some networks take one number of rows only
            self.values = self._every(weights | self._rows(way.noise, None))
        self.output = self._graded(self.output)

    def after(
        self,
        wanted: Sequence[int],
        altered: Mapping[int, torch.Tensor],
        held: Collection[int] = (),
    ) -> list[torch.Tensor]:
        """The wanted values when some are altered and the `held` ones stay as they are."""
        moved = self.network.reach(set(altered)) - set(held)
        known = {v: x for v, x in self.values.items() if v not in moved}
        with torch.no_grad():
            return self.replay.compute(wanted, known | dict(altered))

    def at(self, end: int, altered: Mapping[int, torch.Tensor]) -> torch.Tensor:
        """What one operation makes of its operands when some of them are altered."""
        sources = self.network.sources[self.network.producer[end]]
        with torch.no_grad():
            known = {s: self.values[s] for s in sources} | dict(altered)
            return self.replay.compute([end], known)[0]

    def other(self, value: int) -> torch.Tensor:
        """Other numbers for a value, of its own scale."""
        own = self.values[value]
        spread = own.std() if own.numel() > 1 else own.abs().max()
        return own + (spread if spread > 0 else 1.0) * self._normal(own.shape)

    def other_weights(self, leaves: Sequence[Leaf]) -> dict[int, torch.Tensor]:
        """Other numbers for parameters."""
        return {x.value: self._parameter(self.values[x.value].shape, 1.0) for x in leaves}

    def _graded(self, value: int) -> int:
        """The value before it was made a class or a yes: few labels hide what moves them."""
        network = self.network
        while _is_label(self.values[value]):
            index = network.producer.get(value)
            if index is None or kind(network.nodes[index]) not in ("other", "shape", "slice"):
                break
            fed = [s for s in network.sources[index] if s in network.fed]
            if len(fed) != 1:
                break
            value = fed[0]
        return value

    # -- drawing ---------------------------------------------------------------------------
    def _every(self, given: dict[int, torch.Tensor]) -> dict[int, torch.Tensor]:
        wanted = sorted(self.network.ancestors(self.output) | {self.output})
        with torch.no_grad():
            return dict(zip(wanted, self.replay.compute(wanted, given), strict=True))

    def _weights(self) -> dict[int, torch.Tensor]:
        """Drawn parameters by value. Those frozen beside ones that are not are constants too."""
        network = self.network
        leaves = [x for x in network.leaves.values() if x.value not in network.inputs]
        open_ = [
            x
            for x in leaves
            if network.graph.values[x.value].requires_grad or x.uid in self.trained
        ]
        drawn = {}
        for leaf in open_ or [x for x in leaves if can_train(network, leaf=x, trained=())]:
            shape = network.shape(leaf.value)
            if self.gain is not None and _is_float(network, leaf.value):
                drawn[leaf.value] = self._parameter(shape, self.gain)
        for value in self._lots:
            drawn[value] = torch.rand(
                network.shape(value), generator=self._generator, dtype=torch.float64
            )
        return drawn

    @property
    def _lots(self) -> list[int]:
        """Constants between 0 and 1 that are compared with something: a lot drawn in the network,
        as stochastic depth does. One draw of it says little."""
        network = self.network
        compared = {
            s
            for index, node in enumerate(network.nodes)
            if bare(node.op) in _COMPARISONS
            for s in network.sources[index]
        }
        found = []
        for value in sorted(compared & set(network.leaves)):
            leaf = network.leaves[value]
            if leaf.role == "constant" and value not in network.inputs:
                held = self.replay.leaf(value)
                if held.is_floating_point() and bool(((held >= 0) & (held <= 1)).all()):
                    found.append(value)
        return found

    def _parameter(self, shape: Sequence[int], gain: float) -> torch.Tensor:
        """Matrices keep the scale of what passes through; gains and biases are about 1 or -1."""
        if len(shape) >= 2 and shape[-1] * shape[-2] > 1:
            numbers = self._normal(shape)
            size = numbers.numel() / (shape[0] * shape[1])  # of a convolution's kernel
            scale: float = gain * (2 / (size * (shape[0] + shape[1]))) ** 0.5
            return numbers * scale
        drawn = torch.rand(tuple(shape), generator=self._generator, dtype=torch.float64)
        sign = self._normal(shape).sign()
        return (0.5 + drawn) * sign

    def _rows(self, noise: float, rows: int | None) -> dict[int, torch.Tensor]:
        """Rows near those that the network was given; `rows` None keeps their number."""
        found = {}
        for value in self.network.inputs:
            own = self.replay.leaf(value)
            if own.ndim >= 2 and rows is not None and len(self.network.inputs) == 1:
                own = own[torch.arange(rows) % len(own)]
            if own.is_floating_point():
                spread = own.std(dim=0, keepdim=True) if own.ndim >= 2 and len(own) > 1 else 1.0
                own = own + noise * spread * self._normal(own.shape)
            found[value] = own
        return found

    def _normal(self, shape: Sequence[int]) -> torch.Tensor:
        return torch.randn(tuple(shape), generator=self._generator, dtype=torch.float64)


def draws(
    network: Network, blobs: Blobs, trained: Collection[int], rows: int = ROWS
) -> Iterator[Draw]:
    """Draws, one after another, as long as somebody asks. Raises ReplayError."""
    for seed, way in enumerate(WAYS):
        yield Draw(network, blobs, trained, way, seed, rows)


def work(network: Network) -> float:
    """Multiplications of the network's layers for one row, about."""
    total = 0.0
    for layer in network.layers:
        out, weight = network.shape(layer.out), network.shape(layer.weight)
        places = math.prod(out[2:]) if len(weight) > 2 else math.prod(out[1:-1])
        total += math.prod(weight) * places
    return total


def effect(before: torch.Tensor, after: torch.Tensor) -> float | None:
    """How far the values moved, relative to how far rows lie apart; None when that says nothing.

    Rows are along the first dimension. Numbers that overflow now and did not before have moved.
    """
    if before.shape != after.shape or not before.numel():
        return None
    own, changed = before.double(), after.double()
    spread = float((own - own.mean(dim=0, keepdim=True)).norm()) if own.ndim else 0.0
    moved = float((changed - own).norm())
    if not math.isfinite(spread) or spread <= 1e-10 * float(own.norm()):
        return None
    return moved / spread if math.isfinite(moved) else math.inf


def _is_label(values: torch.Tensor) -> bool:
    return not values.is_floating_point() or len(np.unique(values.numpy())) <= 2


def _is_float(network: Network, value: int) -> bool:
    return "float" in network.graph.values[value].dtype
