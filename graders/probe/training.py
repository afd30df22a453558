"""How was a network trained? Consecutive backward passes and optimizer steps make up a run."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import randbelow
from typing import Any

from .cells import Cells
from .drivers import Drivers
from .log import EventLog
from .looks import by_lot, milestone
from .models import Model, ModelBook, to_numpy
from .passes import Passes
from .pictures import few_enough, pictures

MAX_LOSSES = 100_000
MAX_WALK = 4000  # nodes of the autograd graph that are looked at
INPUT_ROWS = 512  # rows kept of the first batches, and as many of batches drawn by lot
LOT_ROWS = 32  # of one batch drawn by lot
MAX_DIGESTED = 8 * 2**20  # bytes of weights whose content is noted at one look


class Run:
    """One training run, in one cell, by one optimizer (or none)."""

    def __init__(self, number: int, cell: int, model: Model | None, moment: int) -> None:
        self.number, self.cell, self.model, self.moment = number, cell, model, moment
        self.optimizer: Any = None
        self.optimizer_name = ""
        self.defaults: dict[str, Any] = {}
        self.backwards = self.steps = 0
        self.losses: list[Any] = []
        self.rates: list[tuple[int, list[float]]] = []
        self.samples: list[dict[str, Any]] = []
        self.inputs: list[Any] = []
        self.pictures: list[Any] = []
        self.input_rows = 0
        self.batch_rows = 0
        self.drivers: dict[str, int] = {}
        self.loss_nodes: list[str] = []
        self.reached: list[tuple[Any, str]] = []  # tensors that get gradients, first content
        self.ends: list[str] = []
        self.last_moment = self.earlier_moment = moment
        self.leaves: frozenset[int] = frozenset()  # ids of the tensors that get gradients
        self.taped = False


class Training:
    """Watches backward passes and optimizer steps."""

    def __init__(
        self, torch: Any, log: EventLog, cells: Cells, book: ModelBook, passes: Passes
    ) -> None:
        self.torch, self.log, self.cells, self.book, self.passes = torch, log, cells, book, passes
        self.tape: Any = None
        self.runs: list[Run] = []
        self.run: Run | None = None
        self._calls: list[dict[str, Any]] = []
        self._count = 0
        self._open_tapes: list[Any] = []  # left, but still on torch's stack
        self._drivers = Drivers()

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
        if self.tape is not None:
            self._close_tape(loss)
        lot = by_lot(run.backwards)
        if lot or milestone(run.backwards):  # a block may be skipped at random in the first pass
            self._look_back(run, loss)
        if len(run.losses) < MAX_LOSSES:
            run.losses.append(loss.detach())
        if call is not None:
            given = next((a for a in call.args if isinstance(a, self.torch.Tensor)), None)
            if given is not None and given.ndim:
                run.batch_rows = max(run.batch_rows, len(given))
                run.input_rows += len(given)
                kept = sum(map(len, run.inputs))
                if milestone(run.backwards) and kept < INPUT_ROWS:
                    self._keep_rows(run, given[: INPUT_ROWS // 4])
                elif lot and kept < 2 * INPUT_ROWS:
                    first = randbelow(max(len(given) - LOT_ROWS, 0) + 1)
                    self._keep_rows(run, given[first : first + LOT_ROWS])
            if run.backwards == 0:
                self.passes.keep_sample(call.model, call.args)

    def _keep_rows(self, run: Run, given: Any) -> None:
        rows = to_numpy(given)
        run.inputs.append(few_enough(rows).copy())
        kept = pictures(rows)
        if kept is not None:
            run.pictures.append(kept)

    def after_backward(self) -> None:
        run = self.run
        if run is None:
            return
        run.backwards += 1
        run.earlier_moment, run.last_moment = run.last_moment, self.cells.tick()
        if run.backwards == 1 and not run.taped:
            self._open_tape()
        if run.optimizer is None and milestone(run.backwards):
            self._sample(run)

    def _run_for(self, model: Model | None) -> Run:
        run = self.run
        if run is not None and run.cell == self.cells.current and run.model is model:
            return run
        for known in self.runs:
            if known.model is model and known.cell == self.cells.current:
                self.run = known
                return known
        return self._begin(model)

    def _same_leaves(self, run: Run, loss: Any) -> Run:
        """Without a module and an optimizer, a run is told by the tensors that get gradients."""
        leaves = frozenset(id(v) for v, _names in _leaves_of(loss) if v is not None)
        for known in self.runs:
            if known.leaves & leaves and known.cell == run.cell:
                self.run = known
                return known
        return self._begin(None)

    def _begin(self, model: Model | None) -> Run:
        self._drop_tape()
        self._count += 1
        run = Run(self._count, self.cells.current, model, self.cells.tick())
        for earlier in self.runs:
            self._finish(earlier)
        for known, _thing in self.book.living():
            self.book.write_state(self.book.copy_state(known, "run_start"))
        self.runs.append(run)
        self.run = run
        return run

    def _finish(self, run: Run) -> None:
        run.ends = [self.log.keep(to_numpy(tensor)) for tensor, _start in run.reached]

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
        if self.tape is not None:
            self.tape.paused = True
        run = self.run
        if run is None or run.cell != self.cells.current:
            run = self._begin(None)  # stepping without a backward pass seen
        if run.optimizer is None:
            run.optimizer = optimizer
        elif run.optimizer is not optimizer:
            run = self._switch(run, optimizer)
        if not run.optimizer_name:
            run.optimizer_name = type(optimizer).__name__
            run.defaults = {
                k: v
                for k, v in optimizer.defaults.items()
                if isinstance(v, (int, float, bool, str))
            }
        if milestone(run.steps) or by_lot(run.steps):
            self._sample(run)

    def _switch(self, run: Run, optimizer: Any) -> Run:
        """The last backward pass was the first of another optimizer's run."""
        for known in self.runs:
            if known.optimizer is optimizer and known.cell == run.cell:
                if run.losses:
                    known.losses.append(run.losses.pop())
                    run.backwards -= 1
                    run.last_moment = run.earlier_moment
                    known.backwards += 1
                self.run = known
                return known
        made = self._begin(run.model)
        made.optimizer = optimizer
        if run.losses:
            made.losses.append(run.losses.pop())
            run.backwards -= 1
            run.last_moment = run.earlier_moment
            made.backwards = 1
        if run.inputs:
            made.inputs.append(run.inputs[-1])
        made.batch_rows, made.loss_nodes = run.batch_rows, list(run.loss_nodes)
        made.reached = [
            (p, self.log.keep(to_numpy(p)))
            for group in optimizer.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        self._open_tape()
        return made

    def after_step(self, optimizer: Any) -> None:
        if self.tape is not None:
            self.tape.paused = False
        elif self._open_tapes:
            self._pop_tapes()
        run = self.run
        if run is None:
            return
        run.steps += 1
        rates = [group["lr"] for group in optimizer.param_groups]
        if (not run.rates or rates != run.rates[-1][1]) and len(run.rates) < 5000:
            run.rates.append((run.steps, rates))
        self._drivers.count(run.drivers)

    def _sample(self, run: Run) -> None:
        """Who has gradients, who may move, in which mode: looked at ever more rarely."""
        tensors: dict[int, tuple[str, Any, bool]] = {}
        if run.model is not None:
            for name, role, tensor in self.book.entries(run.model):
                if role == "parameter":
                    tensors[id(tensor)] = (name, tensor, False)
        for group in run.optimizer.param_groups if run.optimizer is not None else ():
            for tensor in group["params"]:
                name = tensors.get(id(tensor), ("", None, False))[0]
                tensors[id(tensor)] = (name, tensor, True)
        rows = []
        digests = self._digests([tensor for _name, tensor, _stepped in tensors.values()])
        for name, tensor, stepped in tensors.values():
            gradient = tensor.grad
            rows.append(
                {
                    "uid": self.book.tensor_uid(tensor),
                    "name": name[:300],
                    "requires_grad": bool(tensor.requires_grad),
                    "in_optimizer": stepped,
                    "gradient": None if gradient is None else float(gradient.detach().norm()),
                    "digest": digests.get(id(tensor)),
                }
            )
        thing = run.model.thing() if run.model is not None else None
        norms = {}
        if thing is not None and run.model is not None and run.model.kind == "module":
            norms = {
                path[:300]: module.training
                for path, module in thing.named_modules()
                if "Norm" in type(module).__name__
            }
        run.samples.append(
            {
                "step": run.steps,
                "parameters": rows,
                "training": bool(getattr(thing, "training", True)),
                "norms_training": norms,
            }
        )

    def _digests(self, tensors: list[Any]) -> dict[int, str]:
        """Contents by identity: of all, or of some drawn by lot when they are large. Those that
        should stay as they are, having no gradients, are kept whole when they did not."""
        room, found = MAX_DIGESTED, {}
        whole = sum(t.nbytes for t in tensors) <= room
        first = 0 if whole else randbelow(len(tensors))
        for tensor in tensors[first:] + tensors[:first]:
            if tensor.nbytes <= room:
                room -= tensor.nbytes
                note = self.log.digest if tensor.requires_grad else self.log.keep
                found[id(tensor)] = note(to_numpy(tensor))
        return found

    # -- the tape of one iteration ---------------------------------------------------------
    def _open_tape(self) -> None:
        self._drop_tape()
        self.tape = self.book.new_tape(self.book.operations)
        self._calls = []
        self.tape.__enter__()

    def _leave_tape(self) -> Any:
        tape, self.tape = self.tape, None
        tape.paused = True
        self._open_tapes.append(tape)
        if not tape.busy:
            self._pop_tapes()
        return tape

    def _pop_tapes(self) -> None:
        while self._open_tapes:
            self._open_tapes.pop().__exit__(None, None, None)

    def _drop_tape(self) -> None:
        if self.tape is not None:
            self._leave_tape()

    def root_called(self, model: Model, args: Any, out: Any, grad: bool) -> None:
        """A root call under the tape: remember where its network begins and ends."""
        tape = self.tape
        tensors = [a for a in args if isinstance(a, self.torch.Tensor)]
        outs = [t for t in tape.flatten(out) if isinstance(t, self.torch.Tensor)]
        tape.paused, paused = True, tape.paused
        inputs, outputs = [tape.value(t) for t in tensors], [tape.value(t) for t in outs]
        tape.paused = paused
        self._calls.append({"model": model.uid, "inputs": inputs, "outputs": outputs, "grad": grad})

    def _close_tape(self, loss: Any) -> None:
        tape = self._leave_tape()
        run = self.run
        if tape is None or run is None:
            return
        run.taped = True
        calls = [c for c in self._calls if c["grad"]]
        tape.inputs = list(dict.fromkeys(v for c in calls for v in c["inputs"]))
        tape.outputs = calls[-1]["outputs"] if calls else []
        self.book.write_graph(
            tape,
            model=run.model,
            why="training",
            moment=self.cells.tick(),
            loss=loss,
            run=run.number,
            calls=calls,
        )

    # -- writing down ----------------------------------------------------------------------
    def cell_ended(self) -> None:
        import numpy as np

        self._drop_tape()
        self._pop_tapes()
        for run in self.runs:
            if run is self.run or not run.ends:
                self._finish(run)
            losses = [float(x) if x.numel() == 1 else float(x.mean()) for x in run.losses]
            inputs = [a for a in run.inputs if a.shape[1:] == run.inputs[0].shape[1:]]
            seen = [a for a in run.pictures if a.shape[1:] == run.pictures[0].shape[1:]]
            self.log.write(
                "run",
                number=run.number,
                cell=run.cell,
                model=run.model.uid if run.model else None,
                moment=run.moment,
                last_moment=run.last_moment,
                optimizer=run.optimizer_name,
                defaults=run.defaults,
                backwards=run.backwards,
                steps=run.steps,
                losses=self.log.keep(np.asarray(losses, dtype=np.float64)),
                rates=run.rates,
                samples=run.samples,
                inputs=self.log.keep(np.concatenate(inputs)) if inputs else None,
                pictures=self.log.keep(np.concatenate(seen)) if seen else None,
                input_rows=run.input_rows,
                batch_rows=run.batch_rows,
                drivers=run.drivers,
                loss_nodes=run.loss_nodes,
                reached=[
                    {
                        "uid": self.book.tensor_uid(tensor),
                        "shape": list(tensor.shape),
                        "start": start,
                        "end": end,
                    }
                    for (tensor, start), end in zip(run.reached, run.ends, strict=True)
                ],
            )
        self.runs = []
        self.run = None


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
