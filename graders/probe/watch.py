"""What do the observers of all frameworks share? One book of models, one row of passes.

Moments and the numbers of models and tensors mean the same whatever framework made them, and
what the probe itself does is told from what the notebook does.
"""

from __future__ import annotations

import threading
from typing import Any

from .cells import Cells, Observer
from .frameworks.seam import Framework
from .iteration import Iteration
from .log import EventLog
from .models import ModelBook
from .passes import Passes
from .states import cell_ended, saved
from .tape import Tape


class Watch:
    """Models and passes, and the guard under which the probe works beside the notebook."""

    def __init__(self, log: EventLog, cells: Cells) -> None:
        self.log, self.cells = log, cells
        self.book = ModelBook(log, cells)
        self.passes = Passes(log, cells, self.book)
        self.trainings: list[Observer] = []
        self.iterations: list[Iteration] = []  # one for each way of training that is watched
        self.busy = 0  # depth of calls of modules and layers, whoever made them
        self.ours = False  # the probe itself is calling
        self.thread = threading.get_ident()  # the notebook's; others are not watched

    def add(self, framework: Framework, *, first: bool = False) -> None:
        """Know this framework's models. `first`: before others that would know them too."""
        self.book.frameworks.insert(0 if first else len(self.book.frameworks), framework)

    def open_iteration(self) -> Iteration | None:
        """The training iteration that is being recorded."""
        return next((i for i in self.iterations if i.tape is not None), None)

    def tape(self) -> Tape | None:
        """What calls of the framework are being recorded on."""
        iteration = self.open_iteration()
        tape: Tape | None = iteration.tape if iteration is not None else self.book.drawing
        return tape

    def cell_ended(self) -> None:
        self.ours = True
        try:
            for training in self.trainings:
                training.cell_ended()
            self.passes.cell_ended()
            cell_ended(self.book)
        finally:
            self.ours = False

    def saved(self) -> None:
        """Something is about to be written to a file."""
        self.passes.interrupted()
        saved(self.book)

    def guard(self, where: str, action: Any, *args: Any) -> None:
        """Do something of the probe's: what it raises is a fault of the probe, seen by nobody."""
        before, self.ours = self.ours, True
        try:
            action(*args)
        except Exception as error:
            self.fault(where, error)
        finally:
            self.ours = before

    def fault(self, where: str, error: BaseException) -> None:
        self.log.write("fault", cell=self.cells.current, where=where, what=repr(error)[:500])
