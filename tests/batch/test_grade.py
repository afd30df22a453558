"""A class marked over workers, with the rooms below faked."""

import os
import signal
import subprocess

import pytest

pytestmark = pytest.mark.slow


def verdicts(result):
    return {c["id"]: c["verdict"] for e in result["exercises"] for c in e["criteria"]}


def test_a_class_is_marked(fake_class):
    fake_class.hand_in(ana="ok", bea="lose", eva=None)
    status, printed = fake_class.mark()
    assert status == 0, printed
    assert verdicts(fake_class.result("ana")) == {
        "e1.works": "met",
        "e1.after": "met",
        "e1.explained": "undecided",
    }
    bea = fake_class.result("bea")
    assert verdicts(bea)["e1.works"] == "violated"
    assert verdicts(bea)["e1.after"] == "not_assessed"
    assert bea["mark"] == 1
    assert fake_class.result("eva")["status"] == "not_received"
    assert fake_class.result("eva")["problem"] == "There is no notebook in it."
    for name in ("index.html", "marks.csv", "results.junit.xml", "ana/report.html"):
        assert (fake_class.out / "fake" / name).stat().st_size > 0
    assert "index.html" in printed


def test_a_killed_worker_costs_only_that_run(fake_class):
    fake_class.hand_in(a="ok", b="kill once", c="ok", d="kill", e="ok", f="ok")
    status, printed = fake_class.mark()
    assert status == 1, printed
    for name in "abcef":
        assert fake_class.result(name)["status"] == "graded", name
    assert fake_class.result("d")["status"] == "needs_review"
    assert "killed twice" in fake_class.result("d")["problem"]
    assert [fake_class.runs(name) for name in "abcdef"] == [1, 2, 1, 2, 1, 1]


def test_a_lone_worker_that_is_killed_is_replaced(fake_class):
    fake_class.hand_in(a="ok", b="kill once", c="ok")
    status, printed = fake_class.mark("-n", "1")
    assert status == 0, printed
    assert [fake_class.runs(name) for name in "abc"] == [1, 2, 1]


def test_faults_of_grader_and_machine_are_left_to_a_person(fake_class):
    fake_class.hand_in(a="raise", b="machine", c="ok")
    status, printed = fake_class.mark("--check", "broken", "--check", "doubtful")
    assert status == 1, printed
    assert fake_class.result("a")["status"] == "needs_review"
    assert fake_class.result("b")["problem"] == "The disk is full."
    found = fake_class.result("c")
    faults = {c["id"] for e in found["exercises"] for c in e["criteria"] if c["grader_fault"]}
    assert faults == {"e1.broken"}
    assert verdicts(found)["e1.doubtful"] == "undecided"
    assert (found["mark_low"], found["mark_high"]) == (0, 2)
    assert "ZeroDivisionError" in (fake_class.out / "fake" / "c" / "grader.log").read_text()


def test_what_is_done_is_not_repeated_and_faults_are(fake_class):
    fake_class.hand_in(a="ok", b="ok", c="machine")
    assert fake_class.mark()[0] == 1
    status, printed = fake_class.mark()
    assert status == 1
    assert "2 marked before are kept" in printed
    assert [fake_class.runs(name) for name in "abc"] == [1, 1, 2]
    fake_class.hand_in(b="lose")
    fake_class.mark()
    assert [fake_class.runs(name) for name in "ab"] == [1, 2]
    assert fake_class.result("b")["mark"] == 1
    fake_class.mark("--rerun")
    assert [fake_class.runs(name) for name in "ab"] == [2, 3]


def test_another_rubric_or_language_marks_again_without_running(fake_class):
    fake_class.hand_in(a="ok")
    fake_class.mark()
    fake_class.mark("--lang", "es")
    assert fake_class.result("a")["language"] == "es"
    assert fake_class.runs("a") == 1


def test_ctrl_c_keeps_what_is_done_and_the_next_run_goes_on(fake_class):
    fake_class.hand_in(a="ok", b="sleep 30", c="ok", d="sleep 30")
    process = fake_class.start()
    fake_class.wait_for_result("c")
    os.killpg(process.pid, signal.SIGINT)
    try:
        printed, _none = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 130, printed
    assert "2 are left" in printed
    assert fake_class.result("a")["status"] == "graded"
    assert not (fake_class.out / "fake" / "b" / "result.json").exists()
    fake_class.hand_in(b="ok", d="ok")
    status, printed = fake_class.mark()
    assert status == 0, printed
    assert "2 marked before are kept" in printed
    assert fake_class.runs("a") == 1


def test_nothing_planted_in_a_submission_is_imported(fake_class):
    fake_class.hand_in(a="ok", b="ok")
    planted = fake_class.root / "in" / "a"
    trap = f"open({str(fake_class.root / 'sprung')!r}, 'a').write(__name__)\n"
    for name in ("conftest", "execnet", "pytest", "torch", "sitecustomize", "test_x", "graders"):
        (planted / f"{name}.py").write_text(trap)
    (planted / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    (planted / "setup.cfg").write_text("[tool:pytest]\naddopts = --collect-only\n")
    status, printed = fake_class.mark(cwd=planted)
    assert not (fake_class.root / "sprung").exists()
    assert status == 0, printed
    assert fake_class.result("a")["status"] == "graded"
