"""How did the run end, and whose fault is it? Sentences are msgids, translated when shown."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from typing import Literal

import psutil

from graders.evidence.run_record import Ended
from graders.runner.kernel import Kernel
from graders.runner.limits import Limits
from graders.sandbox import cgroup

Fault = Literal["none", "student", "machine"]

LITTLE_MEMORY = 0.05  # of the machine's, available
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)


def N_(message: str) -> str:  # noqa: N802 - gettext's name for "to be translated later"
    """Marks a msgid for the catalogue."""
    return message


@dataclass(frozen=True)
class Ending:
    """How the run ended. `error` names it for the cell that ran then, `stopped_by` what acted."""

    ended: Ended
    fault: Fault = "none"
    detail: str = ""
    error: str = ""
    stopped_by: Literal["", "watcher", "cgroup"] = ""


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
MACHINE_DISK = Ending(
    "disk_spent",
    "machine",
    N_("The machine's disk was nearly full while the notebook ran."),
    "DiskSpent",
)
PROCESSES = Ending(
    "processes_spent",
    "none",
    N_("The notebook started more processes than are allowed and was stopped."),
    "ProcessesSpent",
)
DISK = Ending(
    "disk_spent",
    "none",
    N_("The notebook wrote more to the disk than is allowed and was stopped."),
    "DiskSpent",
)
OUTPUT = Ending(
    "output_spent",
    "none",
    N_("The notebook sent more output than can be taken and was stopped."),
    "OutputSpent",
)
DIED = Ending("kernel_died", "student", N_("The kernel died while a cell ran."), "KernelDied")
NOT_STARTED = Ending("not_started", "machine", N_("The kernel could not be started."))
NO_PROBE = Ending(
    "not_started", "machine", N_("The grader's observers could not be started in the kernel.")
)


_STOPPED = {
    "budget": BUDGET_KILLED,
    "cell": CELL_KILLED,
    "memory": MEMORY,
    "processes": PROCESSES,
    "disk": DISK,
    "output": OUTPUT,
    "machine_memory": MACHINE_MEMORY,
    "machine_disk": MACHINE_DISK,
}


def of_dead_kernel(kernel: Kernel, limits: Limits) -> Ending:
    """The ending of a run whose kernel is no more."""
    if limits.killed_for:
        return replace(_STOPPED[limits.killed_for], stopped_by="watcher")
    if kernel.group is not None and cgroup.acted(kernel.group) == "memory":
        return replace(MEMORY, stopped_by="cgroup")
    machine = psutil.virtual_memory()
    if kernel.status in KILLED and machine.available < LITTLE_MEMORY * machine.total:
        return MACHINE_MEMORY
    return DIED
