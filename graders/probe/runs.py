"""What is noted of one training run?"""

from __future__ import annotations

from secrets import randbelow
from typing import Any

from .frameworks.seam import Tensors
from .log import EventLog
from .looks import milestone
from .models import Model, ModelBook
from .optimizers import MAX_RATES, Stepper
from .pictures import few_enough, pictures

MAX_LOSSES = 100_000
INPUT_ROWS = 512  # rows kept of the first batches, and as many of batches drawn by lot
LOT_ROWS = 32  # of one batch drawn by lot


class Run:
    """One training run, in one cell, by one optimizer (or none)."""

    def __init__(
        self, number: int, cell: int, model: Model | None, moment: int, tensors: Tensors
    ) -> None:
        self.number, self.cell, self.model, self.moment = number, cell, model, moment
        self.tensors = tensors
        self.optimizer: Stepper | None = None
        self.compiled = False  # its steps ran inside a compiled function
        self.backwards = self.steps = 0
        self.first = 0  # steps that the optimizer had made before
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

    def note_batch(self, given: Any, lot: bool) -> None:
        """The rows of one batch (a tensor with at least one axis) that the loss came of; `lot`:
        it was drawn to be looked at."""
        count = self.tensors.shape(given)[0]
        self.batch_rows = max(self.batch_rows, count)
        self.input_rows += count
        kept = sum(map(len, self.inputs))
        if milestone(self.backwards) and kept < INPUT_ROWS:
            self._keep_rows(given, 0, INPUT_ROWS // 4)
        elif lot and kept < 2 * INPUT_ROWS:
            self._keep_rows(given, randbelow(max(count - LOT_ROWS, 0) + 1), LOT_ROWS)

    def _keep_rows(self, given: Any, first: int, count: int) -> None:
        rows = self.tensors.to_numpy(self.tensors.rows(given, first, count))
        self._note(rows)

    def note_rows(self, rows: Any) -> None:
        """Some rows of a batch, as an array that stays as it is."""
        if sum(map(len, self.inputs)) < 2 * INPUT_ROWS:
            self._note(rows)

    def _note(self, rows: Any) -> None:
        self.inputs.append(few_enough(rows))
        kept = pictures(rows)
        if kept is not None:
            self.pictures.append(kept)

    def note_step(self, steps: int = 1) -> None:
        """The optimizer made a step, or so many: which learning rates has it now?"""
        self.ends = []
        if self.optimizer is not None and not self.steps:
            self.first = self.optimizer.count() - steps
        self.steps += steps
        if self.optimizer is not None:
            rates = self.optimizer.rates()
            if (
                rates
                and (not self.rates or rates != self.rates[-1][1])
                and len(self.rates) < MAX_RATES
            ):
                self.rates.append((self.steps, rates))

    def pass_on(self, other: Run) -> None:
        """The last backward pass was another run's."""
        if self.losses:
            other.losses.append(self.losses.pop())
            self.backwards -= 1
            self.last_moment = self.earlier_moment
            other.backwards += 1
        if self.inputs and not other.inputs:
            other.inputs.append(self.inputs[-1])

    def share(self, other: Run) -> None:
        """The last backward pass is another run's as well: two optimizers step by it."""
        if self.losses:
            other.losses.append(self.losses[-1])
            other.backwards += 1
            other.last_moment = self.last_moment
        if self.inputs and not other.inputs:
            other.inputs.append(self.inputs[-1])

    def finish(self, log: EventLog) -> None:
        """Note what the tensors hold that got gradients: the run is over, or may be."""
        self.ends = [log.keep(self.tensors.to_numpy(tensor)) for tensor, _start in self.reached]


def _rates(run: Run) -> list[tuple[int, list[float]]]:
    scheduled = run.optimizer.rates_of(run.first, run.steps) if run.optimizer is not None else None
    return run.rates if scheduled is None else scheduled


def write_run(log: EventLog, book: ModelBook, run: Run) -> None:
    """Write a finished run down."""
    import numpy as np

    losses = [
        loss if isinstance(loss, float) else float(run.tensors.to_numpy(loss).mean())
        for loss in run.losses
    ]
    optimizer = run.optimizer
    inputs = [a for a in run.inputs if a.shape[1:] == run.inputs[0].shape[1:]]
    seen = [a for a in run.pictures if a.shape[1:] == run.pictures[0].shape[1:]]
    log.write(
        "run",
        number=run.number,
        cell=run.cell,
        model=run.model.uid if run.model else None,
        moment=run.moment,
        last_moment=run.last_moment,
        optimizer=optimizer.name if optimizer is not None else "",
        defaults=optimizer.settings() if optimizer is not None else {},
        compiled=run.compiled,
        backwards=run.backwards,
        steps=run.steps,
        losses=log.keep(np.asarray(losses, dtype=np.float64)),
        rates=_rates(run),
        samples=run.samples,
        inputs=log.keep(np.concatenate(inputs)) if inputs else None,
        pictures=log.keep(np.concatenate(seen)) if seen else None,
        input_rows=run.input_rows,
        batch_rows=run.batch_rows,
        drivers=run.drivers,
        loss_nodes=run.loss_nodes,
        reached=[
            {
                "uid": book.tensor_uid(tensor),
                "shape": list(run.tensors.shape(tensor)),
                "start": start,
                "end": end,
            }
            for (tensor, start), end in zip(run.reached, run.ends, strict=True)
        ],
    )
