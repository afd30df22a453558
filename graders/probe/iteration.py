"""What did one training iteration compute? A tape from after one step until the next loss."""

from __future__ import annotations

from typing import Any

from .cells import Cells
from .frameworks.seam import Tensors
from .graphs import write_graph
from .models import Model, ModelBook
from .runs import Run


class Iteration:
    """Opens a tape after a run's first backward pass and closes it at the second one's loss."""

    def __init__(self, book: ModelBook, cells: Cells) -> None:
        self.book, self.cells = book, cells
        self.tape: Any = None
        self._calls: list[dict[str, Any]] = []
        self._left: list[Any] = []  # tapes that record no more, but are still the framework's

    def open(self, tensors: Tensors) -> None:
        """From here on everything is recorded."""
        self.drop()
        self.tape = tensors.new_tape()
        self._calls = []
        self.tape.__enter__()

    def root_called(self, model: Model, args: Any, out: Any, grad: bool) -> None:
        """A root call under the tape: remember where its network begins and ends."""
        tape = self.tape
        given = [a for a in args if tape.is_tensor(a)]
        answered = tape.tensors_in(out)
        tape.paused, paused = True, tape.paused
        inputs, outputs = [tape.value(t) for t in given], [tape.value(t) for t in answered]
        tape.paused = paused
        self._calls.append({"model": model.uid, "inputs": inputs, "outputs": outputs, "grad": grad})

    def close(self, run: Run, loss: Any) -> None:
        """The iteration ended in this loss: write what it rests on."""
        tape = self._leave()
        run.taped = True
        calls = [c for c in self._calls if c["grad"]]
        tape.inputs = list(dict.fromkeys(v for c in calls for v in c["inputs"]))
        tape.outputs = calls[-1]["outputs"] if calls else []
        write_graph(
            self.book,
            tape,
            model=run.model,
            why="training",
            moment=self.cells.tick(),
            loss=loss,
            run=run.number,
            calls=calls,
        )

    def drop(self) -> None:
        """No loss came: nothing is written."""
        if self.tape is not None:
            self._leave()

    def pop(self) -> None:
        """Take tapes that were left from the framework, which may not be done at any time."""
        while self._left:
            self._left.pop().__exit__(None, None, None)

    def _leave(self) -> Any:
        tape, self.tape = self.tape, None
        tape.paused = True
        self._left.append(tape)
        if not tape.busy:
            self.pop()
        return tape
