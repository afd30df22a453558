"""Does every planted defect still fit its wheat?"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ruamel.yaml import YAML

REFERENCE = Path(__file__).parents[2] / "reference"
P3 = REFERENCE / "p3"
RUBRIC = YAML(typ="safe").load(REFERENCE.parent / "rubrics" / "p3.yaml")
CRITERIA = {c["id"] for e in RUBRIC["exercises"] for c in e["criteria"] if not c.get("manual")}
CHAFFS: list[dict[str, Any]] = YAML(typ="safe").load(P3 / "chaffs.yaml")
FLAGGED: list[dict[str, Any]] = YAML(typ="safe").load(P3 / "flagged.yaml")
KEYS = {"name", "wheat", "why", "breaks", "also", "edits", "cell", "find", "replace"}


def read(wheat: str) -> list[Any]:
    """The cells of a wheat; one in a folder has its notebooks one after the other."""
    path = P3 / "wheats" / wheat
    notebooks = sorted(path.glob("*.ipynb")) if path.is_dir() else [path.with_suffix(".ipynb")]
    cells: list[Any] = []
    for notebook in notebooks:
        cells += nbformat.read(notebook, as_version=4).cells  # type: ignore[no-untyped-call]
    return cells


def sources(wheat: str) -> list[str]:
    return [cell.source for cell in read(wheat) if cell.cell_type == "code"]


def without_magics(source: str) -> str:
    return re.sub(r"^(\s*)[!%].*$", r"\1pass", source, flags=re.MULTILINE)


def edits(chaff: dict[str, Any]) -> list[dict[str, str]]:
    return chaff.get("edits", [chaff])


def patched(chaff: dict[str, Any]) -> list[str]:
    """The code cells of the wheat with the defect; each edit sees what the ones before it left."""
    cells = read(chaff["wheat"])
    for edit in edits(chaff):
        found = [cell for cell in cells if edit["cell"] in cell.source]
        assert len(found) == 1, f"{edit['cell']!r} is in {len(found)} cells, not in one"
        times = found[0].source.count(edit["find"])
        assert times == 1, f"{edit['find']!r} is {times} times in its cell, not once"
        assert found[0].cell_type == "code", f"{edit['cell']!r} is in a text"
        found[0].source = found[0].source.replace(edit["find"], edit["replace"])
    return [cell.source for cell in cells if cell.cell_type == "code"]


@pytest.mark.parametrize("chaff", CHAFFS + FLAGGED, ids=lambda chaff: chaff["name"])
def test_patch_applies_once_and_compiles(chaff: dict[str, Any]) -> None:
    cells = patched(chaff)
    assert cells != sources(chaff["wheat"])
    for source in cells:
        ast.parse(without_magics(source))


@pytest.mark.parametrize("chaff", CHAFFS, ids=lambda chaff: chaff["name"])
def test_chaff_is_well_formed(chaff: dict[str, Any]) -> None:
    assert set(chaff) <= KEYS
    assert chaff["why"].strip().endswith(".")
    assert set(chaff["breaks"]) <= CRITERIA
    assert set(chaff.get("also", [])) <= CRITERIA - set(chaff["breaks"])
    assert chaff["breaks"], "a defect that nobody would notice"


def test_names_are_unique() -> None:
    counts = Counter(chaff["name"] for chaff in CHAFFS + FLAGGED)
    assert [name for name, n in counts.items() if n > 1] == []


def test_every_criterion_has_a_chaff() -> None:
    broken = {criterion for chaff in CHAFFS for criterion in chaff["breaks"]}
    assert sorted(CRITERIA - broken) == []


def test_the_overview_names_what_is_there() -> None:
    rows = [line.split("|") for line in (P3 / "README.md").read_text("utf-8").splitlines()]
    cells = [row[column] for column in (1, 2) for row in rows if len(row) > column + 1]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    wheats = {path.stem for path in (P3 / "wheats").iterdir()}
    chaffs = {chaff["name"] for chaff in CHAFFS + FLAGGED}
    assert wheats <= named
    assert named - wheats - chaffs <= {"fit", "getattr", "pos_weight"}


def test_there_are_enough() -> None:
    assert len(CHAFFS) >= 40


@pytest.mark.parametrize("notebook", sorted((P3 / "wheats").rglob("*.ipynb")), ids=lambda p: p.name)
def test_wheat_is_a_clean_notebook(notebook: Path) -> None:
    content = nbformat.read(notebook, as_version=nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
    nbformat.validate(content)  # type: ignore[no-untyped-call]
    assert (content.nbformat, content.nbformat_minor) == (4, 5)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    for cell in code:
        ast.parse(without_magics(cell.source))
