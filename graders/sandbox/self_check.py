"""Does a sandbox hold what it promises? One check for every backend that shuts code in."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

from graders.language import _
from graders.sandbox.cgroup import remove
from graders.sandbox.interpreter import interpreter_paths
from graders.sandbox.protocol import Bounds, Sandbox, SandboxUnavailable, Shared

TIMEOUT = 30.0  # seconds
GONE = 3.0  # seconds for what was left running to disappear
OPEN_FILES = 64
LARGEST = 2**20  # bytes of a file, in the check

# Runs inside. Answers with what it could do, as JSON.
_QUESTIONS = """
import ctypes, json, os, socket, subprocess, sys
asked = json.loads(sys.argv[1])
def can(action):
    try:
        return action() is not False
    except (OSError, ValueError):
        return False
def write(path, size=1):
    with open(path, "wb") as stream:
        stream.write(bytes(size))
def connect(kind, address):
    with socket.socket(kind) as s:
        s.settimeout(1)
        s.connect(address)
def open_many():
    kept = [open(os.devnull) for _ in range(asked["open_files"] + 1)]
def call(number, *arguments):
    return ctypes.CDLL(None).syscall(number, *arguments) != -1
keyctl, unshare = {"x86_64": (250, 272), "aarch64": (219, 97)}.get(os.uname().machine, (0, 0))
subprocess.Popen([sys.executable, "-I", "-c", asked["daemon"]], start_new_session=True,
                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(json.dumps({
    "own": can(lambda: write(os.path.join(asked["workdir"], "x"))),
    "tmp": can(lambda: write("/tmp/x")),
    "files": any(can(lambda: open(path).close()) for path in asked["secrets"]),
    "system": can(lambda: write("/usr/corrige-check")) or can(lambda: write("/etc/corrige-check")),
    "network": can(lambda: connect(socket.AF_INET, ("127.0.0.1", asked["port"]))),
    "abstract": can(lambda: connect(socket.AF_UNIX, "\\0" + asked["abstract"])),
    "processes": len([n for n in os.listdir("/proc") if n.isdigit()]) > asked["processes"],
    "environment": "CORRIGE_SELF_CHECK" in os.environ,
    "kernel": bool(keyctl) and (call(keyctl, 0, -3, 0) or call(unshare, 0x10000000)),
    "size": can(lambda: write(os.path.join(asked["workdir"], "y"), asked["largest"] + 1)),
    "open": can(open_many),
}), flush=True)
"""
_DAEMON = "import time; time.sleep(60)  # {mark}"
_WANTED = ("own", "tmp")
_LIMITED = ("size", "open")  # by prlimit, which may be missing: the runner's watcher is left


@dataclass(frozen=True)
class Promise:
    """One thing that a sandbox promises, and whether it was kept when tried."""

    id: str
    sentence: str
    kept: bool


def examine(sandbox: Sandbox) -> tuple[Promise, ...]:
    """Start a small process in the sandbox and see what it can reach.

    Raises SandboxUnavailable when nothing can be started in it.
    """
    answers = _answers(sandbox)
    return tuple(
        Promise(id, sentence, answers.get(id, False) is (id in _WANTED))
        for id, sentence in _sentences().items()
    )


def check_confinement(sandbox: Sandbox) -> None:
    """Raises SandboxUnavailable with what the sandbox does not hold."""
    broken = [p for p in examine(sandbox) if not p.kept and p.id not in _LIMITED]
    if broken:
        raise SandboxUnavailable(
            _("{name} does not hold here: {what}.").format(
                name=sandbox.name, what="; ".join(p.sentence for p in broken)
            )
        )


def _sentences() -> dict[str, str]:
    return {
        "own": _("a folder of its own to write in"),
        "tmp": _("a private temporary folder"),
        "files": _("no other files: not the home, not other submissions"),
        "system": _("the system cannot be written"),
        "network": _("no network, not even this machine's"),
        "abstract": _("no sockets of other programs"),
        "processes": _("no other processes to see"),
        "environment": _("no environment variables of yours"),
        "kernel": _("no keyrings, no new namespaces"),
        "size": _("a limit on the size of a file"),
        "open": _("a limit on open files"),
        "left": _("no process outlives the run"),
    }


def _answers(sandbox: Sandbox) -> dict[str, bool]:
    """What could be done inside; "left" is whether something is still running afterwards."""
    name = secrets.token_hex(8)
    with (
        tempfile.TemporaryDirectory(prefix="cor") as work,
        tempfile.TemporaryDirectory(prefix="cor") as other,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        abstract.bind(f"\0{name}")
        abstract.listen()
        secret = Path(other, "secret")
        secret.write_text("x")
        asked = {
            "workdir": work,
            "secrets": [str(secret), *_files_of(Path.home())],
            "port": server.getsockname()[1],
            "abstract": name,
            "processes": 4,  # bwrap's own, the program, the one it leaves behind
            "daemon": _DAEMON.format(mark=name),
            "open_files": OPEN_FILES,
            "largest": LARGEST,
        }
        launch = sandbox.wrap(
            [sys.executable, "-I", "-c", _QUESTIONS, json.dumps(asked)],
            workdir=Path(work).resolve(),
            shared=Shared(readable=interpreter_paths(sys.executable)),
            env={"PATH": os.environ.get("PATH", os.defpath)},
            bounds=Bounds(memory=2**28, processes=16, disk=LARGEST, open_files=OPEN_FILES),
        )
        try:
            done = subprocess.run(
                launch.command,
                env={**launch.env, "CORRIGE_SELF_CHECK": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SandboxUnavailable(
                _("{name} did not answer in {n} seconds.").format(name=sandbox.name, n=int(TIMEOUT))
            ) from error
        except OSError as error:
            raise SandboxUnavailable(
                _("{name} could not be started: {error}.").format(name=sandbox.name, error=error)
            ) from error
        finally:
            if launch.group is not None:
                remove(launch.group)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SandboxUnavailable(
            _("{name} does not work here: {error}.").format(name=sandbox.name, error=last)
        )
    answers: dict[str, bool] = json.loads(done.stdout)
    return {**answers, "left": _still_running(name)}


def _files_of(home: Path) -> list[str]:
    """Some files that lie in somebody's home."""
    try:
        return [str(path) for path in sorted(home.iterdir()) if path.is_file()][:5]
    except OSError:
        return []


def _still_running(mark: str) -> bool:
    """Does a process with this mark in its command line outlive the run? Ended if so."""
    end = monotonic() + GONE
    while found := [p for p in psutil.process_iter(["cmdline"]) if _marked(p, mark)]:
        if monotonic() > end:
            for process in found:
                process.kill()
            return True
        sleep(0.05)
    return False


def _marked(process: psutil.Process, mark: str) -> bool:
    return any(mark in part for part in process.info["cmdline"] or ())
