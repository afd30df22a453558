"""What was seen inside the kernel, as validated frozen data.

Everything here was written beside a student's code: it is hostile until it has passed these
models. Arrays are named by digest and read through `Blobs`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from graders.evidence.run_record import RunRecord

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Name = Annotated[str, Field(max_length=1000)]
Shape = Annotated[tuple[Annotated[int, Field(ge=0, le=2**40)], ...], Field(max_length=16)]


class Observed(BaseModel):
    """Frozen; a field that is not known is ignored, so that a newer probe can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Observed):
    """Cell counted over executed code cells from 0; moments order events within a run."""

    cell: int = -1
    moment: int = 0


class ModelSeen(Event):
    uid: int
    kind: Literal["module", "collection"]
    class_name: Name
    names: tuple[Name, ...] = ()


class Entry(Observed):
    """One tensor of a state."""

    name: Name
    uid: int
    role: Literal["parameter", "buffer"]
    requires_grad: bool
    shape: Shape
    dtype: Name
    digest: Digest


class State(Event):
    """Weights of a model at a moment."""

    model: int
    why: str
    training: bool
    entries: tuple[Entry, ...]

    @property
    def parameters(self) -> tuple[Entry, ...]:
        return tuple(e for e in self.entries if e.role == "parameter")


class Value(Observed):
    shape: Shape
    dtype: Name
    requires_grad: bool = False


class Leaf(Observed):
    """A value that a graph starts from."""

    value: int
    uid: int
    role: Literal["input", "parameter", "buffer", "constant"]
    model: int | None = None
    name: Name = ""
    digest: Digest
    rows_kept: int


class Node(Observed):
    """One call of the framework: `op` is F.*, torch.* or T.* (a Tensor method)."""

    op: Name
    args: list[Any] = []
    named: dict[str, Any] = {}
    outs: tuple[int, ...] = ()
    scope: Name = ""


class RootCall(Observed):
    model: int
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()


class Graph(Event):
    """A tape: of a module's forward pass, or of one training iteration up to its loss."""

    model: int | None = None
    why: Literal["forward", "training"]
    run: int | None = None
    error: str = ""
    guessed: bool = False
    nodes: tuple[Node, ...] = ()
    dead: tuple[Node, ...] = ()
    values: dict[int, Value] = {}
    leaves: tuple[Leaf, ...] = ()
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    loss: int | None = None
    calls: tuple[RootCall, ...] = ()


class ParameterSample(Observed):
    uid: int
    name: Name
    requires_grad: bool
    in_optimizer: bool
    gradient: float | None


class RunSample(Observed):
    step: int
    parameters: tuple[ParameterSample, ...] = ()
    training: bool = True
    norms_training: dict[str, bool] = {}


class Reached(Observed):
    """A tensor that got gradients: its content when the run began and when it ended."""

    uid: int
    shape: Shape
    start: Digest
    end: Digest


class TrainingRun(Event):
    """Consecutive backward passes and optimizer steps. `drivers` names libraries' loops."""

    number: int
    model: int | None = None
    last_moment: int
    optimizer: Name = ""
    defaults: dict[str, Any] = {}
    backwards: int
    steps: int
    losses: Digest
    rates: tuple[tuple[int, tuple[float, ...]], ...] = ()
    samples: tuple[RunSample, ...] = ()
    inputs: Digest | None = None
    input_rows: int = 0
    batch_rows: int = 0
    drivers: dict[str, int] = {}
    loss_nodes: tuple[Name, ...] = ()
    reached: tuple[Reached, ...] = ()


class ForwardPass(Event):
    """Evaluations of one model in one state; `state` is that state's moment."""

    model: int
    state: int
    rows: tuple[int, ...]
    grad: bool = False
    training: bool = False
    outputs: Digest | None = None
    inputs: Digest | None = None


class ArrayRef(Observed):
    digest: Digest
    shape: Shape


class FunctionCall(Event):
    """A metric or a comparison asked of a library."""

    name: Name
    arrays: dict[str, ArrayRef] = {}
    options: dict[str, Any] = {}
    same_object: bool = False
    result: Any = None


class ArraySeen(Event):
    """An array, tensor or table in a variable after a cell."""

    name: Name
    kind: Name
    shape: Shape
    dtype: Name
    digest: Digest
    columns: tuple[Name, ...] = ()


class Numbers(Event):
    """Numbers in variables that changed in this cell."""

    values: dict[str, float] = {}


class FileSeen(Event):
    path: Name
    size: int
    digest: str = ""


class Tampered(Event):
    """A function that facts rest on was replaced by the notebook."""

    name: Name


class Answered(Event):
    """What a model answered when the probe called it as anybody would, batch after batch.

    `state` is the moment of the state that it had, as of the graph that was drawn just before.
    """

    model: int
    state: int
    rows: tuple[int, ...]
    inputs: Digest
    outputs: Digest


class Fault(Event):
    """The probe itself failed somewhere."""

    where: Name
    what: Name


class Evidence(Observed):
    """All that was seen of one run, from outside (`run`) and from inside."""

    run: RunRecord
    models: tuple[ModelSeen, ...] = ()
    states: tuple[State, ...] = ()
    graphs: tuple[Graph, ...] = ()
    training: tuple[TrainingRun, ...] = ()
    passes: tuple[ForwardPass, ...] = ()
    metrics: tuple[FunctionCall, ...] = ()
    comparisons: tuple[FunctionCall, ...] = ()
    arrays: tuple[ArraySeen, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    files: tuple[FileSeen, ...] = ()
    tampered: tuple[Tampered, ...] = ()
    answers: tuple[Answered, ...] = ()
    faults: tuple[Fault, ...] = ()

    def cell_index(self, executed: int) -> int:
        """Position in the executed notebook of the n-th executed code cell."""
        ran = [c.index for c in self.run.cells if c.executed]
        return ran[executed] if 0 <= executed < len(ran) else -1
