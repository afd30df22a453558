import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "torch",
    "numpy",
    "pandas",
    "pydantic",
    "pytest",
    "nbformat",
    "sklearn",
    "jinja2",
    "rich.live",
)


def corrige(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "graders.cli", *arguments],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "CORRIGE_HOME": str(folder / "home"), "COLUMNS": "200"}
        | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_imports_nothing_heavy(tmp_path):
    code = (
        "import sys; sys.argv = ['corrige', '--help']\n"
        "from graders.cli import main\n"
        "try: main()\n"
        f"finally: print('heavy:', [m for m in {HEAVY} if m in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    assert "heavy: []" in done.stdout
    for command in ("check", "grade", "validate", "new", "list", "data", "course", "doctor"):
        assert command in done.stdout
    assert seconds < 3  # the goal of 0.3 s is measured by `make bench`, on an idle machine


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("grade", "nowhere", "-a", "p77", "--lang", "en"), "p77"),
        (("grade", "nowhere", "-a", "mini.yaml", "--lang", "en"), "nowhere"),
        (("grade", ".", "-a", "mini.yaml", "-n", "many"), "-n"),
        (("grade", ".", "-a", "mini.yaml", "--lang", "fr"), "--lang"),
        (("grade", ".", "-a", "mini.yaml", "--lang", "en", "--data", "none"), "none"),
        (("grade", "x"), "--assignment"),
        (("data", "p77"), "p77"),
        (("validate", "p77", "--repeat", "0"), "--repeat"),
        (("validate", "p77", "--lang", "en"), "p77"),
        (("new", "P 4", "--lang", "en"), "not a valid name"),
        (("nonsense",), "nonsense"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(tmp_path, arguments, says):
    (tmp_path / "mini.yaml").write_text(RUBRIC)
    done = corrige(tmp_path, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_data_of_p3_is_made(tmp_path):
    (tmp_path / "reference" / "p9").mkdir(parents=True)
    (tmp_path / "reference" / "p9" / "make_data.py").write_text(
        "import sys, pathlib\nout = pathlib.Path(sys.argv[1]); out.mkdir(parents=True)\n"
        "(out / 'made').write_text(' '.join(sys.argv[2:])); print('made it')\n"
    )
    done = corrige(tmp_path, "data", "p9", "--cern", "atlas.csv")
    assert done.returncode == 0, done.stderr
    assert "made it" in done.stdout
    assert (tmp_path / "data" / "p9" / "made").read_text() == "--cern atlas.csv"


def test_list_names_the_assignments(tmp_path):
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "mini.yaml").write_text(RUBRIC)
    (tmp_path / "rubrics" / "worse.yaml").write_text("assignment: [")
    done = corrige(tmp_path, "list", "--lang", "en")
    assert "Mini test" in done.stdout
    assert "worse" in done.stdout
    assert done.returncode == 2


def test_doctor_says_what_there_is(tmp_path):
    done = corrige(tmp_path, "doctor", "--lang", "en")
    assert done.returncode in (0, 1)
    assert "torch" in done.stdout
    assert "sandbox" in done.stdout


def test_check_of_something_without_a_notebook(tmp_path):
    (tmp_path / "mini.yaml").write_text(RUBRIC)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes.txt").write_text("hello")
    (tmp_path / "rows.csv").write_text("1")
    where = ("--data", ".", "--out", "out")
    done = corrige(tmp_path, "check", "work", "-a", "mini.yaml", "--lang", "en", *where)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "e1.explained" in done.stdout
    assert (tmp_path / "out" / "mini" / "work" / "report.html").exists()


RUBRIC = """\
assignment: mini
title: {es: Mini prueba, en: Mini test}
data:
  - {name: rows, files: [rows.csv]}
exercises:
  - id: e1
    title: {es: Uno, en: One}
    points: 1
    criteria:
      - id: e1.explained
        text: {es: Explicado, en: Explained}
        penalty: 50%
        manual: true
"""
