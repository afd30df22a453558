import os
import subprocess
import sys
from pathlib import Path

import pytest

from graders.language import speaking
from graders.sandbox import SandboxUnavailable, choose
from graders.sandbox.bwrap import Bubblewrap
from graders.sandbox.interpreter import interpreter_paths
from graders.sandbox.none import NoSandbox
from graders.sandbox.self_check import check_confinement


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
    command, env = NoSandbox().wrap(["x", "y"], workdir=tmp_path, readable=[], env={"A": "1"})
    assert command == ["x", "y"]
    assert env == {"A": "1"}


def test_the_check_finds_out_that_none_shuts_nothing_in():
    with pytest.raises(SandboxUnavailable, match="reads what is not its own"):
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


def test_a_readable_path_inside_the_workdir_cannot_be_written(bwrap, tmp_path):
    inner = tmp_path / "probe"
    inner.mkdir()
    code = f"import os\nopen({str(tmp_path / 'ok')!r}, 'w')\nopen({str(inner / 'no')!r}, 'w')"
    command, env = bwrap.wrap(
        [sys.executable, "-c", code],
        workdir=tmp_path,
        readable=[*interpreter_paths(sys.executable), inner],
        env={"HOME": str(tmp_path)},
    )
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert "Read-only file system" in done.stderr
    assert (tmp_path / "ok").exists()


def test_only_the_given_environment_is_seen(bwrap, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    command, env = bwrap.wrap(
        [sys.executable, "-c", "import os; print(sorted(os.environ))"],
        workdir=tmp_path,
        readable=interpreter_paths(sys.executable),
        env={"A": "1"},
    )
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert "SECRET" not in done.stdout
    assert "'A'" in done.stdout


def test_interpreter_paths_hold_the_program_and_its_base():
    folders = interpreter_paths(sys.executable)
    for needed in (sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))):
        assert any(Path(needed).is_relative_to(folder) for folder in folders)
