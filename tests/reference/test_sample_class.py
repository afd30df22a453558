"""Are the sample classes what their READMEs say?"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.reader import NotJSONError
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SIZES = {"p2": 5, "p3": 8, "t1": 10, "t2": 5}
EXPECTED: dict[str, dict[str, dict[str, Any]]] = {
    assignment: YAML(typ="safe").load(ROOT / "submissions" / assignment / "expected.yaml")
    for assignment in SIZES
}
DELIVERIES = [(a, name) for a, expected in EXPECTED.items() for name in sorted(expected)]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each class; one that is made of wheats and chaffs is made now."""
    found = {}
    for assignment in SIZES:
        found[assignment] = ROOT / "submissions" / assignment
        script = ROOT / "reference" / assignment / "make_class.py"
        if script.is_file():
            found[assignment] = tmp_path_factory.mktemp(assignment)
            subprocess.run([sys.executable, str(script), str(found[assignment])], check=True)
    return found


def delivered(folder: Path) -> set[str]:
    about = {"README.md", "expected.yaml", "received.csv"}
    found = folder.iterdir()
    return {p.stem if p.suffix == ".zip" else p.name for p in found} - about


@pytest.mark.parametrize("assignment", SIZES)
def test_every_delivery_has_its_expectation(assignment: str, classes: dict[str, Path]) -> None:
    assert set(EXPECTED[assignment]) == delivered(classes[assignment])
    assert len(EXPECTED[assignment]) >= SIZES[assignment]


@pytest.mark.parametrize(("assignment", "name"), DELIVERIES)
def test_expectation_speaks_of_known_criteria(assignment: str, name: str) -> None:
    rubric = YAML(typ="safe").load(ROOT / "rubrics" / f"{assignment}.yaml")
    known = {c["id"] for e in rubric["exercises"] for c in e["criteria"] if not c.get("manual")}
    known |= {exercise["id"] for exercise in rubric["exercises"]}  # stands for all of its own
    entry = EXPECTED[assignment][name]
    assert set(entry) <= {"violated", "also", "status", "note", "broken"}
    assert set(entry["violated"]) <= known
    assert set(entry.get("also", [])) <= known - set(entry["violated"])
    assert entry["status"] in {"graded", "not_runnable", "not_received"}


@pytest.mark.parametrize(("assignment", "name"), DELIVERIES)
def test_notebooks_are_as_announced(assignment: str, name: str, classes: dict[str, Path]) -> None:
    folder = classes[assignment] / name
    status = EXPECTED[assignment][name]["status"]
    broken = EXPECTED[assignment][name].get("broken", [])  # files that are no notebooks
    notebooks = {p.name: p.read_text("utf-8") for p in sorted(folder.rglob("*.ipynb"))}
    if not folder.is_dir():
        with zipfile.ZipFile(folder.with_name(f"{name}.zip")) as archive:
            entries = [n for n in archive.namelist() if n.endswith(".ipynb") and "/._" not in n]
            notebooks = {n: archive.read(n).decode() for n in entries}
    assert set(broken) <= set(notebooks)
    if status == "not_received":
        assert notebooks == {}
        return
    assert notebooks
    for file, text in notebooks.items():
        if status == "not_runnable" or file in broken:
            with pytest.raises(NotJSONError):
                nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        else:
            nbformat.validate(nbformat.reads(text, as_version=4))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("assignment", SIZES)
def test_readme_names_every_delivery(assignment: str) -> None:
    readme = (ROOT / "submissions" / assignment / "README.md").read_text("utf-8")
    assert [name for name in EXPECTED[assignment] if name not in readme] == []
