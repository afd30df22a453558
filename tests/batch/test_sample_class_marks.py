"""Do the sample classes come out as their author decided? Real kernels, so some minutes."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CLASSES = ("p2", "p3", "t1", "t2")
EXPECTED = {
    name: YAML(typ="safe").load(ROOT / "submissions" / name / "expected.yaml") for name in CLASSES
}


DELIVERIES = [(name, delivery) for name in CLASSES for delivery in sorted(EXPECTED[name])]


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """The folder of an assignment's results; each class is marked once, when first asked for.

    Not a parametrised fixture: pytest would tear one down for the next and mark a class again.
    """
    return functools.cache(lambda assignment: mark(assignment, tmp_path_factory.mktemp("sample")))


def mark(assignment, out):
    """Mark the sample class of an assignment into a folder."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "CORRIGE_HOME": str(Path(os.environ.get("CORRIGE_HOME") or ROOT / ".corrige").absolute()),
    }
    corrige = [sys.executable, "-m", "graders.cli"]
    options = ["--out", str(out), "--sandbox", "none", "--lang", "en"]
    given, commands = ROOT / "submissions" / assignment, []
    reference = ROOT / "reference" / assignment
    if (reference / "make_class.py").is_file():
        given = out / "class"
        commands.append([sys.executable, str(reference / "make_class.py"), str(given)])
    if (reference / "make_data.py").is_file():
        commands.append([*corrige, "data", assignment, "--out", str(out / "data")])
        options += ["--data", str(out / "data")]
    commands.append([*corrige, "grade", str(given), "-a", assignment, *options])
    for command in commands:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return out / assignment


def all_of(names, result):
    """Criteria; an exercise's name stands for all of its own."""
    exercises = {e["id"]: [c["id"] for c in e["criteria"]] for e in result["exercises"]}
    return {criterion for name in names for criterion in exercises.get(name, [name])}


@pytest.mark.parametrize(("assignment", "name"), DELIVERIES)
def test_marked_as_its_author_would(marked, assignment, name):
    result = json.loads((marked(assignment) / name / "result.json").read_text("utf-8"))
    expected = EXPECTED[assignment][name]
    if expected["status"] != "graded":
        assert result["status"] == expected["status"]
        assert result["problem"]
        return
    assert result["status"] in ("graded", "needs_review")
    criteria = [c for e in result["exercises"] for c in e["criteria"] if not c["manual"]]
    free = all_of(expected.get("also") or (), result)
    lost = all_of(expected["violated"], result) - free
    wrong = [
        f"{c['id']}: {c['verdict']}: {c['message']} {c['observed']}"
        for c in criteria
        if c["id"] not in free and c["verdict"] != ("violated" if c["id"] in lost else "met")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("assignment", CLASSES)
def test_every_page_is_written(marked, assignment):
    expected, folder = EXPECTED[assignment], marked(assignment)
    assert {path.name for path in folder.iterdir() if path.is_dir()} == set(expected)
    for name in ("index.html", "marks.csv", "results.junit.xml"):
        assert (folder / name).stat().st_size > 0
    for name in expected:
        assert (folder / name / "report.html").stat().st_size > 0
