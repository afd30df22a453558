"""A class with attackers in it: every honest submission gets exactly the marks it gets alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "submissions" / "p3"
HONEST = (
    "aranda_vives_clara",
    "castillo_rey_ines",
    "dominguez_paz_hugo",
    "esteve_lozano_julia",
    "fonseca_duarte_bruno",
    "garrido_mena_sofia",
    "herrero_quiroga_pablo",
    "klein_ortega_mia",
)
ATTACKS = ("kills_everything", "fork_bomb", "daemon_that_outlives", "evidence_is_a_link")


def told(result):
    """Marks, flags and what became of each criterion. The words may differ: rows that a network
    was given are looked at by lot."""
    kept = {k: result[k] for k in ("status", "mark", "mark_low", "mark_high", "problem")}
    kept["flags"] = sorted(flag["id"] for flag in result["flags"])
    for exercise in result["exercises"]:
        for criterion in exercise["criteria"]:
            kept[criterion["id"]] = (criterion["verdict"], criterion["applied"], criterion["cells"])
    return kept


@pytest.fixture
def grade(tmp_path):
    """`grade(folder, home)`: marks a folder under bubblewrap; each result as `told` has it."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    corrige = [sys.executable, "-m", "graders.cli"]
    options = ["-a", "p3", "-n", "2", "--lang", "en", "--sandbox", "bwrap"]
    data = tmp_path / "data"
    subprocess.run(
        [*corrige, "data", "p3", "--out", str(data)], cwd=ROOT, env=environment, check=True
    )

    def grade(folder, name):
        out = tmp_path / f"out-{name}"
        done = subprocess.run(
            [*corrige, "grade", str(folder), *options, "--data", str(data), "--out", str(out)],
            cwd=ROOT,
            env=environment | {"CORRIGE_HOME": str(tmp_path / f"home-{name}")},
            capture_output=True,
            text=True,
            timeout=580,
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        results = {}
        for path in (out / "p3").glob("*/result.json"):
            results[path.parent.name] = told(json.loads(path.read_text("utf-8")))
        return results

    return grade


def test_attackers_beside_them_change_nothing(
    shut_in, canaries, grade, notebook, preamble, tmp_path, pytestconfig
):
    every = pytestconfig.getoption("--all-attacks")
    honest = HONEST if every else HONEST[:2]
    listing = YAML(typ="safe").load(Path(__file__).with_name("damage.yaml").read_text("utf-8"))
    attacks = [a for a in listing if a["name"] in (ATTACKS if every else ATTACKS[:1])]
    assert attacks
    alone, mixed = tmp_path / "alone", tmp_path / "mixed"
    for name in honest:
        shutil.copytree(SAMPLES / name, alone / name)
        shutil.copytree(SAMPLES / name, mixed / name)
    for attack in attacks:
        (mixed / attack["name"]).mkdir()
        cells = [preamble, *(cell.format(**canaries.places) for cell in attack["cells"])]
        (mixed / attack["name"] / "p3.ipynb").write_text(notebook(cells))

    before, after = grade(alone, "alone"), grade(mixed, "mixed")

    canaries.check(json.dumps(after))
    assert set(after) == {*honest, *(a["name"] for a in attacks)}
    for name in honest:
        assert after[name] == before[name], name
    for attack in attacks:
        assert after[attack["name"]]["mark_low"] == 0
