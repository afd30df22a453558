"""How was a network trained? Consecutive backward passes and optimizer steps make up a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .cells import Cells
from .drivers import Drivers
from .frameworks.torch_modules import TorchModules
from .frameworks.torch_tensors import to_numpy
from .iteration import Iteration
from .log import EventLog
from .looks import by_lot, milestone
from .models import Model, ModelBook
from .optimizers import Stepper, Steppers, TorchStepper
from .passes import Passes
from .run_book import RunBook
from .runs import MAX_LOSSES, Run
from .samples import sample

MAX_WALK = 4000  # nodes of the autograd graph that are looked at


class Training:
    """Watches backward passes and optimizer steps."""

    def __init__(
        self, framework: TorchModules, log: EventLog, cells: Cells, book: ModelBook, passes: Passes
    ) -> None:
        self.torch, self.tensors = framework.torch, framework.tensors
        self.log, self.cells, self.book, self.passes = log, cells, book, passes
        self.iteration = Iteration(book, cells)
        self.runs = RunBook(book, self.tensors)
        self._drivers = Drivers()
        self._steppers = Steppers()

    # -- backward --------------------------------------------------------------------------
    def before_backward(self, tensors: Any) -> None:
        loss = tensors if isinstance(tensors, self.torch.Tensor) else next(iter(tensors), None)
        if not isinstance(loss, self.torch.Tensor):
            return
        call = self.passes.take_training_call()
        model = call.model if call else None
        if call is None and not loss.requires_grad and self.passes.current is not None:
            model = self.passes.current.model  # cut off from its parameters, but still its loss
        self.passes.current = None
        run = self._run_for(model)
        if run.backwards and model is None and run.optimizer is None:
            run = self._same_leaves(run, loss)
        if self.iteration.tape is not None:
            self.iteration.close(run, loss)
        lot = by_lot(run.backwards)
        if lot or milestone(run.backwards):  # a block may be skipped at random in the first pass
            self._look_back(run, loss)
        if len(run.losses) < MAX_LOSSES:
            run.losses.append(loss.detach())
        if call is not None:
            given = next((a for a in call.args if isinstance(a, self.torch.Tensor)), None)
            if given is not None and given.ndim:
                run.note_batch(given, lot)
            if run.backwards == 0:
                self.passes.keep_sample(call.model, call.args)

    def after_backward(self) -> None:
        run = self.runs.latest
        if run is None:
            return
        run.backwards += 1
        run.earlier_moment, run.last_moment = run.last_moment, self.cells.tick()
        if run.backwards == 1 and not run.taped:
            self.iteration.open(self.tensors)
        if run.optimizer is None and milestone(run.backwards):
            self._sample(run)

    def _run_for(self, model: Model | None) -> Run:
        run = self.runs.latest
        if run is not None and run.cell == self.cells.current and run.model is model:
            return run
        for known in self.runs.all:
            if known.model is model and known.cell == self.cells.current:
                self.runs.latest = known
                return known
        return self._begin(model)

    def _same_leaves(self, run: Run, loss: Any) -> Run:
        """Without a module and an optimizer, a run is told by the tensors that get gradients."""
        leaves = frozenset(id(v) for v, _names in _leaves_of(loss) if v is not None)
        for known in self.runs.all:
            if known.leaves & leaves and known.cell == run.cell:
                self.runs.latest = known
                return known
        return self._begin(None)

    def _begin(self, model: Model | None) -> Run:
        self.iteration.drop()
        return self.runs.begin(model)

    def _look_back(self, run: Run, loss: Any) -> None:
        """Walk the autograd graph once: what kind of loss, which tensors will get gradients."""
        held = {id(v) for v, _digest in run.reached}
        for variable, name in _leaves_of(loss):
            if variable is None:
                if len(run.loss_nodes) < 60:
                    run.loss_nodes.append(name)
            elif id(variable) not in held:
                run.reached.append((variable, self.log.keep(to_numpy(variable))))
        run.leaves = frozenset(id(v) for v, _digest in run.reached)

    # -- steps -----------------------------------------------------------------------------
    def before_step(self, optimizer: Any) -> None:
        """`optimizer` is one of torch's; other libraries' come as `before_step_of`."""
        self.before_step_of(self._steppers.of(optimizer, TorchStepper))

    def before_step_of(self, optimizer: Stepper) -> None:
        if self.iteration.tape is not None:
            self.iteration.tape.paused = True
        run = self.runs.latest
        if run is None or run.cell != self.cells.current:
            run = self._begin(None)  # stepping without a backward pass seen
        if run.optimizer is None:
            run.optimizer = optimizer
        elif run.optimizer is not optimizer:
            run = self._switch(run, optimizer)
        if milestone(run.steps) or by_lot(run.steps):
            self._sample(run)

    def _switch(self, run: Run, optimizer: Stepper) -> Run:
        """The last backward pass was the first of another optimizer's run."""
        for known in self.runs.all:
            if known.optimizer is optimizer and known.cell == run.cell:
                run.pass_on(known)
                self.runs.latest = known
                return known
        made = self._begin(run.model)
        made.optimizer = optimizer
        run.pass_on(made)
        made.batch_rows, made.loss_nodes = run.batch_rows, list(run.loss_nodes)
        made.reached = [
            (p, self.log.keep(to_numpy(p)))
            for group in optimizer.groups()
            for p in group
            if p.grad is not None
        ]
        self.iteration.open(self.tensors)
        return made

    def after_step(self, optimizer: Any) -> None:
        if self.iteration.tape is not None:
            self.iteration.tape.paused = False
        else:
            self.iteration.pop()
        run = self.runs.latest
        if run is None:
            return
        run.note_step()
        self._drivers.count(run.drivers)

    def _sample(self, run: Run) -> None:
        sample(self.book, run, _gradient)

    # -- writing down ----------------------------------------------------------------------
    def cell_ended(self) -> None:
        self.iteration.drop()
        self.iteration.pop()
        self.runs.cell_ended()


def _leaves_of(loss: Any) -> Iterator[tuple[Any, str]]:
    """(leaf tensor or None, name) of each node of the loss's autograd graph."""
    stack: list[Any] = [loss.grad_fn]
    seen: set[Any] = set()
    while stack and len(seen) < MAX_WALK:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield getattr(node, "variable", None), node.name()
        stack.extend(edge[0] for edge in node.next_functions)


def _gradient(tensor: Any) -> float | None:
    """Size of a tensor's gradient, where it has one."""
    return None if tensor.grad is None else float(tensor.grad.detach().norm())
