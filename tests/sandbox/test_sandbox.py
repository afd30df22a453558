import os
import subprocess
import sys
from pathlib import Path

import pytest

from graders.language import speaking
from graders.sandbox import Bounds, SandboxUnavailable, Shared, choose, seccomp
from graders.sandbox.bwrap import Bubblewrap
from graders.sandbox.interpreter import interpreter_paths
from graders.sandbox.none import NoSandbox
from graders.sandbox.self_check import check_confinement, examine


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


@pytest.fixture(scope="module")
def bwrap():
    try:
        return choose("bwrap")
    except SandboxUnavailable as error:
        pytest.skip(f"bubblewrap does not work on this machine: {error}")


def test_none_runs_the_command_as_it_is(tmp_path):
    launch = NoSandbox().wrap(
        ["x", "y"], workdir=tmp_path, shared=Shared(), env={"A": "1"}, bounds=Bounds()
    )
    assert launch.command == ["x", "y"]
    assert launch.env == {"A": "1"}


def test_the_check_finds_out_that_none_shuts_nothing_in():
    with pytest.raises(
        SandboxUnavailable, match=r"no other files.*no network.*no process outlives"
    ):
        check_confinement(NoSandbox())


def test_an_absent_program_says_what_to_do():
    with pytest.raises(SandboxUnavailable, match=r"apt install bubblewrap.*--sandbox none"):
        Bubblewrap(program="no-such-bwrap").self_check()


def test_a_program_that_fails_says_what_to_do():
    with pytest.raises(SandboxUnavailable, match=r"does not work here.*--sandbox none"):
        Bubblewrap(program="false").self_check()


def test_unknown_name():
    with pytest.raises(ValueError, match="unknown sandbox"):
        choose("docker")


def test_auto_is_bwrap(bwrap):
    assert choose("auto").name == "bwrap"


def inside(bwrap, workdir, code, *, hidden=(), readable=(), env=None, **bounds):
    launch = bwrap.wrap(
        [sys.executable, "-c", code],
        workdir=workdir,
        shared=Shared([*interpreter_paths(sys.executable), *readable], hidden),
        env=env or {"HOME": str(workdir)},
        bounds=Bounds(**bounds),
    )
    return subprocess.run(
        launch.command, env=launch.env, capture_output=True, text=True, check=False
    )


def test_every_promise_is_kept(bwrap):
    assert [p.sentence for p in examine(bwrap) if not p.kept] == []


def test_a_readable_path_inside_the_workdir_cannot_be_written(bwrap, tmp_path):
    inner = tmp_path / "probe"
    inner.mkdir()
    code = f"import os\nopen({str(tmp_path / 'ok')!r}, 'w')\nopen({str(inner / 'no')!r}, 'w')"
    done = inside(bwrap, tmp_path, code, readable=[inner])
    assert "Read-only file system" in done.stderr
    assert (tmp_path / "ok").exists()


def test_what_is_hidden_in_a_readable_folder_is_empty(bwrap, tmp_path):
    (tmp_path / "packages" / "rubrics").mkdir(parents=True)
    (tmp_path / "packages" / "rubrics" / "p3.yaml").write_text("secret")
    (tmp_path / "packages" / "numpy.py").write_text("")
    (tmp_path / "work").mkdir()
    packages = tmp_path / "packages"
    code = f"import os; print([sorted(names) for _, _, names in os.walk({str(packages)!r})])"
    done = inside(
        bwrap, tmp_path / "work", code, readable=[packages], hidden=[packages / "rubrics"]
    )
    assert done.stdout.strip() == "[['numpy.py'], []]"


def test_only_the_given_environment_is_seen(bwrap, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    done = inside(bwrap, tmp_path, "import os; print(sorted(os.environ))", env={"A": "1"})
    assert "SECRET" not in done.stdout
    assert "'A'" in done.stdout


def test_a_file_cannot_grow_past_the_bound(bwrap, tmp_path):
    code = f"open({str(tmp_path / 'x')!r}, 'wb').write(bytes(3_000_000))"
    done = inside(bwrap, tmp_path, code, disk=2_000_000)
    assert "File too large" in done.stderr
    assert (tmp_path / "x").stat().st_size == 2_000_000


@pytest.mark.parametrize(
    "call",
    [
        "libc.ptrace(0, 0, 0, 0)",
        "libc.syscall(425, 8, 0)",  # io_uring_setup
        "libc.unshare(0x10000000)",
        "libc.mount(b'none', b'/tmp', b'tmpfs', 0, 0)",
        "libc.socket(40, 1, 0)",  # vsock
    ],
)
def test_the_filter_refuses(bwrap, tmp_path, call):
    code = f"import ctypes; libc = ctypes.CDLL(None, use_errno=True); print({call})"
    assert inside(bwrap, tmp_path, code).stdout.strip() == "-1"


def test_threads_and_children_are_still_allowed(bwrap, tmp_path):
    code = (
        "import os, threading, subprocess, socket\n"
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
        "subprocess.run(['true'], check=True)\n"
        "socket.socketpair(); socket.socket(); print('child')"
    )
    done = inside(bwrap, tmp_path, code)
    assert done.stdout.split() == ["thread", "child"], done.stderr


def test_a_machine_that_is_not_known_has_no_filter():
    assert seccomp.program("riscv64") == b""
    assert len(seccomp.program("aarch64")) % 8 == 0


def test_a_link_in_a_home_does_not_open_the_home(tmp_path):
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / ".ssh").mkdir()
    (home / "bin" / "python").symlink_to(sys.executable)
    found = interpreter_paths(str(home / "bin" / "python"))
    assert home / "bin" in found
    assert not any((home / ".ssh").is_relative_to(path) for path in found)


def test_interpreter_paths_hold_the_program_and_its_base():
    folders = interpreter_paths(sys.executable)
    for needed in (
        os.path.join(sys.prefix, "lib"),
        os.path.dirname(os.path.realpath(sys.executable)),
    ):
        assert any(Path(needed).is_relative_to(folder) for folder in folders)
