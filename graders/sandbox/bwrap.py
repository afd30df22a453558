"""bubblewrap: own namespaces, no network, the system read-only, one folder to write in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.language import _
from graders.sandbox.protocol import SandboxUnavailable
from graders.sandbox.self_check import check_confinement

# What a Python process needs of the system; nothing of other users, no secrets.
SYSTEM = ("/usr", "/opt", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
SETTINGS = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/group",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/ssl",
    "/etc/OpenCL",
    "/sys/devices/system",
    "/sys/module/nvidia",
)
# A GPU, where there is one.
DEVICES = (
    "/dev/nvidiactl",
    "/dev/nvidia-uvm",
    "/dev/nvidia-uvm-tools",
    "/dev/nvidia-caps",
    "/dev/kfd",
    "/dev/dri",
    *(f"/dev/nvidia{n}" for n in range(16)),
)


def remedy() -> str:
    """What to do when bubblewrap does not work."""
    return _(
        "Install it (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap) and "
        "allow unprivileged user namespaces, or choose --sandbox none for code that you trust."
    )


@dataclass(frozen=True)
class Bubblewrap:
    """Runs the command under bwrap. `program` is the executable's path or name."""

    program: str = "bwrap"
    name: str = "bwrap"

    def wrap(
        self,
        command: list[str],
        *,
        workdir: Path,
        readable: Sequence[Path],
        env: Mapping[str, str],
    ) -> tuple[list[str], dict[str, str]]:
        line = [
            self.program,
            "--unshare-user",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup-try",
            "--unshare-net",
            "--die-with-parent",
            "--new-session",
            "--hostname",
            "corrige",
            "--cap-drop",
            "ALL",
        ]
        for path in (*SYSTEM, *SETTINGS):
            line += _system(path)
        line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm"]
        for path in DEVICES:
            line += ["--dev-bind-try", path, path]
        line += ["--tmpfs", "/tmp"]
        for readable_path in readable:
            path = os.path.abspath(readable_path)
            if not _within(path, SYSTEM):
                line += ["--ro-bind", path, path]
        line += ["--bind", str(workdir), str(workdir)]
        for readable_path in readable:  # again what lies inside the folder that may be written
            path = os.path.abspath(readable_path)
            if _within(path, (str(workdir),)):
                line += ["--ro-bind", path, path]
        line += ["--chdir", str(workdir), "--clearenv"]
        for name, value in env.items():
            line += ["--setenv", name, value]
        return [*line, "--", *command], {"PATH": os.environ.get("PATH", os.defpath)}

    def self_check(self) -> None:
        """Raises SandboxUnavailable when bwrap is absent, cannot start, or leaks."""
        if shutil.which(self.program) is None:
            raise SandboxUnavailable(_("bubblewrap (bwrap) is not installed.") + " " + remedy())
        try:
            check_confinement(self)
        except SandboxUnavailable as error:
            raise SandboxUnavailable(f"{error} {remedy()}") from error


def _system(path: str) -> list[str]:
    # On merged systems /bin is a link to usr/bin: it stays one.
    if os.path.islink(path) and path.count("/") == 1:
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind-try", path, path]


def _within(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)
