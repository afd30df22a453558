import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from graders.batch.chaffs import proofs
from graders.batch.problems import UsageProblem
from graders.batch.surprises import unproven
from graders.cli.new import STARTER, lay_out
from graders.language import speaking
from graders.rubric import find, load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, as a teacher who installed the package does."""
    monkeypatch.chdir(tmp_path)
    with speaking("en"):
        yield tmp_path


def test_what_is_laid_out_loads_and_its_chaffs_apply(here):
    written = lay_out("p4", here)
    assert {str(path.relative_to(here)) for path in written} == {
        "rubrics/p4.yaml",
        "rubrics/rubric.schema.json",
        "reference/p4/chaffs.yaml",
        "reference/p4/make_data.py",
        "reference/p4/wheats/first.ipynb",
    }
    rubric = load(find("p4"))
    assert rubric.assignment == "p4"
    assert rubric.title.es != rubric.title.en
    planned = proofs(here / "reference" / "p4", rubric, here / "work")
    assert sum(proof.is_wheat for proof in planned) == 1
    assert list(unproven(planned, rubric)) == []
    assert not [path for path in written if "ASSIGNMENT" in path.read_text("utf-8")]


def test_the_schema_that_is_there_is_left_alone(here):
    (here / "rubrics").mkdir()
    (here / "rubrics" / "rubric.schema.json").write_text("{}")
    lay_out("p4", here)
    assert (here / "rubrics" / "rubric.schema.json").read_text() == "{}"


@pytest.mark.parametrize("there", ["rubrics/p4.yaml", "rubrics/p4.yml", "reference/p4/notes.txt"])
def test_nothing_is_overwritten(here, there):
    (here / there).parent.mkdir(parents=True)
    (here / there).write_text("mine")
    with pytest.raises(UsageProblem, match="nothing is overwritten"):
        lay_out("p4", here)
    files = [path for path in here.rglob("*") if path.is_file()]
    assert [path.read_text() for path in files] == ["mine"]


def test_the_name_of_an_assignment_that_is_shipped_is_taken(here):
    with pytest.raises(UsageProblem, match=r"already.*p3\.yaml"):
        lay_out("p3", here)


@pytest.mark.parametrize("name", ["", "P4", "p 4", "../p4", "-p4", "p4\n", "práctica", "course-p4"])
def test_a_name_that_will_not_do(here, name):
    with pytest.raises(UsageProblem, match="not a valid name"):
        lay_out(name, here)
    assert not list(here.iterdir())


def test_the_template_is_within_the_package():
    assert STARTER.parent.name == "graders"
    assert YAML(typ="safe").load(STARTER / "rubric.yaml")["assignment"] == "ASSIGNMENT"


@pytest.mark.slow
def test_it_is_proven_at_once_and_steady(here):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CORRIGE_HOME": str(here / "home")}
    for arguments in (("new", "p4"), ("validate", "p4", "-n", "2", "--repeat", "2")):
        done = subprocess.run(
            [sys.executable, "-m", "graders.cli", *arguments, "--lang", "en"],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "2/2 · 4/4" in done.stdout
    assert "every wheat loses nothing" in done.stdout
    assert not list((here / "home").glob("round-*"))
