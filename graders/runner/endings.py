"""How did the run end, and whose fault is it? Sentences are msgids, translated when shown."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

import psutil

from graders.runner.limits import Limits

Ended = Literal["finished", "kernel_died", "budget_spent", "memory_spent", "not_started"]
Fault = Literal["none", "student", "machine"]

LITTLE_MEMORY = 0.05  # of the machine's, available
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)


def N_(message: str) -> str:  # noqa: N802 - gettext's name for "to be translated later"
    """Marks a msgid for the catalogue."""
    return message


@dataclass(frozen=True)
class Ending:
    """How the run ended. `error` names it for the cell that ran then."""

    ended: Ended
    fault: Fault = "none"
    detail: str = ""
    error: str = ""


FINISHED = Ending("finished")
BUDGET = Ending("budget_spent", "none", N_("The time for the whole notebook was spent."))
BUDGET_KILLED = Ending(
    "budget_spent",
    "none",
    N_("The time for the whole notebook was spent and the kernel had to be stopped."),
    "TimeSpent",
)
CELL_KILLED = Ending(
    "budget_spent",
    "none",
    N_("A cell took too long and did not react to being interrupted: the kernel was stopped."),
    "TimeSpent",
)
MEMORY = Ending(
    "memory_spent",
    "none",
    N_("The notebook needed more memory than is allowed and was stopped."),
    "MemorySpent",
)
MACHINE_MEMORY = Ending(
    "memory_spent",
    "machine",
    N_("The machine ran out of memory while the notebook ran."),
    "MemorySpent",
)
DIED = Ending("kernel_died", "student", N_("The kernel died while a cell ran."), "KernelDied")
NOT_STARTED = Ending("not_started", "machine", N_("The kernel could not be started."))
NO_PROBE = Ending(
    "not_started", "machine", N_("The grader's observers could not be started in the kernel.")
)


def of_dead_kernel(status: int | None, limits: Limits) -> Ending:
    """The ending of a run whose kernel is no more; `status` is its exit status."""
    if limits.killed_for == "memory":
        return MEMORY
    if limits.killed_for:
        return BUDGET_KILLED if limits.killed_for == "budget" else CELL_KILLED
    machine = psutil.virtual_memory()
    if status in KILLED and machine.available < LITTLE_MEMORY * machine.total:
        return MACHINE_MEMORY
    return DIED
