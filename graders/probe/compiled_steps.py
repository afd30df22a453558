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
from .samples import norms_of, sample
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
        self.runs: list[tuple[Run, TracedGradient | None]] = []  # of this cell


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
        self._made: dict[int, int] = {}  # steps of optimizers, by id, when they were last read

    # -- tracing ---------------------------------------------------------------------------
    def tracing_began(self) -> None:
        """A function, or a part of one, is traced; the outermost one has a tape of its own."""
        self._depth += 1
        if self._depth == 1:
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
        recorded = self.iteration.recorded(loss)
        kept: list[int] = []
        call, given, held = None, None, []
        if recorded is not None:
            call = recorded.latest_call({m.uid for m in self.owners_of(variables)})
            tensors = recorded.tape.tensors
            kept = [v for v in recorded.leaves() if self._within(tensors[v])][:MAX_LEAVES]
            held = [tensors[v] for v in kept]
            if call is not None and self._within(recorded.first_call(call).given):
                given = recorded.first_call(call).given
        with self.iteration.paused(), self.tensors.unrecorded():
            ledger = Ledger(self.tf, loss, given, held)
        made = TracedGradient(ledger, call.model if call else None, variables, reached)
        made.recorded, made.leaves = recorded, kept
        if made.model is not None:
            made.norms = norms_of(made.model)
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

    def _within(self, tensor: Any) -> bool:
        """A tensor of the graph that is being traced, or of one around it."""
        if tensor is None or self.tensors.is_tensor(tensor):
            return False
        graph = self.tf.compat.v1.get_default_graph()
        while graph is not None and graph is not getattr(tensor, "graph", None):
            graph = getattr(graph, "outer_graph", None)
        return graph is not None

    def owners_of(self, variables: list[Any]) -> list[Model]:
        """The models that hold one of these variables, the smallest first."""
        ids = set(map(id, variables))
        book = self.watch.book
        sizes = {}
        for model, _thing in book.living():
            held = {id(entry.tensor) for entry in book.entries(model)}
            if held & ids:
                sizes[model.uid] = (-len(held & ids), len(held), model)
        return [model for _most, _size, model in sorted(sizes.values(), key=lambda s: s[:2])]

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
            self._made.update(
                (id(s), s.count()) for s in compiled.steppers if id(s) not in self._made
            )
            for gradient in compiled.gradients:
                gradient.ledger.start()
            compiled.runs = self._runs_of(compiled)
            self._active.append(compiled)
        self.watch.passes.interrupted()
        if milestone(compiled.calls) or by_lot(compiled.calls):
            for run, traced in compiled.runs:
                norms = traced.norms if traced is not None else None
                sample(self.watch.book, run, lambda _variable: None, norms)

    def after_call(self, compiled: Compiled) -> None:
        compiled.calls += 1
        compiled.unread += 1
        self._drivers.count(compiled.counts)
        moment = self.watch.cells.tick()
        for run, _traced in compiled.runs:
            run.last_moment = moment
        look, lot = milestone(compiled.calls - 1), by_lot(compiled.calls)
        if look or lot or compiled.unread * max(compiled.steps_each, 1) > RING // 2:
            self._read(compiled)
            for run, traced in compiled.runs if look or lot else ():
                if traced is not None:
                    self._keep_rows(run, traced)

    def _runs_of(self, compiled: Compiled) -> list[tuple[Run, TracedGradient | None]]:
        """The runs that the function's gradients and steps belong to, begun where needed."""
        found: list[tuple[Run, TracedGradient | None]] = []
        stepped: set[int] = set()
        for gradient in compiled.gradients:
            steppers: list[KerasStepper | None] = [*gradient.steppers]
            for stepper in steppers or [None]:
                found.append((self._run(gradient, stepper), gradient))
                stepped.add(id(stepper))
        alone = [s for s in compiled.steppers if id(s) not in stepped]
        return found + [(self._step_run(stepper), None) for stepper in alone]

    def _step_run(self, stepper: KerasStepper) -> Run:
        """The run of steps whose gradients were computed elsewhere."""
        variables = [v for group in stepper.groups() for v in group]
        ids = frozenset(map(id, variables))
        known = [r for r in self.runs.all if r.leaves & ids]
        run = next((r for r in known if r.optimizer in (None, stepper)), None)
        if run is None:
            run = self.runs.begin(known[-1].model if known else None)
            self._reach(run, variables)
        run.optimizer, run.compiled = stepper, True
        return run

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
        for run, gradient in compiled.runs:
            run.ends = []
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
            if isinstance(stepper, KerasStepper) and id(stepper) not in told:
                told.add(id(stepper))
                self._note_steps(run, stepper, shares)

    def _note_steps(self, run: Run, stepper: KerasStepper, calls: dict[str, int]) -> None:
        if id(stepper) not in self._made:
            return
        count = stepper.count()
        steps, self._made[id(stepper)] = count - self._made[id(stepper)], count
        if steps > 0:
            run.note_step(steps)
            for driver, number in shared_out(steps, calls).items():
                run.drivers[driver] = run.drivers.get(driver, 0) + number

    def stepped_eagerly(self, stepper: KerasStepper) -> None:
        """A step that is already counted."""
        if id(stepper) in self._made:
            self._made[id(stepper)] += 1

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
            for run, traced in compiled.runs:
                for rows in traced.ledger.banked() if traced is not None else ():
                    run.note_rows(rows)
        self._active = []
        self._last = None
        self._made = {}


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
