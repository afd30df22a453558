"""Does the sample class come out as its author decided? Real kernels, so a minute or two."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CLASS = ROOT / "submissions" / "p3"
EXPECTED = YAML(typ="safe").load(CLASS / "expected.yaml")


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "CORRIGE_HOME": str(Path(os.environ.get("CORRIGE_HOME") or ROOT / ".corrige").absolute()),
    }
    corrige = [sys.executable, "-m", "graders.cli"]
    options = ["--out", str(out), "--data", str(out / "data"), "--sandbox", "none", "--lang", "en"]
    for command in (
        ["data", "p3", "--out", str(out / "data")],
        ["grade", str(CLASS), "-a", "p3", *options],
    ):
        done = subprocess.run(
            [*corrige, *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return out / "p3"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_marked_as_its_author_would(marked, name):
    result = json.loads((marked / name / "result.json").read_text("utf-8"))
    expected = EXPECTED[name]
    if expected["status"] != "graded":
        assert result["status"] == expected["status"]
        assert result["problem"]
        return
    assert result["status"] in ("graded", "needs_review")
    criteria = [c for e in result["exercises"] for c in e["criteria"] if not c["manual"]]
    lost = set(expected["violated"])
    free = set(expected.get("also") or ())
    wrong = [
        f"{c['id']}: {c['verdict']}: {c['message']} {c['observed']}"
        for c in criteria
        if c["id"] not in free and c["verdict"] != ("violated" if c["id"] in lost else "met")
    ]
    assert not wrong, "\n".join(wrong)


def test_every_page_is_written(marked):
    assert {path.name for path in marked.iterdir() if path.is_dir()} == set(EXPECTED)
    for name in ("index.html", "marks.csv", "results.junit.xml"):
        assert (marked / name).stat().st_size > 0
    for name in EXPECTED:
        assert (marked / name / "report.html").stat().st_size > 0
