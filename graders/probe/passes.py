"""Which forward passes were made, and what did the networks answer?

A root call is a call of a module that is not inside another module's call. The one whose output
a backward pass starts from is a training call; all others are evaluations, and consecutive ones
of the same model in the same state make up a pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from .cells import Cells
from .frameworks.seam import Framework, Tensors
from .graphs import sample_rows
from .log import EventLog
from .models import Model, ModelBook
from .pictures import PassPictures
from .states import State, copy_state, write_state

KEPT_FIRST, KEPT_LAST = 4, 24  # full passes kept for each model and cell
MAX_OUTPUT = 4 * 2**20  # bytes of outputs of one pass
MAX_INPUT = 4 * 2**20  # bytes of inputs kept for one pass


class Call:
    """One root call: references only, so that a training loop hardly notices."""

    __slots__ = ("args", "grad", "model", "out", "training")

    def __init__(self, model: Model, args: Any, out: Any, grad: bool, training: bool) -> None:
        self.model, self.args, self.out, self.grad, self.training = model, args, out, grad, training


class Pass:
    """Evaluations of one model in one state, batch after batch."""

    def __init__(self, model: Model, state: State, mark: Any, cell: int, moment: int) -> None:
        self.model, self.state, self.mark = model, state, mark
        self.cell, self.moment = cell, moment
        self.rows: list[int] = []
        self.outputs: list[Any] = []
        self.inputs: list[Any] = []
        self.seen: set[str] = set()
        self.bytes_out = self.bytes_in = 0
        self.grad = self.training = False
        self.pictures = PassPictures()


class Passes:
    """Collects root calls and writes evaluation passes when the cell ends."""

    def __init__(self, log: EventLog, cells: Cells, book: ModelBook) -> None:
        self.log, self.cells, self.book = log, cells, book
        self.pending: Call | None = None
        self._current: Pass | None = None
        self._open: dict[int, Pass] = {}  # of each model the pass that goes on, by the model
        self._first: list[Pass] = []
        self._last: deque[Pass] = deque(maxlen=KEPT_LAST)
        self._counts: dict[int, int] = {}
        self._ignored: dict[int, Any] = {}

    def called(
        self,
        framework: Framework,
        thing: Any,
        args: tuple[Any, ...],
        out: Any,
        training: bool,
        grad: bool | None = None,
    ) -> None:
        """A root call of a module or layer has ended, in this mode. `grad`: a backward pass may
        start from its answer, where that is not for the answer to say."""
        if self._ignored.get(id(thing)) is thing:
            return
        model = self.book.known(thing)
        if model is None:
            if not framework.has_parameters(thing):
                self._ignored[id(thing)] = thing  # a loss or an activation
                return
            model = self.book.meet(thing)
            if model is None:
                return
        if self.pending is not None:
            self.settle()
        tensors = framework.tensors
        out = next(_tensors_in(tensors, out), None)
        if grad is None:
            grad = out is not None and tensors.has_history(out)
        if out is not None:
            out = tensors.detached(out)
        self.pending = Call(model, args, out, grad, training)
        if model.sample is None:
            self.keep_sample(model, args)
        if not grad:
            self.settle()  # at once: the weights may be changed before the next call

    def keep_sample(self, model: Model, args: Any) -> None:
        """A few rows of what the model was really given."""
        tensors = model.tensors
        given = [a for a in args if tensors.is_tensor(a)]
        if given and len(given) == len(args):
            shapes = [tensors.shape(t) for t in given]
            rows = min(map(sample_rows, shapes))
            model.sample = tuple(
                tensors.rows(t, 0, rows if len(shape) > 1 else shape[0] if shape else 0)
                for t, shape in zip(given, shapes, strict=True)
            )

    def take_training_call(self) -> Call | None:
        """The call a backward pass belongs to; it is no evaluation."""
        call = self.pending
        if call is not None and call.grad:
            self.pending = None
            return call
        self.settle()
        return None

    @property
    def current(self) -> Pass | None:
        """The pass of the last evaluation; set to None, all are over."""
        return self._current

    @current.setter
    def current(self, made: Pass | None) -> None:
        self._current = made
        if made is None:
            self._open.clear()
        else:
            self._open[made.model.uid] = made

    def interrupted(self) -> None:
        """Something else happened: what follows is another pass."""
        self.settle()
        self.current = None

    def settle(self) -> None:
        """The pending call was an evaluation."""
        call, self.pending = self.pending, None
        if call is None or call.out is None:
            return
        tensors = call.model.tensors
        out = tensors.to_numpy(call.out)
        given = next((tensors.to_numpy(a) for a in call.args if tensors.is_tensor(a)), None)
        if given is None or out.ndim == 0 or given.ndim == 0:
            return
        print_ = self.log.digest(given) if given.nbytes <= MAX_INPUT else str(given.shape)
        mark = self._mark(call.model)
        now = self._open.get(call.model.uid)  # a backbone and its head take turns
        if (
            now is None
            or now.model is not call.model
            or now.cell != self.cells.current
            or now.mark != mark
            or print_ in now.seen
            or (now.rows and len(given) > now.rows[-1])
            or (len(now.rows) > 1 and now.rows[-1] != now.rows[0])
        ):
            now = self._begin(call.model, mark)
        self._current = now
        now.seen.add(print_)
        now.rows.append(len(out))
        now.grad, now.training = call.grad, call.training
        now.pictures.note(given, out)
        if now.bytes_out + out.nbytes <= MAX_OUTPUT:
            now.outputs.append(out.copy())
            now.bytes_out += out.nbytes
        if now.bytes_in + given.nbytes <= MAX_INPUT:
            now.inputs.append(given.copy())
            now.bytes_in += given.nbytes

    def _mark(self, model: Model) -> Any:
        """Changes when the weights do; catches a merge in place between two calls."""
        return tuple(model.tensors.mark(entry.tensor) for entry in self.book.entries(model))

    def _begin(self, model: Model, mark: Any) -> Pass:
        state = copy_state(self.book, model, "pass")
        made = Pass(model, state, mark, self.cells.current, self.cells.tick())
        self.current = made
        count = self._counts[model.uid] = self._counts.get(model.uid, 0) + 1
        if count <= KEPT_FIRST:
            self._first.append(made)
        else:
            self._last.append(made)
        return made

    def cell_ended(self) -> None:
        import numpy as np

        self.interrupted()
        for made in [*self._first, *self._last]:
            write_state(self.book, made.state)
            whole = len(made.outputs) == len(made.rows)
            self.log.write(
                "pass",
                model=made.model.uid,
                state=made.state.moment,
                cell=made.cell,
                moment=made.moment,
                rows=made.rows,
                grad=made.grad,
                training=made.training,
                outputs=self.log.keep(np.concatenate(made.outputs))
                if whole and _alike(made.outputs)
                else None,
                inputs=self.log.keep(np.concatenate(made.inputs))
                if len(made.inputs) == len(made.rows) and _alike(made.inputs)
                else None,
                **made.pictures.fields(self.log),
            )
        self._first.clear()
        self._last.clear()
        self._counts.clear()


def _alike(arrays: list[Any]) -> bool:
    return bool(arrays) and len({a.shape[1:] for a in arrays}) == 1


def _tensors_in(tensors: Tensors, out: Any) -> Iterator[Any]:
    """Tensors of an answer: itself, or what a list or dict holds."""
    items = out.values() if isinstance(out, dict) else out
    for item in items if isinstance(out, (tuple, list, dict)) else (out,):
        if tensors.is_tensor(item):
            yield item
