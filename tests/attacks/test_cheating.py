"""Notebooks that want marks they did not earn: see cheating.yaml."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from graders import rubric as rubrics
from graders.batch import data as data_files
from graders.batch import places
from graders.batch.chaffs import Edit, copied, patched
from graders.batch.job import Options, job_for
from graders.batch.marking import Marking
from graders.intake import collect
from graders.scoring.result import VerdictKind

CHEATS = YAML(typ="safe").load(Path(__file__).with_name("cheating.yaml").read_text("utf-8"))
KEYS = {"name", "wheat", "why", "edits", "denies", "always"}


def pytest_generate_tests(metafunc):
    if "cheat" in metafunc.fixturenames:
        every = metafunc.config.getoption("--all-attacks")
        chosen = [cheat for cheat in CHEATS if every or cheat.get("always")]
        metafunc.parametrize("cheat", chosen, ids=lambda cheat: cheat["name"])


@pytest.fixture(scope="session")
def p3():
    return rubrics.load(rubrics.find("p3"))


def test_the_list_is_sound(p3):
    assert len({cheat["name"] for cheat in CHEATS}) == len(CHEATS)
    known = {c.id for e in p3.exercises for c in e.criteria if not c.manual}
    for cheat in CHEATS:
        assert set(cheat) <= KEYS, cheat["name"]
        assert cheat["why"].strip()
        assert cheat["denies"]
        assert set(cheat["denies"]) <= known, cheat["name"]


@pytest.mark.slow
def test_earns_nothing_by_it(cheat, p3, shut_in, tmp_path, monkeypatch):
    """Violated, undecided or not assessed: anything but met."""
    monkeypatch.setenv("CORRIGE_HOME", str(tmp_path / "home"))
    wheat = places.reference("p3") / "wheats" / f"{cheat['wheat']}.ipynb"
    folder = copied(wheat, tmp_path / cheat["name"])
    assert patched([Edit.model_validate(edit) for edit in cheat["edits"]], folder) == []
    options = Options(
        data=data_files.stand_in(p3), language="en", sandbox="bwrap", out=tmp_path / "out"
    )
    job = job_for(collect([folder], p3), p3, options)
    verdicts = Marking(job.submissions[0], job).verdicts
    earned = [name for name in cheat["denies"] if verdicts[name].verdict is VerdictKind.MET]
    assert earned == []
    assert not any(verdict.grader_fault for verdict in verdicts.values())
