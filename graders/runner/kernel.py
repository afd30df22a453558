"""Starts a kernel shut in a sandbox. The one place that knows how a kernel comes to life."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from graders.rubric.model import Run
from graders.runner.processes import kill_tree
from graders.runner.surroundings import MARK, environment
from graders.runner.workplace import Workplace
from graders.sandbox import Bounds, Sandbox, Shared, cgroup
from graders.sandbox.interpreter import interpreter_paths

START_TIMEOUT = 120.0  # seconds
MAX_MESSAGE = 64 * 2**20  # bytes; a kernel that sends more is cut off
MAX_WAITING = 16  # messages that the kernel may send ahead of what is read
PACKAGE = Path(__file__).parents[1]
LOG_TAIL = 4000  # bytes kept of what the kernel's process writes


class KernelNotStarted(Exception):  # noqa: N818 - a state of the machine
    """The kernel could not be started. The message is what it wrote, for the teacher."""


class CellClient(AsyncKernelClient):
    """A client whose requests say which cell they run."""

    cell_id: str = ""

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: dict[str, Any] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
    ) -> str:
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": user_expressions or {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        metadata = {"cellId": self.cell_id} if self.cell_id else {}
        message = self.session.msg("execute_request", content, metadata=metadata)
        self.shell_channel.send(message)
        return str(message["header"]["msg_id"])


class _Manager(AsyncKernelManager):
    """A manager of the one kernel that it is given."""

    given: KernelSpec

    @property
    def kernel_spec(self) -> KernelSpec:
        return self.given


class _Tail:
    """Keeps the end of what a process writes, so that it can write without end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._kept = b""
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while chunk := os.read(self._stream.fileno(), 65536):
                self._kept = (self._kept + chunk)[-LOG_TAIL:]
        except (OSError, ValueError):
            pass

    def text(self) -> str:
        self._thread.join(timeout=0.5)
        return self._kept.decode("utf-8", "replace")


class Kernel:
    """A running kernel. `client` talks to it; `pid` is the sandbox's or its own.

    `folder` is all that it may write, `group` its control group where there is one.
    """

    def __init__(
        self,
        manager: _Manager,
        client: CellClient,
        log: _Tail,
        place: Workplace,
        bounds: Bounds,
        group: Path | None,
    ) -> None:
        self.manager, self.client = manager, client
        self.bounds, self.folder, self.group = bounds, place.base, group
        self._log = log
        provisioner: Any = manager.provisioner
        self._popen = provisioner.process
        self.pid = int(self._popen.pid)
        self._mark = f"{MARK}={place.base.name}"

    @property
    def status(self) -> int | None:
        """The exit status; None while it lives."""
        status: int | None = self._popen.poll()
        return status

    @property
    def log(self) -> str:
        return self._log.text()

    async def interrupt(self) -> None:
        """Ask it to raise KeyboardInterrupt in the running cell."""
        await self.manager.interrupt_kernel()

    def kill(self) -> None:
        """Kill it and everything it started, now."""
        kill_tree(self.pid, self._mark)

    async def close(self) -> None:
        """Leave nothing of it behind."""
        self.kill()
        with suppress(TimeoutError, RuntimeError, OSError):
            await asyncio.wait_for(self.manager.shutdown_kernel(now=True), 10)
        self.client.stop_channels()
        self.client.context.destroy(linger=0)
        if self.group is not None:
            cgroup.remove(self.group)


def kernel_command(
    name: str | None, interpreter: str | None = None
) -> tuple[list[str], dict[str, str], list[Path]]:
    """The command line, variables and folders to read of a kernelspec, or of an interpreter: ours
    if none is given.

    Raises KernelNotStarted when there is no such kernelspec.
    """
    if name is None:
        python = interpreter or sys.executable
        command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        quiet = ["--HistoryManager.enabled=False", "--IPKernelApp.log_level=CRITICAL"]
        return [*command, *quiet], {}, []
    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel as error:
        raise KernelNotStarted(f"no kernelspec named {name}") from error
    command = list(spec.argv)
    if command[0] in ("python", "python3"):
        command[0] = sys.executable
    command[0] = shutil.which(command[0]) or command[0]
    return command, {k: str(v) for k, v in spec.env.items()}, [Path(spec.resource_dir)]


def _ours(readable: Iterable[Path]) -> Iterator[Path]:
    """Our own package, with its rubrics, wherever it is installed among what a run can read."""
    yield PACKAGE
    for folder in readable:
        for packages in ("", "python3*/site-packages", "python3*/dist-packages"):
            yield from folder.glob(os.path.join(packages, PACKAGE.name))


async def start_kernel(settings: Run, place: Workplace, sandbox: Sandbox) -> Kernel:
    """Start a kernel in the sandbox and wait until it answers. Raises KernelNotStarted."""
    command, extra, folders = kernel_command(settings.kernel, settings.interpreter)
    bounds = Bounds(settings.memory, settings.processes, settings.disk)
    readable = (*interpreter_paths(command[0]), *folders, *place.readable)
    shared = Shared(readable, hidden=tuple(_ours(readable)))
    launch = sandbox.wrap(
        command,
        workdir=place.base,
        shared=shared,
        env={**environment(place, command[0]), **extra},
        bounds=bounds,
    )
    manager = _Manager(connection_file=str(place.sockets / "c.json"))
    if os.name == "posix":
        manager.transport, manager.ip = "ipc", str(place.sockets / "s")
    manager.given = KernelSpec(
        argv=launch.command, display_name="corrige", language="python", interrupt_mode="message"
    )
    # bwrap starts the kernel under another parent, which ipykernel would take for its parent's end
    env = {k: v for k, v in launch.env.items() if k != "JPY_PARENT_PID"}
    try:
        return await _launch(manager, place, env, bounds, launch.group)
    except BaseException:
        if launch.group is not None:
            cgroup.remove(launch.group)
        raise


async def _launch(
    manager: _Manager, place: Workplace, env: Mapping[str, str], bounds: Bounds, group: Path | None
) -> Kernel:
    reading, writing = os.pipe()
    log = _Tail(os.fdopen(reading, "rb"))
    try:
        await manager.start_kernel(
            env=dict(env), cwd=str(place.work), stdout=writing, stderr=writing
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise KernelNotStarted(str(error)) from error
    finally:
        os.close(writing)
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
    context.setsockopt(zmq.RCVHWM, MAX_WAITING)
    client = CellClient(
        **manager.get_connection_info(session=True),
        connection_file=manager.connection_file,
        context=context,
        parent=manager,  # to ask the process itself whether it lives: hearts are slow under load
    )
    kernel = Kernel(manager, client, log, place, bounds, group)
    try:
        client.start_channels(hb=False)
        await client.wait_for_ready(timeout=START_TIMEOUT)
    except RuntimeError as error:
        await kernel.close()
        raise KernelNotStarted(f"{error}\n{kernel.log}".strip()) from error
    except BaseException:
        await kernel.close()
        raise
    client.allow_stdin = False
    return kernel
