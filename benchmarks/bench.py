"""How dear is marking? Ratios of whole processes, measured side by side in one run.

    python benchmarks/bench.py [--repeats 5] [--only NAME ...]

Every figure is a median of interleaved repeats, so that a busy machine disturbs both sides alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CORRIGE = [sys.executable, "-m", "graders.cli"]
NOTEBOOK = ROOT / "reference" / "p3" / "wheats" / "w1.ipynb"
# nbclient's own command, in this interpreter: what `jupyter execute` starts.
CELLS = ("PREPARE", "TRAIN")  # parts of keras_loop.py
BATCH = 10  # notebooks of a class
FOURTEEN = ROOT / "reference" / "t1" / "wheats" / "tidy"  # one student's notebooks of a textbook
EXECUTE = [sys.executable, "-c", "from nbclient.cli import main; main()"]


@dataclass(frozen=True)
class Figure:
    """A line of the table; `goal` is the most it should be."""

    name: str
    value: float
    unit: str
    goal: float | None
    detail: str


class Bench:
    """The measurements, in one scratch folder."""

    def __init__(self, work: Path, repeats: int) -> None:
        self.work = work
        self.repeats = repeats
        self.data = work / "data"
        self.environment = os.environ | {
            "CORRIGE_HOME": str(work / "home"),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }

    def run(self, command: Sequence[str], cwd: Path | None = None) -> tuple[float, str]:
        """Seconds of the whole process and what it printed. Raises when it fails."""
        began = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=cwd or self.work,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return seconds, done.stdout

    def marking(self) -> list[Figure]:
        """Marking a notebook against running it, and marking it again under another rubric."""
        self.run([*CORRIGE, "data", "p3", "--out", str(self.data)])
        plain = self.work / "plain"
        shutil.copytree(self.data, plain)
        shutil.copy(NOTEBOOK, plain / "notebook.ipynb")
        grade = [*CORRIGE, "grade", str(NOTEBOOK), "-n", "1", "--sandbox", "none"]
        grade += ["--data", str(self.data), "--out", str(self.work / "reports")]
        rubric = self.work / "p3.yaml"
        text = (ROOT / "rubrics" / "p3.yaml").read_text("utf-8")
        execute, mark, again, inside = [], [], [], []
        for repeat in range(self.repeats):
            rubric.write_text(f"{text}\n# changed {repeat}\n", "utf-8")
            execute.append(self.run([*EXECUTE, "notebook.ipynb"], cwd=plain)[0])
            mark.append(self.run([*grade, "-a", str(rubric), "--rerun"])[0])
            rubric.write_text(f"{text}\n# changed again {repeat}\n", "utf-8")
            again.append(self.run([*grade, "-a", str(rubric)])[0])
            result = self.work / "reports" / "p3" / NOTEBOOK.stem / "result.json"
            timings = json.loads(result.read_text("utf-8"))["timings"]
            inside.append(timings["mark"] / timings["run"])
        seconds = f"{median(mark):.1f} s : {median(execute):.1f} s"
        restart = f"{median(again):.1f} s : {median(mark):.1f} s"
        return [
            Figure("marking : jupyter execute", median(mark) / median(execute), "x", None, seconds),
            Figure(
                "marking again : running (process)",
                median(again) / median(mark),
                "x",
                None,
                restart,
            ),
            Figure(
                "marking again : running (inside)", median(inside), "x", 0.02, "without start-up"
            ),
        ]

    def sandbox(self) -> list[Figure]:
        """The same run shut in and not: whole submissions, the kernel's start alone beside it."""
        self.run([*CORRIGE, "data", "p3", "--out", str(self.data)])
        seconds: dict[str, list[float]] = {"none": [], "bwrap": []}
        starts: dict[str, list[float]] = {"none": [], "bwrap": []}
        for _repeat in range(self.repeats):
            for name in seconds:
                out = self.work / f"reports-{name}"
                grade = [*CORRIGE, "grade", str(NOTEBOOK), "-a", "p3", "-n", "1", "--rerun"]
                grade += ["--data", str(self.data), "--out", str(out), "--sandbox", name]
                seconds[name].append(self.run(grade, cwd=ROOT)[0])
                result = json.loads((out / "p3" / NOTEBOOK.stem / "result.json").read_text("utf-8"))
                starts[name].append(result["timings"]["kernel_start"])
        whole, alone = median(seconds["bwrap"]), median(seconds["none"])
        began = f"kernel start {median(starts['bwrap']):.2f} s : {median(starts['none']):.2f} s"
        detail = f"{whole:.1f} s : {alone:.1f} s; {began}"
        return [Figure("marking in the sandbox : without", whole / alone, "x", None, detail)]

    def probe(self) -> list[Figure]:
        """A small training loop with the probe watching against the same without."""
        return [self._watched("training_loop.py", "training watched : alone", 1.03)]

    def keras(self) -> list[Figure]:
        """The same in Keras on TensorFlow, step by step and compiled."""
        return [
            self._watched("keras_loop.py", "Keras, step by step, watched : alone", 1.05, "eager"),
            self._watched("keras_loop.py", "Keras, compiled, watched : alone", 1.05, "compiled"),
        ]

    def _watched(self, script: str, name: str, goal: float, *options: str) -> Figure:
        """A loop's processor time with the probe over the same without."""
        loop = [sys.executable, str(ROOT / "benchmarks" / script), *options]
        alone, watched = [], []
        for repeat in range(self.repeats):
            out = self.work / "-".join(["probe", script, *options, str(repeat)])
            out.mkdir()
            pair: list[tuple[list[float], list[str]]] = [
                (alone, loop),
                (watched, [*loop, str(out)]),
            ]
            for seconds, command in pair if repeat % 2 else reversed(pair):
                printed = self.run(command)[1]
                seconds.append(float(printed.split("seconds ")[-1]))
        ratio = median(w / a for w, a in zip(watched, alone, strict=True))
        detail = f"{median(watched):.2f} s : {median(alone):.2f} s of processor time"
        return Figure(name, ratio, "x", goal, detail)

    def batch(self) -> list[Figure]:
        """Ten small Keras notebooks: what one costs over running it, with Keras's start in both."""
        self.run([*CORRIGE, "data", "p2", "--out", str(self.data)])
        plain, class_ = self.work / "keras-plain", self.work / "keras-class"
        plain.mkdir()
        for number in range(BATCH):
            one = class_ / f"student{number}"
            one.mkdir(parents=True)
            (one / "notebook.ipynb").write_text(keras_notebook(number), "utf-8")
        shutil.copy(class_ / "student0" / "notebook.ipynb", plain)
        grade = [*CORRIGE, "grade", str(class_), "-a", "p2", "-n", "1", "--sandbox", "none"]
        grade += ["--data", str(self.data), "--rerun"]
        execute, mark = [], []
        for repeat in range(self.repeats):
            execute.append(self.run([*EXECUTE, "notebook.ipynb"], cwd=plain)[0])
            out = str(self.work / f"keras-reports{repeat}")
            mark.append(self.run([*grade, "--out", out], cwd=ROOT)[0] / BATCH)
        detail = f"{median(mark):.1f} s : {median(execute):.1f} s for each of {BATCH}"
        ratio = median(m / e for m, e in zip(mark, execute, strict=True))
        return [Figure("batch of Keras : jupyter execute", ratio, "x", None, detail)]

    def textbook(self) -> list[Figure]:
        """One student's fourteen notebooks, by turns and side by side, against running them."""
        plain = self.work / "fourteen"
        plain.mkdir()
        notebooks = sorted(FOURTEEN.glob("*.ipynb"))
        for notebook in notebooks:
            shutil.copy(notebook, plain)
        names = [notebook.name for notebook in notebooks]
        grade = [*CORRIGE, "grade", str(FOURTEEN), "-a", "t1", "--sandbox", "none"]
        execute: list[float] = []
        marked: dict[str, list[float]] = {"1": [], "auto": []}
        inside, again = [], []
        for repeat in range(self.repeats):
            execute.append(self.run([*EXECUTE, "--allow-errors", *names], cwd=plain)[0])
            for workers, seconds in marked.items():
                out = self.work / f"fourteen-{workers}-{repeat}"
                command = [*grade, "--rerun", "-n", workers, "--out", str(out)]
                seconds.append(self.run(command, cwd=ROOT)[0])
            timings = json.loads((out / "t1" / FOURTEEN.name / "result.json").read_text("utf-8"))
            inside.append(timings["timings"]["mark"])
            again.append(self.run([*grade, "-n", "1", "--out", str(out) + "-"], cwd=ROOT)[0])
        figures = []
        for workers, seconds in marked.items():
            ratio = median(m / e for m, e in zip(seconds, execute, strict=True))
            detail = f"{median(seconds):.1f} s : {median(execute):.1f} s for {len(names)} notebooks"
            figures.append(
                Figure(f"textbook, -n {workers} : jupyter execute", ratio, "x", None, detail)
            )
        detail = f"{median(again):.1f} s; {median(inside):.2f} s for all verdicts the first time"
        ratio = median(a / e for a, e in zip(again, execute, strict=True))
        return [*figures, Figure("textbook, marked again : execute", ratio, "x", None, detail)]

    def help(self) -> list[Figure]:
        """What a student waits for `corrige --help`."""
        seconds = [self.run([*CORRIGE, "--help"])[0] for _ in range(self.repeats + 2)]
        return [Figure("corrige --help", median(seconds), "s", 0.3, "")]


def keras_notebook(number: int) -> str:
    """A notebook that builds and trains a small residual network in Keras on TensorFlow."""
    from nbformat import v4, writes

    source = (ROOT / "benchmarks" / "keras_loop.py").read_text("utf-8")
    prepare, train = (source.split(f'{name} = """')[1].split('"""')[0] for name in CELLS)
    cells = [v4.new_code_cell(f"seed = {number}"), v4.new_code_cell(prepare)]
    cells.append(v4.new_code_cell(train.replace("MODE", "compiled").replace("EPOCHS", "2")))
    return str(writes(v4.new_notebook(cells=cells)))


def show(figures: Sequence[Figure]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{os.cpu_count()} cores")
    for name in ("what", "figure", "goal", ""):
        table.add_column(name)
    for figure in figures:
        met = figure.goal is None or figure.value <= figure.goal
        table.add_row(
            figure.name,
            f"[{'green' if met else 'red'}]{figure.value:.3f} {figure.unit}[/]",
            "" if figure.goal is None else f"≤ {figure.goal:g} {figure.unit}",
            figure.detail,
        )
    Console(width=100).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--only",
        nargs="*",
        choices=("help", "probe", "keras", "marking", "batch", "textbook", "sandbox"),
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="corrige-bench-") as work:
        bench = Bench(Path(work), given.repeats)
        measures: dict[str, Callable[[], list[Figure]]] = {
            "help": bench.help,
            "probe": bench.probe,
            "keras": bench.keras,
            "marking": bench.marking,
            "batch": bench.batch,
            "textbook": bench.textbook,
            "sandbox": bench.sandbox,
        }
        figures = []
        for name in given.only or measures:
            print(f"measuring {name} ...", file=sys.stderr)
            figures += measures[name]()
    show(figures)


if __name__ == "__main__":
    main()
