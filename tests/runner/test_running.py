"""Real kernels."""

import json
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

pytestmark = pytest.mark.slow


def left_of(run_folder_mark):
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and any(
                run_folder_mark in word for word in process.cmdline()
            ):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_plain_notebook_in_each_sandbox(execute, sandbox):
    done = []
    record, out = execute(
        [
            "# markdown",
            "import red, os; print(red.x, sorted(os.listdir('.')))",
            "",
            "1 / 0",
            "x = 41",
            "x + 1",
            "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)",
        ],
        sandbox=sandbox,
        files={"red.py": "x = 'hermano'"},
        on_cell=lambda n, total: done.append((n, total)),
    )
    assert (record.ended, record.fault) == ("finished", "none")
    by_index = {cell.index: cell for cell in record.cells}
    assert by_index[1].outputs[0].text.startswith("hermano ['higgs_test.pkl', 'higgs_train.pkl'")
    assert not by_index[2].executed
    assert by_index[3].error.name == "ZeroDivisionError"
    assert by_index[5].outputs[0].kind == "result"
    assert by_index[5].outputs[0].text == "42"
    assert done == [(n, 5) for n in range(1, 6)]
    assert record.kernel_start_seconds < 30
    assert record.peak_memory > 2**20
    assert "python" in record.environment
    book = nbformat.read(out / "executed.ipynb", as_version=4)
    nbformat.validate(book)
    assert book.cells[3].outputs[0].ename == "ZeroDivisionError"
    assert json.loads((out / "run.json").read_text())["ended"] == "finished"
    if sandbox.name == "bwrap":
        # nothing listens there for anybody: the loopback itself is down or empty
        assert by_index[6].error is not None


def test_notebooks_in_folders_share_one_kernel(execute):
    record, _ = execute(
        {
            "ej1/uno.ipynb": ["x = 5\nimport os; print(os.path.basename(os.getcwd()))"],
            "ej2/dos.ipynb": ["print(x, os.path.basename(os.getcwd()), os.path.exists('b.txt'))"],
        },
        files={"ej2/b.txt": "b"},
    )
    assert [cell.index for cell in record.cells] == [1, 3]
    assert record.cells[0].outputs[0].text == "ej1\n"
    assert record.cells[1].outputs[0].text == "5 ej2 True\n"
    assert [cell.notebook for cell in record.cells] == ["ej1/uno.ipynb", "ej2/dos.ipynb"]


def test_output_without_end_costs_nothing(execute):
    record, out = execute(
        [
            "for i in range(300):\n    print('x' * 1_000_000)",
            "!yes | head -c 100000000",
            "from IPython.display import HTML, display\ndisplay(HTML('z' * 10**8))",
            "raise ValueError('e' * 10**8)",
            "print('fin')",
        ],
        output_limit=10_000,
        memory=2**31,
    )
    assert record.ended == "finished"
    assert all(len(o.text) < 30_000 for cell in record.cells for o in cell.outputs)
    assert record.cells[0].outputs[0].truncated
    assert record.cells[4].outputs[0].text == "fin\n"
    assert (out / "executed.ipynb").stat().st_size < 300_000
    assert any(notice.kind == "output" for notice in record.notices)


@pytest.mark.parametrize("death", ["os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_a_dead_kernel_is_a_finding(execute, sandbox, death):
    record, out = execute(["import os", death, "print(1)"], sandbox=sandbox)
    assert (record.ended, record.fault) == ("kernel_died", "student")
    assert record.cells[1].error.name == "KernelDied"
    assert not record.cells[2].executed
    assert (out / "run.json").exists()


def test_exit_and_prompts_do_not_end_the_run(execute):
    record, _ = execute(
        ["exit()\nprint('sigue')", "quit()", "input('¿?')", "import sys; sys.exit(2)", "def", "1"]
    )
    assert record.ended == "finished"
    assert record.cells[0].outputs[0].text == "sigue\n"
    assert record.cells[3].error.name == "SystemExit"
    assert record.cells[4].error.name == "SyntaxError"
    assert {n.kind for n in record.notices} == {"exit", "input"}
    assert next(n for n in record.notices if n.kind == "input").cell == 2


def test_a_cell_that_takes_too_long_is_interrupted(execute, sandbox):
    record, _ = execute(["while True: pass", "print(1)"], sandbox=sandbox, cell_timeout=2)
    assert record.ended == "finished"
    assert record.cells[0].timed_out
    assert record.cells[0].error.name == "KeyboardInterrupt"
    assert record.cells[1].outputs[0].text == "1\n"


def test_a_cell_that_does_not_react_is_stopped(execute, monkeypatch):
    monkeypatch.setattr("graders.runner.limits.GRACE", 0.5)
    stubborn = (
        "import time\nwhile True:\n    try:\n        time.sleep(1)\n"
        "    except KeyboardInterrupt:\n        continue"
    )
    record, _ = execute([stubborn, "print(1)"], cell_timeout=1)
    assert (record.ended, record.fault) == ("budget_spent", "none")
    assert record.cells[0].error.name == "TimeSpent"
    assert not record.cells[1].executed


def test_the_budget_of_all_cells(execute):
    record, _ = execute(["import time; time.sleep(60)", "print(1)"], budget=2)
    assert (record.ended, record.fault) == ("budget_spent", "none")
    assert record.cells[0].timed_out
    assert not record.cells[1].executed


def test_too_much_memory(execute, sandbox):
    record, _ = execute(
        ["x = [bytearray(b'1') * 100_000_000 for _ in range(100)]", "print(1)"],
        sandbox=sandbox,
        memory=2**30,
    )
    assert (record.ended, record.fault) == ("memory_spent", "none")
    assert record.cells[0].error.name == "MemorySpent"
    assert record.peak_memory > 2**29


def test_no_process_is_left_behind(execute, sandbox):
    mark = f"corrige-left-{time.time_ns()}"
    record, _ = execute(
        [
            "import subprocess, sys, os",
            f"words = [sys.executable, '-c', 'import time; time.sleep(600)', {mark!r}]\n"
            "subprocess.Popen(words, start_new_session=True)\n"
            "if os.fork() == 0:\n    os.setsid()\n    os.execv(words[0], words)",
        ],
        sandbox=sandbox,
    )
    assert record.ended == "finished"
    end = time.monotonic() + 5
    while left_of(mark) and time.monotonic() < end:
        time.sleep(0.1)
    assert left_of(mark) == []


def test_a_kernelspec_that_does_not_exist_is_the_machines_fault(execute):
    record, out = execute(["1"], kernel="no-such-kernel-here")
    assert (record.ended, record.fault) == ("not_started", "machine")
    assert "no-such-kernel-here" in record.environment["kernel_log"]
    assert not record.cells[0].executed
    assert (out / "executed.ipynb").exists()


def test_the_same_result_twice_without_a_seed(execute):
    draw = "import random, numpy as np\nprint(random.random(), np.random.rand(), hash('a'))"
    more = "print(np.random.default_rng().random())"
    first, _ = execute([draw, more])
    second, _ = execute([draw, more])
    assert first.cells[0].outputs == second.cells[0].outputs
    assert first.cells[1].outputs == second.cells[1].outputs


INTERRUPTED = """
import signal, sys, threading, os, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from graders.intake import Submission
from graders.rubric.model import Run
from graders.runner import run
from graders.sandbox.none import NoSandbox
root = Path(sys.argv[1])
submission = Submission(id="ana", root=root, notebooks=(Path("p3.ipynb"),))
def interrupt():
    while not (root / "cell-runs").exists():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    run(submission, Run(), {}, root / "out", NoSandbox())
except KeyboardInterrupt:
    print("interrupted", (root / "out" / "run.json").exists())
"""


def test_ctrl_c_is_not_taken_for_the_kernels_death(tmp_path):
    flag = str(tmp_path / "cell-runs")
    source = f"open({flag!r}, 'w').close()\nimport time; time.sleep(600)"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(book, tmp_path / "p3.ipynb")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "interrupted False\n", done.stderr
    assert left_of(str(tmp_path)) == []
