"""What was seen inside the kernel, as validated frozen data.

Everything here was written beside a student's code: it is hostile until it has passed these
models. Arrays are named by digest and read through `Blobs`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from graders.evidence.questions import Outcome
from graders.evidence.run_record import RunRecord

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Name = Annotated[str, Field(max_length=1000)]
Words = Annotated[str, Field(max_length=20_000)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]  # no integers of a thousand digits
Shape = Annotated[tuple[Annotated[int, Field(ge=0, le=2**40)], ...], Field(max_length=16)]


class Observed(BaseModel):
    """Frozen; a field that is not known is ignored, so that a newer probe can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Observed):
    """Cell counted over executed code cells from 0; moments order events within a run."""

    cell: Whole = -1
    moment: Whole = 0


class ModelSeen(Event):
    """`framework` names whose layers a module is made of, or whose tensors a collection holds."""

    uid: Whole
    framework: Literal["torch", "keras"] = "torch"
    kind: Literal["module", "collection"]
    class_name: Name
    names: tuple[Name, ...] = ()


class Entry(Observed):
    """One tensor of a state."""

    name: Name
    uid: Whole
    role: Literal["parameter", "buffer"]
    requires_grad: bool
    shape: Shape
    dtype: Name
    digest: Digest


class State(Event):
    """Weights of a model at a moment."""

    model: Whole
    why: Name
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

    value: Whole
    uid: Whole
    role: Literal["input", "parameter", "buffer", "constant"]
    model: Whole | None = None
    name: Name = ""
    digest: Digest
    rows_kept: Whole


class Node(Observed):
    """One call of the framework: `op` is F.*, torch.* or T.* (a Tensor method)."""

    op: Name
    args: list[Any] = []
    named: dict[str, Any] = {}
    outs: tuple[Whole, ...] = ()
    scope: Name = ""


class RootCall(Observed):
    model: Whole
    inputs: tuple[Whole, ...] = ()
    outputs: tuple[Whole, ...] = ()


class Graph(Event):
    """A tape: of a module's forward pass, or of one training iteration up to its loss."""

    model: Whole | None = None
    why: Literal["forward", "training"]
    run: Whole | None = None
    error: Words = ""
    guessed: bool = False
    nodes: tuple[Node, ...] = ()
    dead: tuple[Node, ...] = ()
    values: dict[Whole, Value] = {}
    leaves: tuple[Leaf, ...] = ()
    inputs: tuple[Whole, ...] = ()
    outputs: tuple[Whole, ...] = ()
    loss: Whole | None = None
    calls: tuple[RootCall, ...] = ()


class ParameterSample(Observed):
    """A tensor just before a step; `digest` names its content, None when it was not noted, and
    `group` is the place of its learning rate among the optimizer's."""

    uid: Whole
    name: Name
    requires_grad: bool
    in_optimizer: bool
    group: Whole | None = None
    gradient: float | None
    digest: Digest | None = None


class RunSample(Observed):
    step: Whole
    parameters: tuple[ParameterSample, ...] = ()
    training: bool = True
    norms_training: dict[Name, bool] = {}


class Reached(Observed):
    """A tensor that got gradients: its content when the run began and when it ended."""

    uid: Whole
    shape: Shape
    start: Digest
    end: Digest

    def entry(self, *, end: bool) -> Entry:
        """The tensor as a state of no model has it, when the run ended or when it began."""
        return Entry(
            name="",
            uid=self.uid,
            role="parameter",
            requires_grad=True,
            shape=self.shape,
            dtype="",
            digest=self.end if end else self.start,
        )


class TrainingRun(Event):
    """Consecutive backward passes and optimizer steps. `drivers` counts the steps by the loop that
    made them: a library's name and function, "" for the notebook's own. `pictures` are rows of
    `inputs` that are images, channels last, as large as they are kept. `compiled`: the steps ran
    inside a compiled function, of which samples know no gradients."""

    number: Whole
    model: Whole | None = None
    last_moment: Whole
    optimizer: Name = ""
    defaults: dict[str, Any] = {}
    backwards: Whole
    steps: Whole
    losses: Digest
    rates: tuple[tuple[Whole, tuple[float, ...]], ...] = ()
    samples: tuple[RunSample, ...] = ()
    inputs: Digest | None = None
    input_rows: Whole = 0
    batch_rows: Whole = 0
    drivers: dict[Name, Whole] = {}
    loss_nodes: tuple[Name, ...] = ()
    reached: tuple[Reached, ...] = ()
    pictures: Digest | None = None
    compiled: bool = False


class ForwardPass(Event):
    """Evaluations of one model in one state; `state` is that state's moment.

    Of images: `thumbnails` (n x 4 x 4 x channels, of the first n rows), `pictures` (some whole
    ones, those of `picture_rows`) and the `range` of their values. `chosen` is the place of each
    row's largest output; `marks` and `given_marks` are a few numbers of each row of the outputs,
    and of inputs that are no images.
    """

    model: Whole
    state: Whole
    rows: tuple[Whole, ...]
    grad: bool = False
    training: bool = False
    outputs: Digest | None = None
    inputs: Digest | None = None
    thumbnails: Digest | None = None
    pictures: Digest | None = None
    picture_rows: tuple[Whole, ...] = ()
    range: tuple[float, float] | None = None
    chosen: Digest | None = None
    marks: Digest | None = None
    given_marks: Digest | None = None


class ArrayRef(Observed):
    digest: Digest
    shape: Shape


class FunctionCall(Event):
    """A metric or a comparison asked of a library."""

    name: Name
    arrays: dict[Name, ArrayRef] = {}
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

    values: dict[Name, float] = {}


class FileSeen(Event):
    path: Name
    size: Whole
    digest: Name = ""


class Axes(Observed):
    """What one pair of axes shows: points of each line and of each cloud, bars, images."""

    lines: tuple[Whole, ...] = ()
    bars: Whole = 0
    points: tuple[Whole, ...] = ()
    images: Whole = 0


class FigureDrawn(Event):
    axes: Annotated[tuple[Axes, ...], Field(max_length=100)] = ()


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


class Asked(Observed):
    """What came of a question, by its digest; arrays in `value` are {"array": digest}."""

    question: Digest
    outcome: Outcome
    value: Any = None
    error: Words = ""


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
    plain: tuple[ForwardPass, ...] = ()  # of networks written as functions: no model, no state
    metrics: tuple[FunctionCall, ...] = ()
    comparisons: tuple[FunctionCall, ...] = ()
    arrays: tuple[ArraySeen, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    files: tuple[FileSeen, ...] = ()
    figures: tuple[FigureDrawn, ...] = ()
    tampered: tuple[Tampered, ...] = ()
    answers: tuple[Answered, ...] = ()
    asked: tuple[Asked, ...] = ()
    faults: tuple[Fault, ...] = ()
    damage: tuple[str, ...] = ()  # what was there and could not be what the probe wrote

    def cell_index(self, executed: int) -> int:
        """Position in the executed notebook of the n-th executed code cell."""
        ran = [c.index for c in self.run.cells if c.executed]
        return ran[executed] if 0 <= executed < len(ran) else -1
