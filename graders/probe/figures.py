"""What do the figures that the notebook shows hold: how many lines, bars, points, images?"""

from __future__ import annotations

import functools
from typing import Any

from .cells import Cells
from .log import EventLog

MAX_FIGURES = 200  # of one cell
MAX_AXES, MAX_MARKS = 40, 60


class Figures:
    """Notes what is on a figure of Matplotlib's when it is drawn, for a cell or for a file."""

    def __init__(self, log: EventLog, cells: Cells) -> None:
        self.log, self.cells = log, cells
        self._count = 0

    def cell_ended(self) -> None:
        self._count = 0

    def matplotlib(self, module: Any) -> None:
        """`module`: `matplotlib.backend_bases`."""
        canvas = module.FigureCanvasBase
        original = canvas.print_figure

        @functools.wraps(original)
        def print_figure(this: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(this, *args, **kwargs)
            self._count += 1
            if self._count <= MAX_FIGURES and self.cells.current >= 0:
                try:
                    self._write(this.figure)
                except Exception as error:
                    self.log.write(
                        "fault", cell=self.cells.current, where="figure", what=repr(error)[:500]
                    )
            return result

        canvas.print_figure = print_figure

    def _write(self, figure: Any) -> None:
        self.log.write(
            "figure",
            cell=self.cells.current,
            moment=self.cells.tick(),
            axes=[_marks(axes) for axes in figure.axes[:MAX_AXES]],
        )


def _marks(axes: Any) -> dict[str, Any]:
    """Points of each line, and of each cloud; bars, whatever way they lie; images."""
    bars = [c for c in axes.containers if type(c).__name__ == "BarContainer"]
    return {
        "lines": [len(line.get_xdata()) for line in axes.lines[:MAX_MARKS]],
        "bars": sum(len(bar) for bar in bars),
        "points": [
            len(c.get_offsets()) for c in axes.collections[:MAX_MARKS] if hasattr(c, "get_offsets")
        ],
        "images": len(axes.images),
    }
