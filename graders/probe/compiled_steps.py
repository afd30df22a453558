"""How was a network trained inside compiled functions? What was traced, and what ran of it."""

from __future__ import annotations

import weakref
from typing import Any

from .drivers import Drivers
from .frameworks.tensorflow_tensors import TensorFlowTensors
from .iteration import Iteration, Recorded
from .looks import by_lot, milestone
from .models import Model
from .optimizers import KerasStepper
from .run_book import RunBook
from .runs import MAX_LOSSES, Run
from .samples import sample
from .step_ledger import RING, Ledger
from .watch import Watch

MAX_LEAVES = 16  # values, besides variables, that a traced iteration starts from


class TracedGradient:
    """A gradient in a function's graph, with the steps that were traced with it."""

    def __init__(
        self, ledger: Ledger, model: Model | None, variables: list[Any], reached: list[Any]
    ) -> None:
        self.ledger, self.model = ledger, model
        self.variables, self.reached = variables, reached
        self.ids = frozenset(map(id, variables))
        self.steppers: list[KerasStepper] = []
        self.recorded: Recorded | None = None
        self.leaves: list[int] = []  # values of the tape that the ledger keeps
        self.norms: dict[str, bool] | None = None


class Compiled:
    """A compiled function that trains: what its graph holds, and what it did in this cell."""

    def __init__(self, gradients: list[TracedGradient], steppers: list[KerasStepper]) -> None:
        self.gradients, self.steppers = gradients, steppers
        self.cell = -1
        self.calls = self.unread = self.steps_each = 0
        self.counts: dict[str, int] = {}  # calls by the loop that makes them
        self.shared: dict[str, int] = {}  # of these, how many were already told to the runs
        self.made: dict[int, int] = {}  # steps of each stepper when they were last read


class CompiledSteps:
    """Watches functions of TensorFlow's that hold gradients or steps of optimizers."""

    def __init__(self, tensors: TensorFlowTensors, watch: Watch, runs: RunBook) -> None:
        self.tensors, self.watch, self.runs = tensors, watch, runs
        self.tf = tensors.tf
        self.iteration = Iteration(watch.book, watch.cells)
        self._drivers = Drivers()
        self._depth = 0
        self._gradients: list[TracedGradient] = []
        self._steppers: list[KerasStepper] = []
        self._fresh: list[TracedGradient] = []  # of the function that is being traced
        self._known: weakref.WeakKeyDictionary[Any, Compiled | None] = weakref.WeakKeyDictionary()
        self._last: Compiled | None = None
        self._active: list[Compiled] = []  # ran in this cell

    # -- tracing ---------------------------------------------------------------------------
    def tracing_began(self) -> None:
        """A function, or a part of one, is traced; the outermost one has a tape of its own."""
        self._depth += 1
        if self._depth == 1 and not self.watch.ours:
            self._fresh = []
            self.iteration.open(self.tensors)

    def tracing_ended(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._fresh = []
            self.iteration.drop()
            self.iteration.pop()

    def traced_gradient(self, loss: Any, variables: list[Any], reached: list[Any]) -> None:
        """A gradient of this loss was put into the graph that is being traced."""
        call = self.iteration.latest_call(self._owners_of(variables))
        recorded = self.iteration.recorded(loss)
        leaves: list[int] = []
        if recorded is not None:
            leaves = [v for v in recorded.leaves() if self._symbolic(recorded.tape.tensors[v])]
        kept = leaves[:MAX_LEAVES]
        held = [recorded.tape.tensors[v] for v in kept] if recorded is not None else []
        with self.iteration.paused(), self.tensors.unrecorded():
            ledger = Ledger(self.tf, loss, call.given if call else None, held)
        made = TracedGradient(ledger, call.model if call else None, variables, reached)
        made.recorded, made.leaves = recorded, kept
        framework = made.model.framework if made.model is not None else None
        thing = made.model.thing() if made.model is not None else None
        if framework is not None and thing is not None:
            made.norms = framework.norms_training(thing)
        self._gradients.append(made)
        self._fresh.append(made)

    def traced_step(self, stepper: KerasStepper, variables: list[Any]) -> None:
        """A step of these variables was put into the graph that is being traced."""
        ids = frozenset(map(id, variables))
        gradient = next((g for g in reversed(self._fresh) if g.ids & ids), None)
        if gradient is not None and not any(s is stepper for s in gradient.steppers):
            gradient.steppers.append(stepper)
        if not any(s is stepper for s in self._steppers):
            self._steppers.append(stepper)

    def _symbolic(self, tensor: Any) -> bool:
        return not self.tensors.is_tensor(tensor) and self.tf.is_tensor(tensor)

    def _owners_of(self, variables: list[Any]) -> set[int]:
        """Numbers of the models that hold one of these variables."""
        ids = set(map(id, variables))
        book = self.watch.book
        return {
            model.uid
            for model, _thing in book.living()
            if any(id(entry.tensor) in ids for entry in book.entries(model))
        }

    # -- running ---------------------------------------------------------------------------
    @property
    def any(self) -> bool:
        """Something that trains was traced."""
        return bool(self._gradients or self._steppers)

    def compiled(self, function: Any, captured: Any) -> Compiled | None:
        """What is known of a function that is about to be called; None when it does not train."""
        try:
            return self._known[function]
        except KeyError:
            pass
        held = {id(tensor) for tensor in captured}
        gradients = [g for g in self._gradients if id(g.ledger.handle) in held]
        steppers = [s for s in self._steppers if id(self._counter(s)) in held]
        found = Compiled(gradients, steppers) if gradients or steppers else None
        self._known[function] = found
        return found

    def _counter(self, stepper: KerasStepper) -> Any:
        return stepper.counter()._value.handle

    def before_call(self, compiled: Compiled) -> None:
        """It is about to run: what do its variables hold?"""
        if self._last is not None and self._last is not compiled:
            self._read(self._last)
        self._last = compiled
        if compiled.cell != self.watch.cells.current:
            compiled.cell = self.watch.cells.current
            compiled.calls = compiled.unread = 0
            compiled.counts, compiled.shared = {}, {}
            compiled.made = {id(s): s.count() for s in compiled.steppers}
            for gradient in compiled.gradients:
                gradient.ledger.start()
            self._active.append(compiled)
        self.watch.passes.interrupted()
        look = milestone(compiled.calls) or by_lot(compiled.calls)
        for run, gradient in self._runs_of(compiled):
            if look:
                norms = gradient.norms if gradient is not None else None
                sample(self.watch.book, run, lambda _variable: None, norms)

    def after_call(self, compiled: Compiled) -> None:
        compiled.calls += 1
        compiled.unread += 1
        self._drivers.count(compiled.counts)
        moment = self.watch.cells.tick()
        for run, _gradient in self._runs_of(compiled):
            run.last_moment = moment
        look, lot = milestone(compiled.calls - 1), by_lot(compiled.calls)
        if look or lot or compiled.unread * max(compiled.steps_each, 1) > RING // 2:
            self._read(compiled)
            for run, gradient in self._runs_of(compiled):
                if gradient is not None and (look or lot):
                    self._keep_rows(run, gradient)

    def _runs_of(self, compiled: Compiled) -> list[tuple[Run, TracedGradient | None]]:
        """The runs that the function's gradients and steps belong to, begun where needed."""
        found: list[tuple[Run, TracedGradient | None]] = []
        stepped: set[int] = set()
        for gradient in compiled.gradients:
            for stepper in gradient.steppers or [None]:
                found.append((self._run(gradient, stepper), gradient))
                stepped.add(id(stepper))
        for stepper in compiled.steppers:
            if id(stepper) not in stepped:
                ids = frozenset(id(v) for group in stepper.groups() for v in group)
                known = [r for r in self.runs.all if r.leaves & ids]
                run = next((r for r in known if r.optimizer in (None, stepper)), None)
                if run is None:
                    run = self.runs.begin(known[-1].model if known else None)
                    self._reach(run, [v for group in stepper.groups() for v in group])
                run.optimizer, run.compiled = stepper, True
                found.append((run, None))
        return found

    def _run(self, gradient: TracedGradient, stepper: KerasStepper | None) -> Run:
        run = self.runs.with_leaves(gradient.model, gradient.ids, stepper)
        if run is None:
            run = self.runs.begin(gradient.model)
            run.leaves = gradient.ids
            if stepper is None or len(gradient.steppers) == 1:
                self._reach(run, gradient.reached)
            else:
                own = {id(v) for group in stepper.groups() for v in group}
                self._reach(run, [v for v in gradient.reached if id(v) in own])
        if run.optimizer is None:
            run.optimizer = stepper
        run.compiled = True
        return run

    def _reach(self, run: Run, variables: list[Any]) -> None:
        log, to_numpy = self.watch.book.log, self.tensors.to_numpy
        run.reached = [(variable, log.keep(to_numpy(variable))) for variable in variables]
        run.leaves |= frozenset(map(id, variables))

    # -- reading ---------------------------------------------------------------------------
    def _read(self, compiled: Compiled) -> None:
        """Ask the ledgers and the optimizers what happened since they were last asked."""
        if not compiled.unread:
            return
        shares = {k: n - compiled.shared.get(k, 0) for k, n in compiled.counts.items()}
        compiled.shared = dict(compiled.counts)
        calls, compiled.unread = compiled.unread, 0
        passes: dict[int, Any] = {}
        told: set[int] = set()
        for run, gradient in self._runs_of(compiled):
            if gradient is not None:
                new = passes.get(id(gradient))
                if new is None:
                    new = passes[id(gradient)] = gradient.ledger.read()
                run.backwards += new.passes
                run.input_rows += new.rows
                run.losses.extend(new.losses[: MAX_LOSSES - len(run.losses)])
                if new.passes:
                    run.batch_rows = max(run.batch_rows, -(-new.rows // new.passes))
                    compiled.steps_each = max(compiled.steps_each, new.passes // calls)
                    self._write_tape(run, gradient)
            stepper = run.optimizer
            if isinstance(stepper, KerasStepper) and id(stepper) in compiled.made:
                if id(stepper) in told:
                    continue
                told.add(id(stepper))
                count = stepper.count()
                steps, compiled.made[id(stepper)] = count - compiled.made[id(stepper)], count
                if steps > 0:
                    run.note_step(steps)
                    for driver, number in shared_out(steps, shares).items():
                        run.drivers[driver] = run.drivers.get(driver, 0) + number

    def _keep_rows(self, run: Run, gradient: TracedGradient) -> None:
        rows = gradient.ledger.batch()
        if rows is not None and len(rows):
            run.note_rows(rows)

    def _write_tape(self, run: Run, gradient: TracedGradient) -> None:
        """The iteration as it was traced, with what its leaves held in the latest pass."""
        if gradient.recorded is None or run.taped:
            return
        values = gradient.ledger.leaves()
        contents = {
            value: held
            for value, held in zip(gradient.leaves, values, strict=True)
            if held is not None
        }
        self.iteration.write(run, gradient.recorded, contents)

    def cell_ended(self) -> None:
        for compiled in self._active:
            self._read(compiled)
            for run, gradient in self._runs_of(compiled):
                if gradient is not None:
                    for rows in gradient.ledger.banked():
                        run.note_rows(rows)
        self._active = []
        self._last = None


def shared_out(steps: int, calls: dict[str, int]) -> dict[str, int]:
    """Steps made in calls, to whoever made the calls: in proportion, whole numbers."""
    total = sum(calls.values())
    if total <= 0:
        return {}
    found = {driver: steps * number // total for driver, number in calls.items()}
    left = steps - sum(found.values())
    for driver in sorted(calls, key=lambda d: -calls[d])[:left]:
        found[driver] += 1
    return {driver: number for driver, number in found.items() if number}
