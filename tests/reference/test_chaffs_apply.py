"""Does every planted defect still fit its wheat?"""

from __future__ import annotations

import ast
import re
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "reference"
ENOUGH = {"p2": 44, "p3": 40, "t1": 75}  # chaffs, at least
Entry = dict[str, Any]


def automatic(assignment: str) -> set[str]:
    rubric = YAML(typ="safe").load(ROOT / "rubrics" / f"{assignment}.yaml")
    return {c["id"] for e in rubric["exercises"] for c in e["criteria"] if not c.get("manual")}


def listed(assignment: str, file: str) -> list[Entry]:
    path = REFERENCE / assignment / file
    return (YAML(typ="safe").load(path) or []) if path.is_file() else []


def patches(assignment: str, file: str) -> list[Entry]:
    """Those that change a wheat, not deliveries of their own."""
    return [chaff for chaff in listed(assignment, file) if "folder" not in chaff]


CRITERIA = {assignment: automatic(assignment) for assignment in ENOUGH}
CHAFFS = {assignment: patches(assignment, "chaffs.yaml") for assignment in ENOUGH}
FLAGGED = {assignment: patches(assignment, "flagged.yaml") for assignment in ENOUGH}
STALE = {"messy"}  # wheats that keep outputs of another day
WHEATS = [p for a in ENOUGH for p in sorted((REFERENCE / a / "wheats").rglob("*.ipynb"))]


def each(*listings: dict[str, list[Entry]]) -> list[Any]:
    """A test's arguments (assignment, chaff), under the chaff's name."""
    pairs = [(a, chaff) for listing in listings for a in listing for chaff in listing[a]]
    return [pytest.param(a, chaff, id=f"{a}-{chaff['name']}") for a, chaff in pairs]


KEYS = {"name", "wheat", "why", "breaks", "also", "edits", "notebook", "cell", "find", "replace"}


def read(assignment: str, wheat: str) -> list[tuple[str, Any]]:
    """The cells of a wheat, with their notebook's name; those of a folder one after the other."""
    path = REFERENCE / assignment / "wheats" / wheat
    notebooks = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path.with_suffix(".ipynb")]
    cells: list[tuple[str, Any]] = []
    for notebook in notebooks:
        content = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
        cells += [(notebook.name, cell) for cell in content.cells]
    return cells


def without_magics(source: str) -> str:
    return re.sub(r"^(\s*)[!%].*$", r"\1pass", source, flags=re.MULTILINE)


def edits(chaff: Entry) -> list[dict[str, str]]:
    return chaff.get("edits", [chaff])


def patched(assignment: str, chaff: Entry) -> list[Any]:
    """The cells of the wheat with the defect; each edit sees what the ones before it left."""
    cells = read(assignment, chaff["wheat"])
    for edit in edits(chaff):
        within = edit.get("notebook", "*")
        found = [c for name, c in cells if fnmatchcase(name, within) and edit["cell"] in c.source]
        assert len(found) == 1, f"{edit['cell']!r} is in {len(found)} cells, not in one"
        times = found[0].source.count(edit["find"])
        assert times == 1, f"{edit['find']!r} is {times} times in its cell, not once"
        found[0].source = found[0].source.replace(edit["find"], edit["replace"])
    return [cell for _name, cell in cells]


@pytest.mark.parametrize(("assignment", "chaff"), each(CHAFFS, FLAGGED))
def test_patch_applies_once_and_compiles(assignment: str, chaff: Entry) -> None:
    cells = patched(assignment, chaff)
    assert cells != [cell for _name, cell in read(assignment, chaff["wheat"])]
    for cell in cells:
        if cell.cell_type == "code":
            ast.parse(without_magics(cell.source))


@pytest.mark.parametrize(("assignment", "chaff"), each(CHAFFS))
def test_chaff_is_well_formed(assignment: str, chaff: Entry) -> None:
    assert set(chaff) <= KEYS
    assert chaff["why"].strip().endswith(".")
    assert set(chaff["breaks"]) <= CRITERIA[assignment]
    assert set(chaff.get("also", [])) <= CRITERIA[assignment] - set(chaff["breaks"])
    assert chaff["breaks"], "a defect that nobody would notice"


@pytest.mark.parametrize("assignment", ENOUGH)
def test_names_are_unique(assignment: str) -> None:
    counts = Counter(chaff["name"] for chaff in CHAFFS[assignment] + FLAGGED[assignment])
    assert [name for name, n in counts.items() if n > 1] == []


@pytest.mark.parametrize("assignment", ENOUGH)
def test_every_criterion_has_a_chaff(assignment: str) -> None:
    chaffs = listed(assignment, "chaffs.yaml")
    broken = {criterion for chaff in chaffs for criterion in chaff["breaks"]}
    assert sorted(CRITERIA[assignment] - broken) == []


@pytest.mark.parametrize("family", ["keras", "torch"])
def test_every_criterion_of_p2_has_a_chaff_in_both_frameworks(family: str) -> None:
    chaffs = [chaff for chaff in CHAFFS["p2"] if chaff["wheat"].startswith(family)]
    assert all(chaff["name"].startswith(family) for chaff in chaffs)
    broken = {criterion for chaff in chaffs for criterion in chaff["breaks"]}
    assert sorted(CRITERIA["p2"] - broken) == []


@pytest.mark.parametrize("assignment", ENOUGH)
def test_the_overview_names_what_is_there(assignment: str) -> None:
    folder = REFERENCE / assignment
    rows = [line.split("|") for line in (folder / "README.md").read_text("utf-8").splitlines()]
    cells = [row[column] for column in (1, 2) for row in rows if len(row) > column + 1]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    wheats = {path.stem for path in (folder / "wheats").iterdir()}
    chaffs = {c["name"] for f in ("chaffs.yaml", "flagged.yaml") for c in listed(assignment, f)}
    assert wheats <= named
    assert named - wheats - chaffs <= {"fit", "getattr", "pos_weight", "Sequential", "IndexError"}


@pytest.mark.parametrize("assignment", ENOUGH)
def test_there_are_enough(assignment: str) -> None:
    assert len(CHAFFS[assignment]) >= ENOUGH[assignment]


@pytest.mark.parametrize("notebook", WHEATS, ids=lambda p: p.name)
def test_wheat_is_a_clean_notebook(notebook: Path) -> None:
    content = nbformat.read(notebook, as_version=nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
    nbformat.validate(content)  # type: ignore[no-untyped-call]
    assert (content.nbformat, content.nbformat_minor) == (4, 5)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    if not STALE & set(notebook.parts):
        assert all(not cell.outputs and cell.execution_count is None for cell in code)
    for cell in code:
        ast.parse(without_magics(cell.source))
