"""bubblewrap: own namespaces, no network, the system read-only, one folder to write in."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graders.language import _
from graders.sandbox import seccomp
from graders.sandbox.cgroup import Delegated
from graders.sandbox.devices import gpu_libraries
from graders.sandbox.protocol import Bounds, Launch, SandboxUnavailable, Shared
from graders.sandbox.self_check import check_confinement

# What a Python process needs of the system; nothing of other users, no secrets.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
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
    "/etc/ssl/certs",
    "/sys/devices/system",
)
TEMPORARY = 2**30  # bytes of the private /tmp, which lies in memory
LAUNCHER = "/bin/sh"


def remedy() -> str:
    """What to do when bubblewrap does not work."""
    return _(
        "Install it (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap) and "
        "allow unprivileged user namespaces, or choose --sandbox none for code that you trust."
    )


@dataclass(frozen=True)
class Bubblewrap:
    """Runs the command under bwrap. `program` is the executable's path or name.

    `devices` are handed through (a GPU); `delegated` is the control group to take shares of.
    """

    program: str = "bwrap"
    devices: tuple[str, ...] = ()
    delegated: Delegated | None = None

    @property
    def name(self) -> str:
        return "bwrap+gpu" if self.devices else "bwrap"

    def wrap(
        self,
        command: list[str],
        *,
        workdir: Path,
        shared: Shared,
        env: Mapping[str, str],
        bounds: Bounds,
    ) -> Launch:
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
            *self._files(workdir, shared, bounds),
            "--chdir",
            str(workdir),
            "--clearenv",
        ]
        for name, value in env.items():
            line += ["--setenv", name, value]
        group = self.delegated.group(bounds) if self.delegated else None
        shut_in = _started(line, [*_limits(bounds), *command], group)
        return Launch(shut_in, {"PATH": os.environ.get("PATH", os.defpath)}, group)

    def _files(self, workdir: Path, shared: Shared, bounds: Bounds) -> Iterator[str]:
        """What of the disk there is inside. A later mount covers an earlier one."""
        for path in (*SYSTEM, *SETTINGS):
            yield from _system(path)
        yield from ("--proc", "/proc", "--dev", "/dev")
        yield from _memory_folder(self.program, "/dev/shm", bounds.memory)
        yield from _memory_folder(self.program, "/tmp", TEMPORARY)
        for device in self.devices:
            yield from ("--dev-bind-try", device, device)
        libraries = gpu_libraries() if self.devices else ()
        readable = [os.path.abspath(path) for path in (*shared.readable, *libraries)]
        for path in readable:
            if not _within(path, SYSTEM):
                yield from ("--ro-bind", path, path)
        for hidden in map(os.path.abspath, shared.hidden):
            if os.path.isdir(hidden) and _within(hidden, (*SYSTEM, *readable)):
                yield from ("--tmpfs", hidden)
        yield from ("--bind", str(workdir), str(workdir))
        for path in readable:  # again what lies inside the folder that may be written
            if _within(path, (str(workdir),)):
                yield from ("--ro-bind", path, path)
        yield from ("--remount-ro", "/")  # else what is not covered is a folder in memory

    def self_check(self) -> None:
        """Raises SandboxUnavailable when bwrap is absent, cannot start, or leaks."""
        if shutil.which(self.program) is None:
            raise SandboxUnavailable(_("bubblewrap (bwrap) is not installed.") + " " + remedy())
        try:
            check_confinement(self)
        except SandboxUnavailable as error:
            raise SandboxUnavailable(f"{error} {remedy()}") from error


def _started(bwrap: list[str], command: list[str], group: Path | None) -> list[str]:
    """The shell that joins the group, opens the filter and becomes bwrap."""
    script, arguments = "", []
    if group is not None:
        script += 'echo $$ >"$1" || exit 125; shift; '
        arguments.append(str(group / "cgroup.procs"))
    filtered = _filter_file(os.getpid())
    if filtered:
        script += 'exec 9<"$1" || exit 125; shift; '
        arguments.append(filtered)
        bwrap = [*bwrap, "--seccomp", "9"]
    return [LAUNCHER, "-c", script + 'exec "$@"', LAUNCHER, *arguments, *bwrap, "--", *command]


@cache
def _filter_file(pid: int) -> str:
    """Path of the filter for system calls, as long as this process lives; "" for none."""
    program = seccomp.program()
    if not program:
        return ""
    descriptor = os.memfd_create("corrige-seccomp")
    os.write(descriptor, program)
    return f"/proc/{pid}/fd/{descriptor}"


def _limits(bounds: Bounds) -> list[str]:
    """A prefix that holds a command to what the system can limit for each process."""
    program = shutil.which("prlimit")
    if program is None:
        return []
    return [
        program,
        f"--nofile={bounds.open_files}",
        f"--nproc={bounds.tasks}",
        f"--fsize={bounds.disk}",
        "--core=0",
        "--",
    ]


@cache
def _knows(program: str, option: str) -> bool:
    try:
        done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return option in done.stdout + done.stderr


def _memory_folder(program: str, path: str, size: int) -> list[str]:
    # Older versions cannot say a size; the kernel's default is half of the memory.
    sized = ["--size", str(size)] if _knows(program, "--size ") else []
    return [*sized, "--tmpfs", path]


def _system(path: str) -> list[str]:
    # On merged systems /bin is a link to usr/bin: it stays one.
    if os.path.islink(path) and path.count("/") == 1:
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind-try", path, path]


def _within(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)
