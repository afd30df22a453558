"""What the runner saw from outside: cells, their outputs, how the run ended."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from graders.printable import WritableText

Ended = Literal[
    "finished",
    "kernel_died",
    "budget_spent",
    "memory_spent",
    "processes_spent",
    "disk_spent",
    "output_spent",
    "not_started",
]
Log = Literal["whole", "forged", "stopped"]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Output(Frozen):
    """One output as text; pictures are counted, not kept here (they are in executed.ipynb)."""

    kind: Literal["stream", "result", "display", "error"]
    text: WritableText = ""  # plain, ANSI codes removed; for a DataFrame also its text/plain form
    html: WritableText = ""  # text/html as sent; hostile until escaped
    picture: bool = False
    truncated: bool = False


class CellError(Frozen):
    name: WritableText
    message: WritableText
    traceback: WritableText = ""


class CellRecord(Frozen):
    """A code cell in the executed notebook. `index` counts every cell of it, from 0."""

    index: int
    notebook: WritableText
    source: WritableText
    executed: bool
    seconds: float = 0.0
    outputs: tuple[Output, ...] = ()
    error: CellError | None = None
    timed_out: bool = False


class Notice(Frozen):
    """Something made harmless or answered by the grader, noted for the reader."""

    kind: WritableText  # "pip", "shell", "colab", "data", "device", "input", "plot", ...
    detail: WritableText
    cell: int | None = None


class RunRecord(Frozen):
    """`run.json`. `ended` says how; a fault of the machine is never the student's."""

    ended: Ended
    fault: Literal["none", "student", "machine"] = "none"
    detail: WritableText = ""  # one sentence, an English msgid
    log: Log = "whole"  # is the probe's log what the probe wrote, and all of it?
    stopped_by: Literal["", "watcher", "cgroup"] = ""  # what held it to a limit
    cells: tuple[CellRecord, ...] = ()
    notices: tuple[Notice, ...] = ()
    questions: tuple[str, ...] = ()  # digests of those that were put after the last cell
    environment: dict[WritableText, WritableText] = {}  # versions: python, torch, ...
    seconds: float = 0.0
    kernel_start_seconds: float = 0.0
    peak_memory: int = 0  # bytes of the kernel's process tree, sampled
