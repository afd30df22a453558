"""What stands on a figure is noted when it is drawn."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib import backend_bases
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from graders.evidence.model import FigureDrawn
from graders.probe.figures import Figures


class Log:
    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def write(self, event: str, **fields: Any) -> None:
        self.lines.append({"event": event, **fields})


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()
    canvas = backend_bases.FigureCanvasBase
    monkeypatch.setattr(canvas, "print_figure", canvas.print_figure)
    cells: Any = SimpleNamespace(current=3, tick=lambda: 7)
    Figures(made, cells).matplotlib(backend_bases)  # type: ignore[arg-type]  # stands in for it
    return made


def test_lines_bars_points_and_images(log: Log) -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    left.plot([1, 2, 3])
    left.plot([0.1, 0.2])
    left.scatter([1, 2], [3, 4])
    right.bar(["a", "b", "c"], [1, 2, 3])
    right.imshow([[1, 2], [3, 4]])
    figure.savefig(io.BytesIO())
    (line,) = log.lines
    seen = FigureDrawn.model_validate(line)
    assert (seen.cell, seen.moment) == (3, 7)
    first, second = seen.axes
    assert (first.lines, first.points, first.bars, first.images) == ((3, 2), (2,), 0, 0)
    assert (second.lines, second.bars, second.images) == ((), 3, 1)
