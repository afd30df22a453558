import pytest

from graders.sandbox.cgroup import Delegated, acted, delegated, memory
from graders.sandbox.protocol import Bounds


@pytest.fixture
def tree(tmp_path):
    """A control group tree as the kernel shows it, with one group handed to us."""
    scope = tmp_path / "fs" / "user.slice" / "run-1.scope"
    scope.mkdir(parents=True)
    (scope / "cgroup.controllers").write_text("cpu memory pids")
    (scope / "cgroup.subtree_control").write_text("")
    (scope / "cgroup.procs").write_text("41\n42\n")
    own = tmp_path / "cgroup"
    own.write_text("1:cpu:/\n0::/user.slice/run-1.scope\n")
    return tmp_path / "fs", own, scope


def test_our_processes_move_into_a_leaf_before_controllers_are_handed_on(tree):
    root, own, scope = tree
    found = delegated(root, own)
    assert found == Delegated(scope)
    assert (scope / "corrige-grader" / "cgroup.procs").read_text() == "42"  # written one by one
    assert (scope / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_worker_in_the_leaf_finds_the_same_group(tree):
    root, own, scope = tree
    (scope / "cgroup.subtree_control").write_text("memory pids")
    own.write_text("0::/user.slice/run-1.scope/corrige-grader\n")
    assert delegated(root, own) == Delegated(scope)


@pytest.mark.parametrize("controllers", ["", "cpu", "memory"])
def test_without_the_controllers_there_is_none(tree, controllers):
    root, own, scope = tree
    (scope / "cgroup.controllers").write_text(controllers)
    assert delegated(root, own) is None


def test_the_root_is_never_divided(tree):
    root, own, _ = tree
    own.write_text("0::/\n")
    assert delegated(root, own) is None


def test_only_version_one_is_none(tree):
    root, own, _ = tree
    own.write_text("4:memory:/x\n")
    assert delegated(root, own) is None


def test_a_group_gets_its_limits(tree):
    _, _, scope = tree
    group = Delegated(scope).group(Bounds(memory=1000, processes=3))
    assert (group / "memory.max").read_text() == "1000"
    assert (group / "pids.max").read_text() == "48"


def test_what_acted_is_read_from_its_events(tmp_path):
    assert acted(tmp_path) == ""
    (tmp_path / "pids.events").write_text("max 7\n")
    assert acted(tmp_path) == "processes"
    (tmp_path / "memory.events").write_text("low 0\noom 3\noom_kill 1\n")
    assert acted(tmp_path) == "memory"


def test_memory_that_cannot_be_read_is_nothing(tmp_path):
    assert memory(tmp_path) == 0
