"""Which forward passes were made, and what did the networks answer?

A root call is a call of a module that is not inside another module's call. The one whose output
a backward pass starts from is a training call; all others are evaluations, and consecutive ones
of the same model in the same state make up a pass.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .cells import Cells
from .log import EventLog
from .models import SAMPLE_ROWS, Model, ModelBook, State, to_numpy
from .pictures import PassPictures

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

    def __init__(self, torch: Any, log: EventLog, cells: Cells, book: ModelBook) -> None:
        self.torch, self.log, self.cells, self.book = torch, log, cells, book
        self.pending: Call | None = None
        self.current: Pass | None = None
        self._first: list[Pass] = []
        self._last: deque[Pass] = deque(maxlen=KEPT_LAST)
        self._counts: dict[int, int] = {}
        self._ignored: dict[int, Any] = {}

    def called(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """A root call has ended."""
        known = self._ignored.get(id(module))
        if known is module:
            return
        model = self.book.models.get(id(module))
        if model is None or model.thing() is not module:
            if not self.book.has_parameters(module):
                self._ignored[id(module)] = module  # a loss or an activation
                return
            model = self.book.meet(module)
            if model is None:
                return
        if self.pending is not None:
            self.settle()
        grad = False
        if isinstance(out, self.torch.Tensor):
            grad = out.requires_grad
            out = out.detach()
        elif isinstance(out, (tuple, list, dict)):
            out = next((t for t in _tensors(self.torch, out)), None)
            if out is not None:
                grad, out = out.requires_grad, out.detach()
        else:
            out = None
        if kwargs:
            args = (*args, *kwargs.values())
        self.pending = Call(model, args, out, grad, module.training)
        if model.sample is None:
            self.keep_sample(model, args)
        if not grad:
            self.settle()  # at once: the weights may be changed before the next call

    def keep_sample(self, model: Model, args: Any) -> None:
        """A few rows of what the model was really given."""
        tensors = [a for a in args if isinstance(a, self.torch.Tensor)]
        if tensors and len(tensors) == len(args):
            model.sample = tuple(
                t.detach()[:SAMPLE_ROWS].clone() if t.ndim > 1 else t.detach().clone()
                for t in tensors
            )

    def take_training_call(self) -> Call | None:
        """The call a backward pass belongs to; it is no evaluation."""
        call = self.pending
        if call is not None and call.grad:
            self.pending = None
            return call
        self.settle()
        return None

    def interrupted(self) -> None:
        """Something else happened: what follows is another pass."""
        self.settle()
        self.current = None

    def settle(self) -> None:
        """The pending call was an evaluation."""
        call, self.pending = self.pending, None
        if call is None or call.out is None:
            return
        out = to_numpy(call.out)
        tensors = [to_numpy(a) for a in call.args if isinstance(a, self.torch.Tensor)]
        given = tensors[0] if tensors else None
        if given is None or out.ndim == 0 or given.ndim == 0:
            return
        print_ = self.log.digest(given) if given.nbytes <= MAX_INPUT else str(given.shape)
        mark = self._mark(call.model)
        now = self.current
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
        parameters = [t for _n, _r, t in self.book.entries(model)]
        return tuple(
            (
                id(t),
                t._version,
                t.data_ptr(),
                float(t.detach().reshape(-1)[0]) if t.numel() and not t.is_cuda else 0,
            )
            for t in parameters
        )

    def _begin(self, model: Model, mark: Any) -> Pass:
        state = self.book.copy_state(model, "pass")
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
            self.book.write_state(made.state)
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


def _tensors(torch: Any, thing: Any) -> Any:
    items = thing.values() if isinstance(thing, dict) else thing
    return (t for t in items if isinstance(t, torch.Tensor))
