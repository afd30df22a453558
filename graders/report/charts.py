"""How do numbers look? Curves, a histogram, a bar: inline SVG, coloured by the page's CSS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup

from graders.report import svg
from graders.report.exhibits import Curve
from graders.report.plain import number

STYLES = 6  # line styles in the CSS: each its own colour and dashes
MOST_POINTS = 400
MOST_RANGES = 40

Point = tuple[float, float]


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values (1, 2, 5 times a power of ten) that cover low..high."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    raw = (high - low) / about
    if raw == 0 or not math.isfinite(raw):
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [index * step for index in range(first, last + 1)]


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most about this many points: of each stretch its lowest and its highest."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) * 2 / most)
    kept: list[Point] = []
    for start in range(0, len(points), size):
        stretch = range(start, min(start + size, len(points)))
        low = min(stretch, key=lambda i: points[i][1])
        high = max(stretch, key=lambda i: points[i][1])
        kept += [points[i] for i in sorted({low, high})]
    return kept


def curve(shown: Curve, width: float = 640, height: float = 300) -> Markup:
    """Lines over axes with ticks, and a legend when there are several."""
    finite = {
        name: [(float(x), float(y)) for x, y in points if math.isfinite(x) and abs(y) < 1e12]
        for name, points in shown.series.items()
    }
    everything = [point for points in finite.values() for point in points]
    if not everything:
        return Markup("")
    x_ticks = ticks(*_around([x for x, _y in everything]), about=7)
    y_ticks = ticks(*_around([y for _x, y in everything]))
    y_texts = _tick_texts(y_ticks)
    several = len(finite) > 1
    left = 20 + 6.6 * max(len(text) for text in y_texts) + (16 if shown.y_label else 0)
    top, right, bottom = (38.0 if several else 14.0), 14.0, 46.0 if shown.x_label else 28.0

    x_span = x_ticks[-1] - x_ticks[0] or 1.0
    y_span = y_ticks[-1] - y_ticks[0] or 1.0

    def across(x: float) -> float:
        return left + (x - x_ticks[0]) / x_span * (width - left - right)

    def up(y: float) -> float:
        return height - bottom - (y - y_ticks[0]) / y_span * (height - top - bottom)

    parts = []
    for value, text in zip(y_ticks, y_texts, strict=True):
        parts.append(svg.line(left, up(value), width - right, up(value), "grid"))
        parts.append(svg.text(left - 8, up(value) + 4, text, "tick", "end"))
    parts.append(svg.line(left, up(y_ticks[0]), width - right, up(y_ticks[0]), "axis"))
    for value, text in zip(x_ticks, _tick_texts(x_ticks), strict=True):
        foot = height - bottom
        parts.append(svg.line(across(value), foot, across(value), foot + 4, "axis"))
        parts.append(svg.text(across(value), foot + 17, text, "tick", "middle"))
    if shown.x_label:
        parts.append(
            svg.text((left + width - right) / 2, height - 8, shown.x_label, "label", "middle")
        )
    if shown.y_label:
        parts.append(_upright(13, (top + height - bottom) / 2, shown.y_label))
    legend = left
    for index, (name, points) in enumerate(finite.items()):
        style = f"line s{index % STYLES}"
        kept = thinned(points)
        if len(kept) == 1:
            parts.append(_dot(across(kept[0][0]), up(kept[0][1]), index))
        elif kept:
            way = "M" + " L".join(svg.point(across(x), up(y)) for x, y in kept)
            parts.append(svg.path(way, style))
            if len(kept) <= 30:
                parts += [_dot(across(x), up(y), index) for x, y in kept]
        if several:
            parts.append(svg.line(legend, 16, legend + 24, 16, style))
            label = name if len(name) <= 28 else name[:27] + "…"
            parts.append(svg.text(legend + 30, 20, label, "label"))
            legend += 48 + 6.6 * len(label)
    return svg.drawing(max(width, legend), height, shown.title, "chart", parts)


def histogram(
    marks: Sequence[Decimal],
    ranges: Sequence[tuple[Decimal, Decimal]],
    highest: Decimal,
    label: str,
    width: float = 640,
) -> Markup:
    """How many marks fall in each unit from 0 to the highest, and under them the open ranges."""
    top_mark = float(highest) or 1.0
    step = 1.0 if top_mark <= 20 else ticks(0, top_mark, 10)[1]
    bins = max(math.ceil(top_mark / step - 1e-9), 1)
    counts = [0] * bins
    for mark in marks:
        counts[min(max(int(float(mark) / step), 0), bins - 1)] += 1
    left, right, top, plot = 10.0, 10.0, 24.0, 130.0
    one = (width - left - right) / bins
    foot = top + plot
    parts = []
    for index, count in enumerate(counts):
        tall = plot * count / max(max(counts), 1)
        if count:
            x = left + index * one + 1.5
            parts.append(svg.box(x, foot - tall, one - 3, tall, "bar", radius=1.5))
            parts.append(svg.text(x + one / 2 - 1.5, foot - tall - 6, str(count), "tick", "middle"))
    parts.append(svg.line(left, foot, width - right, foot, "axis"))
    for index in range(bins + 1):
        x = left + index * one
        parts.append(svg.line(x, foot, x, foot + 4, "axis"))
        parts.append(svg.text(x, foot + 17, number(index * step), "tick", "middle"))
    below = foot + 32
    for low, high in sorted(ranges)[:MOST_RANGES]:
        ends = [left + min(float(mark) / step, bins) * one for mark in (low, high)]
        parts.append(svg.line(ends[0], below, ends[1], below, "range"))
        parts += [svg.line(end, below - 4, end, below + 4, "range end") for end in ends]
        below += 11
    return svg.drawing(width, below if ranges else foot + 26, label, "chart", parts)


def bar(share: float, label: str, width: float = 150) -> Markup:
    """A single bar, share of 0..1."""
    share = min(max(share, 0.0), 1.0)
    parts = [
        svg.box(0, 2, width, 8, "track", radius=2),
        svg.box(0, 2, max(width * share, 2), 8, "bar", radius=2),
    ]
    return svg.drawing(width, 12, label, "chart small", parts)


def _around(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        return low - pad, high + pad
    return low, high


def _tick_texts(values: Sequence[float]) -> list[str]:
    largest = max(abs(value) for value in values)
    step = abs(values[1] - values[0]) if len(values) > 1 else largest or 1.0
    if largest >= 1e6 or (largest and step < 1e-5):
        return [f"{value:.3g}" for value in values]
    places = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
    return [number(value, places) for value in values]


def _dot(x: float, y: float, index: int) -> Markup:
    return svg.element("circle", {"cx": x, "cy": y, "r": 2.5, "class": f"dot s{index % STYLES}"})


def _upright(x: float, y: float, label: str) -> Markup:
    attributes: dict[str, svg.Value] = {
        "x": x,
        "y": y,
        "class": "label",
        "text-anchor": "middle",
        "transform": f"rotate(-90 {svg.point(x, y)})",
    }
    return svg.element("text", attributes, label)
