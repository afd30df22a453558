"""Does a sandbox hold what it promises? One check for every backend that shuts code in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from graders.language import _
from graders.sandbox.interpreter import interpreter_paths
from graders.sandbox.protocol import Sandbox, SandboxUnavailable

TIMEOUT = 30.0  # seconds

# Runs inside. Answers with what it could do, as JSON.
_QUESTIONS = """
import json, os, socket, sys
workdir, secret = sys.argv[1:3]
def can(action):
    try:
        action()
        return True
    except OSError:
        return False
def connect():
    with socket.socket() as s:
        s.settimeout(1)
        s.connect(("127.0.0.1", int(sys.argv[3])))
print(json.dumps({
    "writes its folder": can(lambda: open(os.path.join(workdir, "x"), "w").close()),
    "has a temporary folder": can(lambda: open("/tmp/x", "w").close()),
    "reads what is not its own": can(lambda: open(secret).close()),
    "writes the system": can(lambda: open("/usr/corrige-check", "w").close()),
    "reaches the network": can(connect),
    "sees other processes": os.path.exists("/proc/%s/stat" % sys.argv[4]) and int(sys.argv[4]) > 64,
    "sees the environment": "CORRIGE_SELF_CHECK" in os.environ,
}))
"""
_WANTED = ("writes its folder", "has a temporary folder")


def check_confinement(sandbox: Sandbox) -> None:
    """Start a small process in the sandbox and see what it can reach.

    Raises SandboxUnavailable with what failed.
    """
    import socket

    with (
        tempfile.TemporaryDirectory(prefix="cor") as work,
        tempfile.TemporaryDirectory(prefix="cor") as other,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        secret = Path(other, "secret")
        secret.write_text("x")
        port = str(server.getsockname()[1])
        command, env = sandbox.wrap(
            [sys.executable, "-I", "-c", _QUESTIONS, work, str(secret), port, str(os.getpid())],
            workdir=Path(work).resolve(),
            readable=interpreter_paths(sys.executable),
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
        try:
            done = subprocess.run(
                command,
                env={**env, "CORRIGE_SELF_CHECK": "1"},
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxUnavailable(
                _("{name} could not be started: {error}.").format(name=sandbox.name, error=error)
            ) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SandboxUnavailable(
            _("{name} does not work here: {error}.").format(name=sandbox.name, error=last)
        )
    answers: dict[str, bool] = json.loads(done.stdout)
    wrong = [what for what, can in answers.items() if can is not (what in _WANTED)]
    if wrong:
        raise SandboxUnavailable(
            _("{name} does not hold here: {what}.").format(name=sandbox.name, what=", ".join(wrong))
        )
