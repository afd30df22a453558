"""What did one training iteration compute? A tape from after one step until the next loss."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from .cells import Cells
from .frameworks.seam import Tensors
from .graphs import write_graph
from .models import Model, ModelBook
from .runs import Run
from .tape import Tape

MAX_LOSS_NODES = 60


class RootCalled(NamedTuple):
    """A root call under the tape: the values where its network begins and ends."""

    model: Model
    given: Any  # its first tensor
    inputs: list[int]
    outputs: list[int]
    grad: bool


class Recorded:
    """A tape up to a loss: what the network of its calls got and answered."""

    def __init__(
        self, tape: Tape, loss: Any, calls: list[RootCalled], *, used: bool = False
    ) -> None:
        """`used`: of all calls that the loss rests on, also those that no gradient goes through;
        else of those that one may go through."""
        self.tape, self.loss = tape, loss
        if used:
            behind = self._behind([tape.value(loss)])
            self.calls = [c for c in calls if behind.intersection(c.outputs)]
        else:
            self.calls = [c for c in calls if c.grad]
        made = {v for c in self.calls for v in c.outputs} if used else set()
        self.inputs = list(dict.fromkeys(v for c in self.calls for v in c.inputs if v not in made))
        self.outputs = self.calls[-1].outputs if self.calls else []

    def leaves(self) -> list[int]:
        """The values that it starts from."""
        ends = [*self.outputs, self.tape.value(self.loss)]
        _nodes, leaves = self.tape.needed_for(ends, self.inputs)
        return list(dict.fromkeys([*self.inputs, *leaves]))

    def _behind(self, values: list[int]) -> set[int]:
        """All values that these rest on."""
        nodes, leaves = self.tape.needed_for(values, [])
        return {v for i in nodes for v in self.tape.nodes[i]["outs"]} | set(leaves)

    def first_call(self, call: RootCalled) -> RootCalled:
        """The call that the network of this one begins with: where its input came from."""
        behind = self._behind(call.inputs)
        return next((c for c in self.calls if behind.intersection(c.outputs)), call)

    def latest_call(self, owners: set[int]) -> RootCalled | None:
        """The last call of a model with one of these numbers; else the last one of any."""
        own = [c for c in self.calls if c.model.uid in owners] or self.calls
        return own[-1] if own else None

    def loss_nodes(self) -> list[str]:
        """Operations between the network's answer and the loss, the last ones first."""
        wanted, _leaves = self.tape.needed_for([self.tape.value(self.loss)], self.outputs)
        names = [str(self.tape.nodes[i]["op"]) for i in reversed(wanted)]
        return names[:MAX_LOSS_NODES]


class Iteration:
    """Opens a tape after a run's first backward pass and closes it at the second one's loss."""

    def __init__(self, book: ModelBook, cells: Cells) -> None:
        self.book, self.cells = book, cells
        self.tape: Any = None
        self._calls: list[RootCalled] = []
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
        with self.paused():
            inputs, outputs = [tape.value(t) for t in given], [tape.value(t) for t in answered]
        first = given[0] if given else None
        self._calls.append(RootCalled(model, first, inputs, outputs, grad))

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Within, nothing is recorded."""
        tape = self.tape
        before = tape is not None and tape.paused
        if tape is not None:
            tape.paused = True
        try:
            yield
        finally:
            if tape is not None:
                tape.paused = before

    def recorded(self, loss: Any) -> Recorded | None:
        """What was recorded up to here of what this loss rests on."""
        if self.tape is None:
            return None
        return Recorded(self.tape, loss, self._calls, used=True)

    def close(self, run: Run, loss: Any) -> None:
        """The iteration ended in this loss: write what it rests on."""
        calls = self._calls
        tape = self._leave()
        self.write(run, Recorded(tape, loss, calls))

    def write(self, run: Run, recorded: Recorded, contents: dict[int, Any] | None = None) -> None:
        """Write it as the run's. `contents` are arrays of leaves that have none themselves."""
        run.taped = True
        run.loss_nodes = run.loss_nodes or recorded.loss_nodes()
        tape = recorded.tape
        tape.inputs, tape.outputs = recorded.inputs, recorded.outputs
        write_graph(
            self.book,
            tape,
            model=run.model,
            why="training",
            moment=self.cells.tick(),
            loss=recorded.loss,
            run=run.number,
            calls=[
                {"model": c.model.uid, "inputs": c.inputs, "outputs": c.outputs, "grad": c.grad}
                for c in recorded.calls
            ],
            contents=contents,
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
