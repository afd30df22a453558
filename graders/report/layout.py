"""Where does each node of a network go? Rows by longest path, one main chain, lanes beside it.

The longest path stands in one column. Whatever leaves it and comes back (a skip connection, a
projection, a parallel branch) is a detour: it gets a lane to the right, and two detours share a
lane when their rows do not overlap. A long network is cut where a single value is handed on.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from graders.report.exhibits import NetworkDrawing


@dataclass(frozen=True)
class Detour:
    """A way beside the chain: from `source` through `nodes` to each of `targets`.

    Without nodes it is a plain skip connection. `top` and `bottom` are rows.
    """

    source: str | None
    nodes: tuple[str, ...]
    targets: tuple[str, ...]
    top: int
    bottom: int
    lane: int = 0


@dataclass(frozen=True)
class Layout:
    """Rows (from 0) of all nodes, the chain that stands in the first column, lanes beside it."""

    row: dict[str, int]
    chain: tuple[str, ...]
    detours: tuple[Detour, ...]
    cuts: tuple[int, ...] = ()  # a new column starts at each of these rows
    wide: frozenset[int] = field(default_factory=frozenset)  # lanes that hold nodes

    @property
    def lanes(self) -> int:
        return max((detour.lane for detour in self.detours), default=-1) + 1

    @property
    def rows(self) -> int:
        return max(self.row.values(), default=-1) + 1


def lay_out(drawing: NetworkDrawing, rows_per_column: int = 18) -> Layout:
    """Places for every node and edge of the drawing."""
    order = [node.id for node in drawing.nodes]
    edges = _without_circles(order, drawing.edges)
    row = _rows(order, edges)
    chain = _longest_path(order, edges, row)
    detours = _in_lanes(_detours(order, edges, row, chain))
    wide = frozenset(detour.lane for detour in detours if detour.nodes)
    return Layout(row, chain, detours, _cuts(row, edges, rows_per_column), wide)


def _without_circles(
    order: Sequence[str], edges: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """The edges between known nodes, each once, less those that close a circle."""
    known = set(order)
    following: dict[str, list[str]] = {name: [] for name in order}
    for start, end in dict.fromkeys(edges):
        if start in known and end in known and start != end:
            following[start].append(end)
    state: dict[str, int] = {}
    kept: list[tuple[str, str]] = []
    for root in order:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(following[root]))]
        while stack:
            name, rest = stack[-1]
            for end in rest:
                if state.get(end) == 1:
                    continue  # still open: this edge goes back
                kept.append((name, end))
                if end not in state:
                    state[end] = 1
                    stack.append((end, iter(following[end])))
                    break
            else:
                state[name] = 2
                stack.pop()
    return kept


def _rows(order: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    before: dict[str, int] = dict.fromkeys(order, 0)
    after = defaultdict(list)
    for start, end in edges:
        before[end] += 1
        after[start].append(end)
    row = dict.fromkeys(order, 0)
    ready = [name for name in order if not before[name]]
    for name in ready:
        for end in after[name]:
            row[end] = max(row[end], row[name] + 1)
            before[end] -= 1
            if not before[end]:
                ready.append(end)
    return row


def _longest_path(
    order: Sequence[str], edges: Sequence[tuple[str, str]], row: dict[str, int]
) -> tuple[str, ...]:
    if not order:
        return ()
    above = defaultdict(list)
    for start, end in edges:
        above[end].append(start)
    name = max(order, key=lambda candidate: row[candidate])
    path = [name]
    while row[name]:
        name = next(start for start in above[name] if row[start] == row[name] - 1)
        path.append(name)
    return tuple(reversed(path))


def _detours(
    order: Sequence[str],
    edges: Sequence[tuple[str, str]],
    row: dict[str, int],
    chain: Sequence[str],
) -> list[Detour]:
    after = defaultdict(list)
    above = defaultdict(list)
    for start, end in edges:
        after[start].append(end)
        above[end].append(start)
    next_in_chain = dict(itertools.pairwise(chain))
    used = set(next_in_chain.items())
    placed = set(chain)
    found: list[Detour] = []
    for name in sorted(order, key=lambda candidate: row[candidate]):
        if name in placed:
            continue
        nodes = [name]
        placed.add(name)
        while True:
            follow = [end for end in after[nodes[-1]] if end not in placed]
            if not follow:
                break
            used.add((nodes[-1], follow[0]))
            nodes.append(follow[0])
            placed.add(follow[0])
        source = next(iter(above[name]), None)
        if source is not None:
            used.add((source, name))
        targets = tuple(end for end in after[nodes[-1]] if (nodes[-1], end) not in used)
        used.update((nodes[-1], end) for end in targets)
        top = row[name] - 1 if source is None else row[source]
        bottom = max((row[end] for end in targets), default=row[nodes[-1]] + 1)
        found.append(Detour(source, tuple(nodes), targets, top, bottom))
    plain: dict[str, list[str]] = defaultdict(list)
    for start, end in edges:
        if (start, end) not in used:
            plain[start].append(end)
    for start, ends in plain.items():
        ends.sort(key=lambda end: row[end])
        found.append(Detour(start, (), tuple(ends), row[start], row[ends[-1]]))
    return found


def _in_lanes(detours: Sequence[Detour]) -> tuple[Detour, ...]:
    """Short detours inside, long ones outside; plain ones and those with nodes apart."""
    taken: list[list[Detour]] = []
    placed = []
    for detour in sorted(detours, key=lambda d: (bool(d.nodes), d.bottom - d.top, d.top)):
        free = (lane for lane, others in enumerate(taken) if _fits(detour, others))
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append(detour)
        placed.append(replace(detour, lane=lane))
    return tuple(placed)


def _fits(detour: Detour, others: Sequence[Detour]) -> bool:
    same_kind = bool(others[0].nodes) == bool(detour.nodes)
    return same_kind and all(_apart(detour, other) for other in others)


def _apart(one: Detour, other: Detour) -> bool:
    return one.bottom <= other.top or other.bottom <= one.top


def _cuts(
    row: dict[str, int], edges: Sequence[tuple[str, str]], rows_per_column: int
) -> tuple[int, ...]:
    """Rows where a new column may start, chosen so that the columns come out about even."""
    rows = max(row.values(), default=-1) + 1
    columns = -(-rows // rows_per_column)
    if columns <= 1:
        return ()
    crossing: list[set[str]] = [set() for _row in range(rows + 1)]
    for start, end in edges:
        for cut in range(row[start] + 1, row[end] + 1):
            crossing[cut].add(start)
    possible = [
        cut
        for cut in range(2, rows - 1)
        if len(crossing[cut]) == 1 and row[next(iter(crossing[cut]))] == cut - 1
    ]
    chosen: list[int] = []
    for column in range(1, columns):
        ideal = rows * column / columns
        last = chosen[-1] if chosen else 0
        near = [cut for cut in possible if cut > last + 2 and abs(cut - ideal) <= rows_per_column]
        if near:
            chosen.append(min(near, key=lambda cut: abs(cut - ideal)))
    return tuple(chosen)
