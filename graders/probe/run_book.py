"""Which training runs are there in this cell? Runs are begun, found again and written down here."""

from __future__ import annotations

from typing import Any

from .frameworks.seam import Tensors
from .models import Model, ModelBook
from .runs import Run, write_run
from .states import copy_state, write_state


class RunBook:
    """The runs of one framework's training in the cell that is running."""

    def __init__(self, book: ModelBook, tensors: Tensors) -> None:
        self.book, self.tensors = book, tensors
        self.all: list[Run] = []
        self.latest: Run | None = None

    def begin(self, model: Model | None) -> Run:
        """A new run. What all models hold now is written down, and what earlier runs ended with."""
        cells = self.book.cells
        run = Run(self.book.next_run(), cells.current, model, cells.tick(), self.tensors)
        for earlier in self.all:
            earlier.finish(self.book.log)
        for known, _thing in self.book.living():
            write_state(self.book, copy_state(self.book, known, "run_start"))
        self.all.append(run)
        self.latest = run
        return run

    def with_leaves(
        self, model: Model | None, leaves: frozenset[int], optimizer: Any = None
    ) -> Run | None:
        """The run of this model in which one of these tensors got gradients, stepped by this
        optimizer or by none yet; without one asked for, the run that was latest."""
        known = [r for r in self.all if r.model is model and r.leaves & leaves]
        if optimizer is not None:
            own = [r for r in known if r.optimizer is optimizer]
            known = own or [r for r in known if r.optimizer is None]
        if not known:
            return None
        run = next((r for r in known if r is self.latest), known[-1])
        run.ends = []  # it goes on
        self.latest = run
        return run

    def cell_ended(self) -> None:
        """Write all of them down."""
        for run in self.all:
            if run is self.latest or not run.ends:
                run.finish(self.book.log)
            write_run(self.book.log, self.book, run)
        self.all = []
        self.latest = None
