"""What does the network look like? A drawing of its graph, with the residual blocks marked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from graders.language import _
from graders.report import svg
from graders.report.exhibits import DrawnNode, NetworkDrawing
from graders.report.layout import Detour, Layout, lay_out

ROW = 40.0  # from one node to the next
BOX = 26.0  # height of a node
SLIM = 13.0  # distance between lanes without nodes
MARGIN = 26.0  # left of the chain: room for a block's frame and name
BLOCK_HEAD = 12.0  # more room above and below a block
BEND = 9.0
JOINT = 8.0  # from the edge to the dot where one column hands on to the next
MERGING = ("add", "concat")


@dataclass(frozen=True)
class _Segment:
    """One column of the drawing: rows first..last (both included) and where things stand."""

    first: int
    last: int
    y: Mapping[int, float]  # middle of each row
    x: Mapping[int, float]  # middle of each lane in use; -1 is the chain
    width: float  # of a node
    height: float
    right: float

    def holds(self, row: int) -> bool:
        return self.first <= row <= self.last


def network(drawing: NetworkDrawing) -> list[Markup]:
    """The drawing as one SVG for each column, to stand side by side or below one another."""
    layout = lay_out(drawing)
    nodes = {node.id: node for node in drawing.nodes}
    bounds = [0, *layout.cuts, layout.rows]
    return [
        _column(drawing, layout, nodes, first, end - 1, number, len(bounds) - 2)
        for number, (first, end) in enumerate(itertools.pairwise(bounds))
        if end > first
    ]


def _column(
    drawing: NetworkDrawing,
    layout: Layout,
    nodes: Mapping[str, DrawnNode],
    first: int,
    last: int,
    number: int,
    last_number: int,
) -> Markup:
    detours = [d for d in layout.detours if _belongs(d, layout, first, last)]
    place = _segment(layout, nodes, detours, first, last)
    parts = _blocks(layout, nodes, place, detours)
    parts += _chain_edges(layout, place, number, last_number)
    for detour in detours:
        parts += _detour_edges(detour, layout, nodes, place)
    lane_of = {name: d.lane for d in layout.detours for name in d.nodes}
    for name, node in nodes.items():
        if place.holds(layout.row[name]):
            parts.append(_node(node, place, lane_of.get(name, -1), place.y[layout.row[name]]))
    label = drawing.title
    if last_number:
        label = _("{title}, part {n} of {all}").format(
            title=drawing.title, n=number + 1, all=last_number + 1
        )
    return svg.drawing(place.right, place.height, label, "net", parts)


def _belongs(detour: Detour, layout: Layout, first: int, last: int) -> bool:
    arrives = detour.nodes[0] if detour.nodes else detour.targets[0]
    return first <= layout.row[arrives] <= last


def _segment(
    layout: Layout,
    nodes: Mapping[str, DrawnNode],
    detours: Sequence[Detour],
    first: int,
    last: int,
) -> _Segment:
    inside = [node for node in nodes.values() if first <= layout.row[node.id] <= last]
    width = min(max([_room(node) for node in inside], default=0.0), 250.0)
    width = max(width, 120.0)
    by_row: dict[int, set[int | None]] = {}
    for node in inside:
        by_row.setdefault(layout.row[node.id], set()).add(node.block)
    y: dict[int, float] = {}
    at = JOINT + ROW if first else 22.0
    previous: set[int | None] = {None}
    for row in range(first, last + 1):
        now = by_row.get(row, {None})
        if row > first:
            at += ROW
        if (now | previous) != {None} and now != previous:
            at += BLOCK_HEAD if row > first else 4
        y[row] = at
        previous = now
    x: dict[int, float] = {-1: MARGIN + width / 2}
    edge = MARGIN + width + 8
    for lane in sorted({detour.lane for detour in detours}):
        if lane in layout.wide:
            x[lane] = edge + SLIM + width / 2
            edge += SLIM + width + 8
        else:
            x[lane] = edge + SLIM
            edge += SLIM
    foot = 34.0 if last < layout.rows - 1 else 22.0
    return _Segment(first, last, y, x, width, at + foot, edge + 18)


def _room(node: DrawnNode) -> float:
    letters = 6.7 * len(node.label) + 6.3 * len(node.detail)
    return letters + (48 if node.detail else 24)


def _blocks(
    layout: Layout,
    nodes: Mapping[str, DrawnNode],
    place: _Segment,
    detours: Sequence[Detour],
) -> list[Markup]:
    """A frame behind the nodes of each residual block, out to its skip connection."""
    parts = []
    present = sorted({n.block for n in nodes.values() if n.block is not None})
    for block in present:
        members = [n for n in nodes.values() if n.block == block and place.holds(layout.row[n.id])]
        if not members:
            continue
        names = {node.id for node in members}
        rows = [layout.row[name] for name in names]
        right = place.x[-1] + place.width / 2 + 8
        for detour in detours:
            if names.intersection(detour.targets) or names.intersection(detour.nodes):
                half = place.width / 2 if detour.nodes else 0.0
                right = max(right, place.x[detour.lane] + half + 7)
        top = place.y[min(rows)] - BOX / 2 - 8
        bottom = place.y[max(rows)] + BOX / 2 + 8
        parts.append(svg.box(MARGIN - 8, top, right - MARGIN + 8, bottom - top, "block", radius=8))
        middle = (top + bottom) / 2
        parts.append(
            svg.element(
                "text",
                {
                    "x": 11,
                    "y": middle,
                    "class": "block-name",
                    "text-anchor": "middle",
                    "transform": f"rotate(-90 11 {svg.point(middle, 0).split()[0]})",
                },
                _("Block {n}").format(n=block + 1) if bottom - top > 70 else str(block + 1),
            )
        )
    return parts


def _chain_edges(layout: Layout, place: _Segment, number: int, last_number: int) -> list[Markup]:
    x = place.x[-1]
    parts = []
    for row in range(place.first, place.last):
        parts += _arrow_down(x, place.y[row] + BOX / 2, place.y[row + 1] - BOX / 2)
    if number:  # it goes on from the column before
        parts.append(_joint(x, JOINT))
        parts += _arrow_down(x, JOINT, place.y[place.first] - BOX / 2)
    if number < last_number:
        below = place.y[place.last] + BOX / 2
        parts.append(svg.line(x, below, x, place.height - JOINT, "edge"))
        parts.append(_joint(x, place.height - JOINT))
    return parts


def _detour_edges(
    detour: Detour, layout: Layout, nodes: Mapping[str, DrawnNode], place: _Segment
) -> list[Markup]:
    lane = place.x[detour.lane]
    lane_of = {name: d.lane for d in layout.detours for name in d.nodes}

    def leaving_from(name: str, below_middle: float) -> tuple[float, float]:
        if layout.row[name] < place.first:
            return place.x[-1], JOINT
        return side(name), middle(name) + below_middle

    def side(name: str) -> float:
        return place.x.get(lane_of.get(name, -1), place.x[-1]) + _half(nodes[name], place)

    def middle(name: str) -> float:
        return place.y[layout.row[name]]

    css = "edge skip" if any(nodes[end].kind in MERGING for end in detour.targets) else "edge"
    parts: list[Markup] = []
    if detour.nodes:
        inner = [middle(name) for name in detour.nodes]
        for upper, lower in itertools.pairwise(inner):
            parts += _arrow_down(lane, upper + BOX / 2, lower - BOX / 2, css)
        if detour.source is not None:
            begin, start = leaving_from(detour.source, 4)
            end = inner[0] - BOX / 2
            way = f"M{svg.point(begin, start)} H{lane - BEND:g}"
            way += f" Q{svg.point(lane, start)} {svg.point(lane, start + BEND)} V{end - 4:g}"
            parts += [svg.path(way, css), _head(lane, end, "down", css)]
        leaving = inner[-1] + BOX / 2
    else:
        assert detour.source is not None
        begin, start = leaving_from(detour.source, 5)
        turn = f"M{svg.point(begin, start)} H{lane - BEND:g}"
        turn += f" Q{svg.point(lane, start)} {svg.point(lane, start + BEND)}"
        parts.append(svg.path(turn, css))
        leaving = start + BEND
    for name in detour.targets:
        arriving = middle(name) - 5
        to = side(name)
        way = f"M{svg.point(lane, leaving)} V{arriving - BEND:g}"
        way += f" Q{svg.point(lane, arriving)} {svg.point(lane - BEND, arriving)} H{to + 4:g}"
        parts += [svg.path(way, css), _head(to, arriving, "left", css)]
    return parts


def _joint(x: float, y: float) -> Markup:
    return svg.element("circle", {"cx": x, "cy": y, "r": 4, "class": "joint"})


def _arrow_down(x: float, top: float, bottom: float, css: str = "edge") -> list[Markup]:
    return [svg.line(x, top, x, bottom - 4, css), _head(x, bottom, "down", css)]


def _head(x: float, y: float, way: str, css: str) -> Markup:
    """A small arrow head whose tip is at (x, y)."""
    corners = (
        f"M{svg.point(x, y)} L{svg.point(x - 3.5, y - 6)} L{svg.point(x + 3.5, y - 6)} Z"
        if way == "down"
        else f"M{svg.point(x, y)} L{svg.point(x + 6, y - 3.5)} L{svg.point(x + 6, y + 3.5)} Z"
    )
    return svg.path(corners, css.replace("edge", "tip"))


def _half(node: DrawnNode, place: _Segment) -> float:
    return (min(_pill(node), place.width) if node.kind in MERGING else place.width) / 2


def _pill(node: DrawnNode) -> float:
    return max(_room(node), 64.0)


def _node(node: DrawnNode, place: _Segment, lane: int, y: float) -> Markup:
    middle = place.x[lane]
    half = _half(node, place)
    round_corner = BOX / 2 if node.kind in (*MERGING, "input", "output") else 4
    full = f"{node.label} {node.detail}".strip()
    parts = [
        svg.title(full),
        svg.box(middle - half, y - BOX / 2, half * 2, BOX, "shape", radius=round_corner),
    ]
    letters = max(int((half * 2 - 20) / 6.5), 4)
    label = _cut(node.label, letters)
    detail = _cut(node.detail, max(letters - len(label) - 1, 0))
    if detail:
        parts.append(svg.text(middle - half + 11, y + 4, label, "name"))
        parts.append(svg.text(middle + half - 11, y + 4, detail, "detail", "end"))
    else:
        parts.append(svg.text(middle, y + 4, label, "name", "middle"))
    return svg.element("g", {"class": f"node {node.kind}"}, *parts)


def _cut(label: str, letters: int) -> str:
    label = " ".join(label.split())
    if len(label) <= letters:
        return label
    return label[: letters - 1] + "…" if letters > 1 else ""
