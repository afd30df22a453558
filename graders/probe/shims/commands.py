"""`!commands`, `%magics` and subprocesses: the harmless ones run, with a time limit."""

from __future__ import annotations

import codecs
import functools
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..notices import note
from .places import Places
from .shell_text import harmless

# Magics that install, or belong to what is not here.
NOTED = (
    "pip",
    "conda",
    "mamba",
    "micromamba",
    "uv",
    "tensorboard",
    "watermark",
    "matplotlib_inline",
    "tensorflow_version",
    "autosave",
    "wandb",
)


def install(shell: Any, places: Places, timeout: float) -> None:
    """Route the shell's ways to run commands through the filter."""
    runner = Runner(places, timeout)
    _processes(places)
    setattr(os, "system", runner.run)  # noqa: B010 - of another signature, which a plain assignment may not have
    if shell is None:
        return

    def system(command: str) -> None:
        shell.user_ns["_exit_code"] = runner.run(shell.var_expand(command, depth=1))

    def getoutput(command: str, split: bool = True, depth: int = 0) -> Any:
        text: list[str] = []
        runner.run(shell.var_expand(command, depth=depth + 1), text.append)
        joined = "".join(text)
        if not split:
            return joined
        from IPython.utils.text import SList

        return SList(joined.splitlines())

    shell.system = shell.system_piped = shell.system_raw = system
    shell.getoutput = getoutput
    _magics(shell, runner)


class Runner:
    """Runs what is left of a command, prints its output, stops it after `timeout` seconds."""

    def __init__(self, places: Places, timeout: float) -> None:
        self.places, self.timeout = places, timeout

    def run(self, command: str, out: Callable[[str], object] | None = None) -> int:
        """The exit status; 124 when it took too long."""
        command = os.fsdecode(command).strip()
        command = harmless(command, self.places)
        if not command or command == "true":
            return 0
        background = command.endswith("&") and not command.endswith("&&")
        if background:
            note("shell", f"in the background: {command}")
        process = subprocess.Popen(
            command if os.name == "nt" else ["/bin/sh", "-c", command],
            shell=os.name == "nt",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if background else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(self.timeout, stop)
        timer.daemon = True
        timer.start()
        try:
            if process.stdout is not None:
                _copy(process.stdout.fileno(), out or sys.stdout.write)
                process.stdout.close()
            status = process.wait()
        except BaseException:
            _kill(process)
            raise
        finally:
            timer.cancel()
        if late.is_set():
            note("shell", f"took longer than {self.timeout:.0f} s: {command}")
            return 124
        return status

    def script(self, line: str, cell: str, program: str) -> None:
        """A `%%bash` cell."""
        text = harmless(cell, self.places)
        if text.strip():
            self.run(shlex.join([program, "-c", text]))


def _copy(source: int, out: Callable[[str], object]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while chunk := os.read(source, 65536):
        out(decoder.decode(chunk))


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass


def _magics(shell: Any, runner: Runner) -> None:
    def noted(name: str) -> Callable[[str], None]:
        def magic(line: str = "", cell: str | None = None) -> None:
            note("pip" if name in NOTED[:5] else "magic", f"%{name} {line}".strip())

        return magic

    for name in NOTED:
        shell.register_magic_function(noted(name), "line", name)
    for program in ("bash", "sh"):
        script = functools.partial(runner.script, program=program)
        shell.register_magic_function(script, "cell", program)
    known_load_ext = shell.find_line_magic("load_ext")

    def load_ext(line: str) -> Any:
        try:
            return known_load_ext(line)
        except ImportError:
            note("magic", f"%load_ext {line}".strip())
            return None

    shell.register_magic_function(load_ext, "line", "load_ext")
    _unknown(shell, noted)


def _unknown(shell: Any, noted: Callable[[str], Callable[..., None]]) -> None:
    """A magic that does not exist here is noted; the cell goes on."""
    run_line, run_cell = shell.run_line_magic, shell.run_cell_magic

    def run_line_magic(name: str, line: str, _stack_depth: int = 1) -> Any:
        if shell.find_line_magic(name) is None:
            # `%%time` alone on a line, or a cell magic used as a line's
            return None if shell.find_cell_magic(name) else noted(name)(line)
        return run_line(name, line, _stack_depth=_stack_depth + 1)

    def run_cell_magic(name: str, line: str, cell: str) -> Any:
        if shell.find_cell_magic(name) is None and shell.find_line_magic(name) is None:
            note("magic", f"%%{name} {line}".strip())
            shell.run_cell(cell)
            return None
        return run_cell(name, line, cell)

    shell.run_line_magic, shell.run_cell_magic = run_line_magic, run_cell_magic


def _processes(places: Places) -> None:
    """`subprocess.run([sys.executable, "-m", "pip", ...])` and the like."""
    real = subprocess.Popen.__init__

    @functools.wraps(real)
    def init(self: Any, args: Any, *rest: Any, **kwargs: Any) -> None:
        if isinstance(args, str):
            args = harmless(args, places) or "true"
        elif isinstance(args, (list, tuple)) and args:
            words = [os.fsdecode(word) for word in args if isinstance(word, (str, os.PathLike))]
            program = words[0] if words else ""
            # Not for the shell's own `-c text`, which has been through the filter.
            if words and os.path.basename(program) not in ("sh", "bash"):
                name = "python" if program == sys.executable else program
                said = shlex.join([name, *words[1:]])
                if said != (left := harmless(said, places)):
                    args = shlex.split(left)
        real(self, args, *rest, **kwargs)

    subprocess.Popen.__init__ = init  # type: ignore[method-assign]  # that is the purpose
