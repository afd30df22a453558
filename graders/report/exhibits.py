"""What does a report show beside the result? Plain data, filled by whoever has the analysis."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

NodeKind = Literal[
    "input",
    "linear",
    "conv",
    "norm",
    "activation",
    "add",
    "concat",
    "pool",
    "dropout",
    "output",
    "other",
]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DrawnNode(Frozen):
    """One operation of a network. `block` is a position in the drawing's `blocks`."""

    id: str
    label: str  # "Linear", "ReLU", "+"
    kind: NodeKind = "other"
    detail: str = ""  # "30 → 64"
    block: int | None = None


class NetworkDrawing(Frozen):
    """A network as boxes and arrows. `edges` go from the node that is read to the one that reads.

    An edge with an unknown end, or one that would close a circle, is not drawn.
    """

    title: str
    nodes: tuple[DrawnNode, ...]
    edges: tuple[tuple[str, str], ...] = ()
    blocks: tuple[str, ...] = ()  # what each residual block is, in words: one line of the caption
    cells: tuple[int, ...] = ()  # cells of the executed notebook where it was seen
    note: str = ""


class Curve(Frozen):
    """Lines over common axes. A point that is not finite is left out."""

    title: str
    series: dict[str, tuple[tuple[float, float], ...]]
    x_label: str = ""
    y_label: str = ""
    cells: tuple[int, ...] = ()
    note: str = ""


class ConfusionMatrix(Frozen):
    """`counts[i][j]`: items of class i that were answered with class j."""

    title: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    cells: tuple[int, ...] = ()
    note: str = ""


class Table(Frozen):
    """Rows of text as it is to be read; numbers come formatted."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cells: tuple[int, ...] = ()
    note: str = ""


class WrittenDocument(Frozen):
    """A document that was handed in: its name, what there is to say of it, and its text."""

    name: str
    note: str = ""  # "3 pages", or why it could not be read
    text: str = ""


class Exhibits(Frozen):
    """All that a report shows beside the result. Each list may be empty."""

    drawings: tuple[NetworkDrawing, ...] = ()
    curves: tuple[Curve, ...] = ()
    confusion: tuple[ConfusionMatrix, ...] = ()
    tables: tuple[Table, ...] = ()
    notices: tuple[str, ...] = ()  # what the grader answered or made harmless during the run
    documents: tuple[WrittenDocument, ...] = ()
    environment: dict[str, str] = {}  # versions the notebook ran with
