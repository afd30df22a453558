"""Runs hostile notebooks with canaries around them."""

import json
import os
import secrets
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from graders.sandbox import SandboxUnavailable, choose


@pytest.fixture(scope="session")
def shut_in():
    """The sandbox that a class is marked in."""
    try:
        return choose("bwrap")
    except SandboxUnavailable as error:
        pytest.skip(f"bubblewrap does not work on this machine: {error}")


@dataclass
class Canaries:
    """What somebody else has on this machine, and whether it was touched."""

    folder: Path
    token: str
    sentinel: subprocess.Popen
    heard: list
    places: dict

    def check(self, seen: str):
        """Nothing was read, written, reached, killed or left running."""
        assert self.token not in seen, "a secret was read"
        names = sorted(path.name for path in self.folder.iterdir())
        assert names == ["secret", "socket", "somebody_elses.ipynb"], "a file was written"
        assert (self.folder / "secret").read_text() == self.token
        assert self.heard == [], "a socket was reached"
        assert self.sentinel.poll() is None, "a process was killed"
        marked = [p for p in psutil.process_iter(["cmdline"]) if self._left(p)]
        assert marked == [], "a process was left running"
        assert "NOT SHUT IN" not in seen

    def _left(self, process):
        return any(self.places["mark"] in part for part in process.info["cmdline"] or ())


@pytest.fixture
def canaries(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="can") as name:
        folder = Path(name)
        token = "token-" + secrets.token_hex(12)
        (folder / "secret").write_text(token)
        (folder / "somebody_elses.ipynb").write_text(token)
        monkeypatch.setenv("CORRIGE_CANARY", token)
        heard, servers = [], []
        abstract = secrets.token_hex(8)
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_UNIX, f"\0{abstract}"),
            (socket.AF_UNIX, str(folder / "socket")),
        ):
            server = socket.socket(family)
            server.bind(address)
            server.listen()
            servers.append(server)
            threading.Thread(target=_listen, args=(server, heard), daemon=True).start()
        sentinel = subprocess.Popen(["sleep", "600"])
        places = {
            "secret": str(folder / "secret"),
            "folder": str(folder),
            "port": servers[0].getsockname()[1],
            "abstract": abstract,
            "socket": str(folder / "socket"),
            "runner": os.getpid(),
            "started": sentinel.pid,
            "mark": "mark-" + secrets.token_hex(8),
        }
        try:
            yield Canaries(folder, token, sentinel, heard, places)
        finally:
            sentinel.kill()
            sentinel.wait()
            for server in servers:
                server.close()


def _listen(server, heard):
    while True:
        try:
            connection, _address = server.accept()
        except OSError:
            return
        heard.append(connection.recv(100))
        connection.close()


PREAMBLE = '''
import os
def shut_in():
    """What follows would hurt a machine without a sandbox."""
    if os.uname().nodename != "corrige" or os.getpid() > 100:
        print("NOT SHUT" + " IN")
        raise SystemExit
def evidence():
    """The folder that the probe writes to."""
    return os.getcwd()[: os.getcwd().index("/work/")] + "/out"
'''


@pytest.fixture
def notebook():
    """The text of a notebook with these cells."""

    def notebook(cells):
        made = [
            {
                "cell_type": "code",
                "metadata": {},
                "source": s,
                "outputs": [],
                "execution_count": None,
            }
            for s in cells
        ]
        return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})

    return notebook


@pytest.fixture(scope="session")
def preamble():
    return PREAMBLE
