"""Kill -9 at any moment, a full disk, a folder that cannot be written: what is done stays whole."""

import json
import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest

pytestmark = pytest.mark.slow

CLASS = {
    "ana": "ok",
    "bea": "sleep 0.4",
    "carla": "ok",
    "dani": "lose",
    "eva": "sleep 0.8",
    "fran": "ok",
}


def pytest_generate_tests(metafunc):
    every = metafunc.config.getoption("--all-attacks")
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(12 if every else 1))
    if "room" in metafunc.fixturenames:
        metafunc.parametrize("room", [4096, 65536, 262144] if every else [65536])


def whole(fake_class):
    """Names of those that have a result; each file that is there can be read to its end."""
    found = set()
    folder = fake_class.out / "fake"
    for path in folder.glob("*/result.json"):
        assert json.loads(path.read_text("utf-8"))["submission"] == path.parent.name
        found.add(path.parent.name)
    for path in folder.rglob("*.html"):
        assert path.read_text("utf-8").rstrip().endswith("</html>"), path
    return found


@pytest.mark.parametrize("target", ["command", "worker", "all"])
def test_killed_at_a_random_moment(fake_class, seed, target):
    chance = random.Random(f"{seed} {target}")
    fake_class.hand_in(**CLASS)
    process = fake_class.start()
    time.sleep(chance.uniform(0.5, 6.0))
    workers = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if target == "worker" and workers:
        chance.choice(workers).kill()
    elif target == "command":
        process.kill()
    elif target == "all":
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    psutil.wait_procs(workers, timeout=20)
    before = whole(fake_class)
    assert before <= set(CLASS)

    status, printed = fake_class.mark()
    assert status == 0, printed
    assert whole(fake_class) == set(CLASS)
    assert {fake_class.result(name)["status"] for name in CLASS} == {"graded"}
    assert fake_class.result("ana")["mark"] == 2
    assert fake_class.result("dani")["mark"] == 1


def shut_in(fake_class, *mounts):
    """Marks with other mounts in place of some folders. Exit status and what was printed."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is needed to give the test a disk of its own")
    process = fake_class.start(prefix=["bwrap", "--dev-bind", "/", "/", *map(str, mounts)])
    try:
        printed, _none = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    if "Operation not permitted" in printed and "bwrap:" in printed:
        pytest.skip(printed)
    return process.returncode, printed


def test_a_folder_that_cannot_be_written(fake_class):
    fake_class.hand_in(ana="ok", bea="ok")
    assert fake_class.mark()[0] == 0
    before = (fake_class.out / "fake" / "ana" / "result.json").read_text()
    fake_class.hand_in(bea="lose")

    status, printed = shut_in(fake_class, "--ro-bind", fake_class.out, fake_class.out)
    assert status == 2, printed
    assert str(fake_class.out) in printed
    assert "Traceback" not in printed

    assert (fake_class.out / "fake" / "ana" / "result.json").read_text() == before
    assert fake_class.result("bea")["mark"] == 2
    assert fake_class.mark()[0] == 0
    assert fake_class.result("bea")["mark"] == 1


def test_a_full_disk(fake_class, room):
    """The disk of the reports fills up in the middle: no half result, and the next run goes on."""
    fake_class.hand_in(**CLASS)
    fake_class.out.mkdir()

    status, printed = shut_in(fake_class, "--size", room, "--tmpfs", fake_class.out)
    assert status in (1, 2), printed
    assert "Traceback" not in printed
    assert "No space left on device" in printed

    assert fake_class.mark()[0] == 0
    assert whole(fake_class) == set(CLASS)


def test_a_full_disk_where_the_evidence_is_kept(fake_class):
    fake_class.hand_in(ana="ok", bea="ok")
    home = fake_class.root / "home"
    home.mkdir()
    status, printed = shut_in(fake_class, "--size", "4096", "--tmpfs", home)
    assert status in (1, 2), printed
    assert "Traceback" not in printed
    for name in ("ana", "bea"):
        if (fake_class.out / "fake" / name / "result.json").exists():
            assert fake_class.result(name)["status"] == "needs_review"
    assert fake_class.mark()[0] == 0
    assert fake_class.result("ana")["mark"] == 2
