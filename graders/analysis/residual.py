"""Where are the residual connections?

A residual connection is an addition (He et al. 2015) or a concatenation (Huang et al. 2016, for
dense blocks) of two values, one of which, the shortcut, is the other's own starting point: the
same value, or one linear projection of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from graders.analysis.network import Network
from graders.analysis.operations import kind

_SHORTCUT = ("shape", "norm", "dropout", "multiply", "pad", "transpose", "pool")


@dataclass(frozen=True)
class ResidualBlock:
    """Values: the shortcut leads from `start` to `short`, the transformed way from `start` to
    `main`, and both are joined in `end`. `way` are the nodes of the transformed way, in order."""

    start: int
    short: int
    main: int
    end: int
    join: str  # "add" or "concat"
    shortcut: str  # "identity" or "projection"
    way: tuple[int, ...]
    layers: int  # weighted layers in a row on the transformed way
    scope: str
    idle: frozenset[int] = frozenset()  # outputs of layers on the way that do not count


def residual_blocks(network: Network) -> tuple[ResidualBlock, ...]:
    """All residual connections between input and output, in order of computation, as drawn:
    whether they change anything is another question (`ablation`)."""
    return tuple(readings[0] for readings in joins(network))


def joins(network: Network) -> tuple[tuple[ResidualBlock, ...], ...]:
    """For each join of two ways, all that can be taken for shortcut and way, likeliest first."""
    found = []
    for index, node in enumerate(network.nodes):
        join = kind(node)
        if join not in ("add", "concat") or not node.outs or node.outs[0] not in network.alive:
            continue
        operands = [v for v in network.sources[index] if v in network.fed]
        blocks = [
            block
            for short in operands
            for main in operands
            if short != main and (block := _block(network, short, main, node.outs[0], join))
        ]
        if blocks:
            blocks.sort(key=lambda b: (b.shortcut != "identity", -b.layers))
            found.append(tuple(blocks))
    return tuple(found)


def _block(network: Network, short: int, main: int, end: int, join: str) -> ResidualBlock | None:
    above = network.ancestors(main)
    for start, projections in _shortcut_values(network, short):
        if start not in above:
            continue
        layers, way = longest_way(network, start, main)
        activated = any(kind(network.nodes[i]) == "activation" for i in way)
        if layers == 0 or (projections and not (layers > projections and activated)):
            return None
        return ResidualBlock(
            start=start,
            short=short,
            main=main,
            end=end,
            join=join,
            shortcut="projection" if projections else "identity",
            way=way,
            layers=layers,
            scope=network.scope(end),
        )
    return None


def _shortcut_values(network: Network, short: int) -> list[tuple[int, int]]:
    """(value, projections) along the shortcut, nearest first; at most one projection."""
    found = [(short, 0)]
    value, projections = short, 0
    while (index := network.producer.get(value)) is not None:
        node = network.nodes[index]
        layer = network.layer_by_out.get(value)
        fed = [v for v in network.sources[index] if v in network.fed]
        if layer is not None:
            projections += 1
            value = layer.data
        elif kind(node) == "multiply" and any(
            a in (0, 0.0) for a in node.args if not isinstance(a, dict)
        ):
            break  # nothing passes
        elif (kind(node) in _SHORTCUT or kind(node) == "add") and len(fed) == 1:
            value = fed[0]  # an addition with one operand from the input is a bias
        else:
            break
        if projections > 1:
            break
        found.append((value, projections))
    return found


def longest_way(network: Network, start: int, end: int) -> tuple[int, tuple[int, ...]]:
    """Most weighted layers met in a row between two values, and the nodes on the way."""
    best: dict[int, tuple[int, tuple[int, ...]]] = {start: (0, ())}
    first = network.producer.get(start, -1)
    last = network.producer.get(end, -1)
    for index in range(first + 1, last + 1):
        node = network.nodes[index]
        ways = [best[s] for s in network.sources[index] if s in best]
        if not ways or not node.outs:
            continue
        count, way = max(ways)
        weighted = node.outs[0] in network.layer_by_out
        for out in node.outs:
            best[out] = (count + weighted, (*way, index))
    return best.get(end, (0, ()))
