"""Which linear layers carry a low-rank adapter, and what does it add?

An adapted layer computes y = (W + c B A) x + b (Hu et al. 2021). It is recognised in the graph by
its algebra, however it is written: two linear maps beside the layer, a sum of weights, a
parametrization. The factor c is measured by computing the layer again on random values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from graders.analysis.network import Layer, Network
from graders.analysis.operations import kind
from graders.analysis.replay import Replay, ReplayError
from graders.evidence.model import Entry

MAX_FACTORS = 4


@dataclass(frozen=True)
class Factor:
    """A matrix in a product: a leaf value, read transposed or not."""

    leaf: int
    transposed: bool


@dataclass(frozen=True)
class AdaptedLayer:
    """Leaf values of W, A (next to the input) and B (next to the output).

    `start` and `end` are the values the layer reads and makes. Flags tell how the leaves are
    stored: W is (out, in) unless `w_transposed`; A is (r, in) unless `a_transposed`; B is
    (out, r) unless `b_transposed`.
    """

    w: int
    a: int
    b: int
    w_transposed: bool
    a_transposed: bool
    b_transposed: bool
    start: int
    end: int
    scope: str


def adapted_layers(network: Network) -> tuple[AdaptedLayer, ...]:
    """Every linear layer of the network that carries a trainable pair A, B."""
    found = [*_beside(network), *_within(network)]
    return tuple({layer.w: layer for layer in found}.values())


def plain_layers(network: Network, adapted: tuple[AdaptedLayer, ...]) -> tuple[Layer, ...]:
    """Weighted layers that are neither adapted nor part of an adapter."""
    taken = {v for layer in adapted for v in (layer.w, layer.a, layer.b)}
    return tuple(
        layer
        for layer in network.layers
        if not any(leaf.value in taken for leaf in network.weight_leaves(layer.weight))
    )


# -- matrices -------------------------------------------------------------------------------
def _product(network: Network, value: int, transposed: bool = False) -> tuple[Factor, ...] | None:
    """The value as a product of leaf matrices, scalars aside; None when it is not one."""
    index = network.producer.get(value)
    if index is None:
        if value in network.leaves and len(network.shape(value)) == 2:
            return (Factor(value, transposed),)
        return None
    node = network.nodes[index]
    matrices = [v for v in network.sources[index] if len(network.shape(v)) == 2]
    what = kind(node)
    if what == "transpose" and len(matrices) == 1:
        return _product(network, matrices[0], not transposed)
    if what in ("shape", "multiply", "dropout") and len(matrices) == 1:
        return _product(network, matrices[0], transposed)
    if what in ("matmul", "linear") and len(matrices) == 2:
        # F.linear(x, w) is x @ w.T
        left = _product(network, matrices[0])
        right = _product(network, matrices[1], what == "linear")
        if left is None or right is None:
            return None
        if what == "linear":
            right = tuple(reversed(right))
        factors = (*left, *right)
        if transposed:
            factors = tuple(Factor(f.leaf, not f.transposed) for f in reversed(factors))
        return factors if len(factors) <= MAX_FACTORS else None
    return None


def _sum(network: Network, value: int, transposed: bool = False) -> list[tuple[Factor, ...]]:
    """The value as a sum of products of leaf matrices; empty when it is not one."""
    index = network.producer.get(value)
    if index is not None:
        node = network.nodes[index]
        matrices = [v for v in network.sources[index] if len(network.shape(v)) == 2]
        what = kind(node)
        if what == "add" and len(matrices) == 2:
            parts = [_sum(network, v, transposed) for v in matrices]
            return [p for part in parts for p in part] if all(parts) else []
        if what in ("transpose", "shape", "dropout", "multiply") and len(matrices) == 1:
            return _sum(network, matrices[0], transposed ^ (what == "transpose"))
    product = _product(network, value, transposed)
    return [product] if product is not None else []


# -- the pattern ----------------------------------------------------------------------------
def _trains(network: Network, leaf: int) -> bool:
    return network.graph.values[leaf].requires_grad


def _within(network: Network) -> list[AdaptedLayer]:
    """Layers whose weight is a sum W + c B A."""
    found = []
    for layer in network.layers:
        terms = _sum(network, layer.weight, transposed=not layer.transposed)
        # terms now read as x @ term: in x out
        pairs = [t for t in terms if len(t) == 2 and all(_trains(network, f.leaf) for f in t)]
        singles = [t[0] for t in terms if len(t) == 1]
        if len(pairs) == 1 and len(singles) == 1:
            found.append(_layer(network, singles[0], pairs[0], layer.data, layer.out))
    return found


def _beside(network: Network) -> list[AdaptedLayer]:
    """Layers to whose output c B A x is added."""
    found = []
    for index, node in enumerate(network.nodes):
        if kind(node) != "add" or not node.outs or node.outs[0] not in network.alive:
            continue
        operands = [v for v in network.sources[index] if v in network.fed]
        if len(operands) != 2:
            continue
        chains = [_chains(network, v) for v in operands]
        for base, added in ((chains[0], chains[1]), (chains[1], chains[0])):
            match = next(
                (
                    (w[0], pair, start)
                    for start, w in base
                    for other, pair in added
                    if start == other
                    and len(w) == 1
                    and len(pair) == 2
                    and w[0].leaf not in {f.leaf for f in pair}
                    and all(_trains(network, f.leaf) for f in pair)
                ),
                None,
            )
            if match is not None:
                w, pair, start = match
                found.append(_layer(network, w, pair, start, node.outs[0]))
                break
    return found


def _chains(network: Network, value: int) -> list[tuple[int, tuple[Factor, ...]]]:
    """(start, factors) such that the value is start @ factors, scalars and biases aside."""
    index = network.producer.get(value)
    if index is None:
        return []
    node = network.nodes[index]
    fed = [v for v in network.sources[index] if v in network.fed]
    if kind(node) in ("multiply", "dropout", "shape", "add", "transpose") and len(fed) == 1:
        return _chains(network, fed[0])
    layer = network.layer_by_out.get(value)
    if layer is None:
        return []
    factors = _product(network, layer.weight, transposed=not layer.transposed)
    if factors is None:
        return []
    start = _bare_value(network, layer.data)
    found = [(start, factors), *((s, factors) for s in _before_scaling(network, start))]
    for earlier, before in _chains(network, layer.data):
        if len(before) + len(factors) <= MAX_FACTORS:
            found.append((earlier, (*before, *factors)))
    return found


def _bare_value(network: Network, value: int) -> int:
    """The value before dropout and changes of form, transposed or not."""
    while (index := network.producer.get(value)) is not None:
        fed = [v for v in network.sources[index] if v in network.fed]
        if kind(network.nodes[index]) not in ("dropout", "shape", "transpose") or len(fed) != 1:
            break
        value = fed[0]
    return value


def _before_scaling(network: Network, value: int) -> list[int]:
    """The value that was multiplied by a factor to give this one: (alpha x) A B is alpha x A B."""
    index = network.producer.get(value)
    if index is None or kind(network.nodes[index]) != "multiply":
        return []
    fed = [v for v in network.sources[index] if v in network.fed]
    return [_bare_value(network, fed[0])] if len(fed) == 1 else []


def _layer(
    network: Network, w: Factor, pair: tuple[Factor, ...], start: int, end: int
) -> AdaptedLayer:
    a, b = pair  # x @ a @ b, each read as in x out
    return AdaptedLayer(
        w=w.leaf,
        a=a.leaf,
        b=b.leaf,
        w_transposed=not w.transposed,
        a_transposed=not a.transposed,
        b_transposed=not b.transposed,
        start=_bare_value(network, start),
        end=end,
        scope=network.scope(end),
    )


# -- shapes and formula ---------------------------------------------------------------------
def dimensions(network: Network, layer: AdaptedLayer) -> tuple[int, int, int]:
    """(out, in, r) of an adapted layer."""
    rows, columns = network.shape(layer.w)
    out, into = (columns, rows) if layer.w_transposed else (rows, columns)
    first, second = network.shape(layer.a)
    return out, into, (second if layer.a_transposed else first)


def shapes_fit(network: Network, layer: AdaptedLayer) -> bool:
    """True when B A has the form of W."""
    out, into, rank = dimensions(network, layer)
    a = network.shape(layer.a)
    b = network.shape(layer.b)
    return (a[::-1] if layer.a_transposed else a) == (rank, into) and (
        b[::-1] if layer.b_transposed else b
    ) == (out, rank)


@dataclass(frozen=True)
class Formula:
    """What an adapted layer computes: the factor c, and how far from (W + c B A) x + b it is."""

    factor: float
    deviation: float  # relative to the layer's output, 0 for an exact layer

    @property
    def holds(self) -> bool:
        return self.deviation < 1e-6


def formula(replay: Replay, layer: AdaptedLayer, draws: int = 3, rows: int = 7) -> Formula:
    """Measures c on random inputs and weights. Raises ReplayError."""
    network = replay.network
    out, into, rank = dimensions(network, layer)
    generator = torch.Generator().manual_seed(20)

    def random(shape: tuple[int, ...]) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def stored(matrix: torch.Tensor, transposed: bool) -> torch.Tensor:
        return matrix.T.contiguous() if transposed else matrix

    factors, deviations = [], []
    for _ in range(draws):
        x, w, a, b = (
            random((rows, into)),
            random((out, into)),
            random((rank, into)),
            random((out, rank)),
        )

        def answer(
            w: torch.Tensor, a: torch.Tensor, b: torch.Tensor, x: torch.Tensor = x
        ) -> torch.Tensor:
            given = {
                layer.start: x,
                layer.w: stored(w, layer.w_transposed),
                layer.a: stored(a, layer.a_transposed),
                layer.b: stored(b, layer.b_transposed),
            }
            with torch.no_grad():
                return replay.compute([layer.end], given)[0].reshape(rows, out)

        nothing = torch.zeros_like
        bias = answer(nothing(w), nothing(a), nothing(b))
        whole = answer(w, a, b)
        added = x @ a.T @ b.T
        rest = whole - bias - x @ w.T
        factor = float((rest * added).sum() / (added * added).sum())
        factors.append(factor)
        deviations.append(float((rest - factor * added).norm() / whole.norm().clamp_min(1e-12)))
        constant = float((bias - bias[:1]).norm() / bias.norm().clamp_min(1e-12))
        deviations.append(constant)
    spread = max(factors) - min(factors)
    return Formula(sum(factors) / len(factors), max(*deviations, spread / (1 + abs(factors[0]))))


# -- pairs that the network does not use ------------------------------------------------------
@dataclass(frozen=True)
class CarriedPair:
    """A trainable pair kept beside a frozen matrix, by tensor identity: whether or not the
    network's output uses it as the formula says."""

    a: int
    b: int
    out: int
    into: int
    rank: int
    name: str


def carried_pairs(entries: Sequence[Entry]) -> tuple[CarriedPair, ...]:
    """Consecutive trainable matrices whose product has the form of a frozen one."""
    frozen: set[tuple[int, ...]] = {
        e.shape for e in entries if len(e.shape) == 2 and not e.requires_grad
    }
    trained = [e for e in entries if len(e.shape) == 2 and e.requires_grad]
    found: list[CarriedPair] = []
    index = 0
    while index + 1 < len(trained):
        pair = _pair(trained[index], trained[index + 1], frozen)
        if pair is not None:
            found.append(pair)
        index += 2 if pair is not None else 1
    return tuple(found)


def _pair(first: Entry, second: Entry, frozen: set[tuple[int, ...]]) -> CarriedPair | None:
    for a, b in ((first, second), (second, first)):
        for (rank, into), (out, again) in ((a.shape, b.shape), (a.shape[::-1], b.shape[::-1])):
            if rank == again and (out, into) in frozen and rank < max(out, into):
                return CarriedPair(a.uid, b.uid, out, into, rank, a.name.rpartition(".")[0])
    return None


__all__ = [
    "AdaptedLayer",
    "CarriedPair",
    "Formula",
    "ReplayError",
    "adapted_layers",
    "carried_pairs",
    "dimensions",
    "formula",
    "plain_layers",
    "shapes_fit",
]
