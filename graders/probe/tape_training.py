"""How was a network trained with TensorFlow? Gradients of tapes and steps of optimizers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from .compiled_steps import CompiledSteps
from .drivers import Drivers
from .frameworks.tensorflow_tensors import TensorFlowTensors
from .iteration import Iteration
from .looks import by_lot, milestone
from .models import Model
from .optimizers import KerasStepper, Stepper, Steppers
from .passes import Call
from .run_book import RunBook
from .runs import MAX_LOSSES, Run
from .samples import sample
from .watch import Watch

REMEMBERED = 8  # gradients that a step may still belong to


class Gradient:
    """One gradient that was computed eagerly, until steps were made with it."""

    def __init__(self, run: Run, model: Model | None, variables: list[Any]) -> None:
        self.run, self.model, self.variables = run, model, variables
        self.ids = frozenset(map(id, variables))
        self.stepped = False


class TapeTraining:
    """Watches gradients and steps in eager mode; those in compiled functions are handed on."""

    def __init__(self, tensors: TensorFlowTensors, watch: Watch) -> None:
        self.tensors, self.watch = tensors, watch
        self.book, self.passes, self.cells = watch.book, watch.passes, watch.cells
        self.iteration = Iteration(watch.book, watch.cells)
        self.runs = RunBook(watch.book, tensors)
        self.steppers = Steppers()
        self.drivers = Drivers()
        self.compiled = CompiledSteps(tensors, watch, self.runs)
        self._gradients: deque[Gradient] = deque(maxlen=REMEMBERED)
        self._owners: dict[frozenset[int], list[Model]] = {}  # of the variables, in this cell
        self._loss: tuple[Any, list[Any]] | None = None  # being differentiated, by what
        self._call: Call | None = None
        self._stepping: Run | None = None

    # -- gradients -------------------------------------------------------------------------
    def before_gradient(self, target: Any, sources: Any) -> None:
        """The gradient of a loss by variables is a backward pass; others are no training."""
        self._loss = None
        variables = self.variables_in(sources)
        loss = next((t for t in self._flat(target) if hasattr(t, "dtype")), None)
        if loss is None or not variables:
            return
        self._loss = loss, variables
        if not self.tensors.is_tensor(loss):
            return  # in a function's graph
        self._call = self.passes.take_training_call()
        self.passes.current = None
        run = self._run_for(self._model_of(self._call, variables), variables)
        if self.iteration.tape is not None:
            self.iteration.close(run, loss)

    def after_gradient(self, gradients: Any) -> None:
        if self._loss is None:
            return
        (loss, variables), self._loss = self._loss, None
        call, self._call = self._call, None
        given = self._flat(gradients)
        got = [v for v, g in zip(variables, given, strict=False) if g is not None]
        if len(given) != len(variables):
            got = variables
        if not self.tensors.is_tensor(loss):
            self.compiled.traced_gradient(loss, variables, got)
            return
        model = self._model_of(call, variables)
        run = self._run_for(model, variables)
        lot = by_lot(run.backwards)
        if lot or milestone(run.backwards):
            self.reach(run, got)
        if len(run.losses) < MAX_LOSSES:
            run.losses.append(loss)
        if call is not None and call.model is model:
            batch = next((a for a in call.args if self.tensors.is_tensor(a)), None)
            if batch is not None and len(batch.shape):
                run.note_batch(batch, lot)
            if run.backwards == 0:
                self.passes.keep_sample(call.model, call.args)
        run.backwards += 1
        run.earlier_moment, run.last_moment = run.last_moment, self.cells.tick()
        self._gradients.append(Gradient(run, model, variables))
        if run.backwards == 1 and not run.taped:
            self.iteration.open(self.tensors)
        if run.optimizer is None and milestone(run.backwards):
            sample(self.book, run, lambda _tensor: None)

    def _model_of(self, call: Call | None, variables: list[Any]) -> Model | None:
        """The model that a loss came of, when it holds what is trained; else the smallest that
        does (another one may judge its answers)."""
        ids = frozenset(map(id, variables))
        if ids not in self._owners:
            self._owners[ids] = self.compiled.owners_of(variables)
        owners = self._owners[ids]
        if call is not None and (not owners or any(call.model is m for m in owners)):
            return call.model
        return owners[0] if owners else None

    def variables_in(self, sources: Any) -> list[Any]:
        """The framework's own variables among what a gradient is asked by."""
        found = (self.variable(thing) for thing in self._flat(sources))
        return [v for v in found if v is not None]

    def variable(self, thing: Any) -> Any:
        """The variable behind one of Keras', or itself; None when it is none."""
        inner = getattr(thing, "_value", None)
        if isinstance(inner, self.tensors.tf.Variable):
            return inner
        return thing if isinstance(thing, self.tensors.tf.Variable) else None

    def _flat(self, thing: Any) -> list[Any]:
        if isinstance(thing, dict):
            return [x for key in sorted(thing, key=str) for x in self._flat(thing[key])]
        if isinstance(thing, (list, tuple)):
            return [x for item in thing for x in self._flat(item)]
        return [thing]

    def _run_for(self, model: Model | None, variables: list[Any]) -> Run:
        run = self.runs.with_leaves(model, frozenset(map(id, variables)))
        if run is None:
            self.iteration.drop()
            run = self.runs.begin(model)
            run.leaves = frozenset(map(id, variables))
        return run

    def reach(self, run: Run, variables: Iterable[Any]) -> None:
        """These got gradients: what do they hold before they are stepped?"""
        held = {id(v) for v, _digest in run.reached}
        for variable in variables:
            if id(variable) not in held:
                run.reached.append((variable, self.book.log.keep(self.tensors.to_numpy(variable))))
        run.leaves |= frozenset(map(id, variables))

    # -- steps -----------------------------------------------------------------------------
    def stepper(self, optimizer: Any) -> KerasStepper:
        found: KerasStepper = self.steppers.of(optimizer, KerasStepper, self.variable)
        return found

    def before_step(self, optimizer: Any, gradients: Any, sources: Any) -> None:
        """`sources` are the variables that an optimizer of Keras' is about to step."""
        self._stepping = None
        stepper = self.stepper(optimizer)
        variables = self.variables_in(sources if sources is not None else stepper.groups())
        if not self.tensors.tf.executing_eagerly():
            self.compiled.traced_step(stepper, variables)
            return
        if self.iteration.tape is not None:
            self.iteration.tape.paused = True
        run = self._stepped_run(stepper, variables)
        self._stepping = run
        if milestone(run.steps) or by_lot(run.steps):
            sizes = dict(zip(map(id, variables), self._flat(gradients), strict=False))
            sample(self.book, run, lambda variable: self._size(sizes.get(id(variable))))

    def _stepped_run(self, stepper: Stepper, variables: list[Any]) -> Run:
        ids = frozenset(map(id, variables))
        gradient = next((g for g in reversed(self._gradients) if g.ids & ids), None)
        if gradient is None or gradient.run.cell != self.cells.current:
            known = [r for r in self.runs.all if r.leaves & ids]
            run = next((r for r in known if r.optimizer in (None, stepper)), None)
            if run is None:
                run = self.runs.begin(known[-1].model if known else None)
                self.reach(run, variables)
            run.optimizer = stepper
            return run
        run = gradient.run
        if run.optimizer is None:
            run.optimizer = stepper
        if run.optimizer is not stepper:
            run = self._switch(gradient, stepper, variables)
        gradient.stepped = True
        return run

    def _switch(self, gradient: Gradient, stepper: Stepper, variables: list[Any]) -> Run:
        """The gradient was the first of another optimizer's run, or is shared with it."""
        ids = frozenset(map(id, variables))
        other = self.runs.with_leaves(gradient.model, ids, stepper)
        if other is None or other.optimizer is not stepper:
            other = self.runs.begin(gradient.model)
            other.optimizer = stepper
            self.reach(other, [v for v in gradient.variables if id(v) in ids])
            other.batch_rows, other.loss_nodes = gradient.run.batch_rows, gradient.run.loss_nodes
            self.iteration.open(self.tensors)
        if gradient.stepped:
            gradient.run.share(other)
        else:
            gradient.run.pass_on(other)
            gradient.run = other
        self.runs.latest = other
        return other

    def after_step(self) -> None:
        if not self.tensors.tf.executing_eagerly():
            return
        if self.iteration.tape is not None:
            self.iteration.tape.paused = False
        else:
            self.iteration.pop()
        run, self._stepping = self._stepping, None
        if run is not None:
            run.note_step()
            if isinstance(run.optimizer, KerasStepper):
                self.compiled.stepped_eagerly(run.optimizer)
            self.drivers.count(run.drivers)

    def _size(self, gradient: Any) -> float | None:
        """Size of a gradient, where there is one; of a sparse one by what it holds."""
        if gradient is None:
            return None
        values = getattr(gradient, "values", gradient)
        array = self.tensors.to_numpy(values)
        return float((array.astype("float64") ** 2).sum() ** 0.5)

    # -- writing down ----------------------------------------------------------------------
    def cell_ended(self) -> None:
        self._gradients.clear()
        self._owners.clear()
        self.iteration.drop()
        self.iteration.pop()
        self.compiled.cell_ended()
        self.runs.cell_ended()
