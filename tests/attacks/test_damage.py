"""Submissions that try to hurt the machine or to get out: see damage.yaml."""

import os
import tempfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from graders.evidence.reading import read
from graders.intake import collect
from graders.rubric.model import Rubric, Run, Text
from graders.runner import run
from graders.sandbox import choose

ATTACKS = YAML(typ="safe").load(Path(__file__).with_name("damage.yaml").read_text("utf-8"))
RUBRIC = Rubric(assignment="attacks", title=Text(es="x", en="x"), exercises=())
KEYS = {"name", "why", "cells", "ended", "limits", "says", "always"}


def pytest_generate_tests(metafunc):
    if "attack" in metafunc.fixturenames:
        every = metafunc.config.getoption("--all-attacks")
        chosen = [attack for attack in ATTACKS if every or attack.get("always")]
        metafunc.parametrize("attack", chosen, ids=lambda attack: attack["name"])


def test_the_list_is_sound():
    assert len({attack["name"] for attack in ATTACKS}) == len(ATTACKS)
    for attack in ATTACKS:
        assert set(attack) <= KEYS, attack["name"]
        assert attack["why"].strip()


@pytest.mark.slow
def test_holds(attack, shut_in, canaries, notebook, preamble, tmp_path):
    root = tmp_path / "ana"
    root.mkdir()
    cells = [preamble, *(cell.format(**canaries.places) for cell in attack["cells"])]
    (root / "p3.ipynb").write_text(notebook(cells))
    [submission] = collect([root], RUBRIC)
    settings = Run(**{"budget": 60, "cell_timeout": 30, **attack.get("limits", {})})
    before = _folders()

    record = run(submission, settings, {}, tmp_path / "evidence", shut_in)

    shown = "\n".join(output.text for cell in record.cells for output in cell.outputs)
    canaries.check(shown + _everything(tmp_path / "evidence"))
    assert record.ended in attack.get("ended", ["finished"]), record.detail
    assert record.fault in ("none", "student")
    assert record.seconds < 50
    if record.ended == attack.get("ended", ["finished"])[0]:  # stopped sooner, it says less
        assert attack.get("says", "") in shown
    assert _folders() <= before, "something was left in the temporary folder"
    read(tmp_path / "evidence")  # whatever came back can be read, or is said not to be


def _folders():
    """The runs' folders in the temporary folder."""
    mine = f"cor{os.getpid()}-"
    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith(mine)}


def _everything(folder):
    """All that came back, as text; no link is followed, no pipe opened."""
    found = []
    for path in folder.rglob("*"):
        assert not path.is_symlink()
        assert path.is_file() or path.is_dir()
        if path.is_file():
            with path.open("rb") as stream:
                found.append(stream.read(10**7).decode("utf-8", "replace"))
    return "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["reads_by_path", "environment", "loopback", "abstract_socket", "climbs"],
)
def test_without_a_sandbox_the_canaries_tell(name, canaries, notebook, preamble, tmp_path):
    """The attacks are real: without a sandbox each of these gets out, and is noticed."""
    [attack] = [attack for attack in ATTACKS if attack["name"] == name]
    with pytest.raises(AssertionError, match=r"a secret was|a socket was|a file was"):
        test_holds(attack, choose("none"), canaries, notebook, preamble, tmp_path)
