"""Which residual blocks does a picture pass, and what lies on their two ways?

A block ends in a sum whose two operands come from one station. The way with more convolutions is
the main one, the other the skip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from graders.analysis.pointwise import AFFINE, PER_CHANNEL, UNKNOWN, ZERO, Functions
from graders.analysis.stations import Conv, Edge, Station, Stations

SkipFrom = Literal["start", "norm", "activation"]


@dataclass(frozen=True)
class Step:
    """A station on a way, and the edge by which the picture comes to it."""

    station: Station
    edge: Edge


@dataclass(frozen=True)
class PictureBlock:
    """`start` is the station that both ways begin at, `end` the sum's value; `main_end` and
    `skip_end` bring the ways into the sum. `skip_from` tells whether the skip begins at the
    block's input or behind its first normalisation (or activation)."""

    start: int
    end: int
    main: tuple[Step, ...]
    skip: tuple[Step, ...]
    main_end: Edge
    skip_end: Edge
    skip_from: SkipFrom

    def convs(self, stations: Stations) -> tuple[Conv, ...]:
        """Convolutions of the main way."""
        return tuple(stations.convs[s.station.out] for s in self.main if s.station.sort == "conv")


def picture_blocks(stations: Stations, functions: Functions) -> tuple[PictureBlock, ...]:
    """Residual blocks with convolutions, in order of computation."""
    found = [_block(stations, functions, sum_) for sum_ in stations.of_sort("add")]
    return tuple(block for block in found if block is not None)


def _block(stations: Stations, functions: Functions, end: Station) -> PictureBlock | None:
    ways = [_steps(stations, edge) for edge in end.edges]
    passed = [
        [edge.root, *(step.edge.root for step in way)]
        for edge, way in zip(end.edges, ways, strict=True)
    ]
    common = next((v for v in passed[0] if v in passed[1]), None)
    if common is None:
        return None
    cut = [way[: places.index(common)] for way, places in zip(ways, passed, strict=True)]
    weights = [_weight(stations, steps) for steps in cut]
    if max(weights) == (0, 0):
        return None
    main, skip = (0, 1) if weights[0] >= weights[1] else (1, 0)
    main_steps, skip_steps = tuple(reversed(cut[main])), tuple(reversed(cut[skip]))
    skip_from: SkipFrom = "start"
    first = stations.by_value[common]
    if skip_steps and first.sort == "norm" and main_steps[0].station.sort == "conv":
        # the projection is given what the first convolution is given
        skip_from = "activation" if functions.is_activation(skip_steps[0].edge) else "norm"
        main_steps = (Step(first, first.edges[0]), *main_steps)
        common = first.edges[0].root
    return PictureBlock(
        start=common,
        end=end.out,
        main=main_steps,
        skip=skip_steps,
        main_end=end.edges[main],
        skip_end=end.edges[skip],
        skip_from=skip_from,
    )


def _steps(stations: Stations, edge: Edge) -> list[Step]:
    """Stations before an edge, nearest first, as long as there is one way."""
    return [Step(s, entered) for s, entered in stations.way_back(edge.root) if entered is not None]


def _weight(stations: Stations, steps: list[Step]) -> tuple[int, int]:
    """How much of a main way it is: convolutions, and the size of their kernels."""
    convs = [stations.convs[s.station.out] for s in steps if s.station.sort == "conv"]
    return len(convs), sum(c.kernel[0] * c.kernel[1] for c in convs)


# -- as a pattern ---------------------------------------------------------------------------
def main_pattern(block: PictureBlock, stations: Stations, functions: Functions) -> tuple[str, ...]:
    """norm, activation, conv and other names of what lies on the main way, in order; "?" for a
    function that cannot be computed again. What only makes pictures smaller is left out."""
    return _pattern(_names(block.main, stations), block.main, block.main_end, functions)


def skip_pattern(block: PictureBlock, stations: Stations, functions: Functions) -> tuple[str, ...]:
    """The same of the skip; empty for an identity. What both ways are given is not part of it."""
    entry = block.skip[0].edge if block.skip else block.skip_end
    shared = block.skip_from != "start" or entry == block.main[0].edge
    names = _names(block.skip, stations)
    return _pattern(names, block.skip, block.skip_end, functions, entered=not shared)


def _names(steps: tuple[Step, ...], stations: Stations) -> list[str]:
    """A name for each station; "" for what only makes pictures smaller."""
    return ["" if stations.shrinks(s.station) else s.station.sort for s in steps]


def _pattern(
    names: list[str],
    steps: tuple[Step, ...],
    last: Edge,
    functions: Functions,
    entered: bool = True,
) -> tuple[str, ...]:
    edges = [*(step.edge for step in steps), last]
    found: list[str] = []
    for number, (edge, name) in enumerate(zip(edges, [*names, ""], strict=True)):
        if number or entered:
            found += _function(functions.name(edge))
        if name:
            found.append(name)
    return tuple(found)


def _function(name: str) -> list[str]:
    if name == "identity":
        return []
    return [name] if name in (AFFINE, ZERO, UNKNOWN, PER_CHANNEL) else ["activation"]
