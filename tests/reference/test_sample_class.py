"""Is the sample class what its README says?"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.reader import NotJSONError
from ruamel.yaml import YAML

CLASS = Path(__file__).parents[2] / "submissions" / "p3"
RUBRIC = Path(__file__).parents[2] / "rubrics" / "p3.yaml"
EXPECTED: dict[str, dict[str, Any]] = YAML(typ="safe").load(CLASS / "expected.yaml")


def delivered() -> set[str]:
    about = {"README.md", "expected.yaml"}
    return {p.stem if p.suffix == ".zip" else p.name for p in CLASS.iterdir()} - about


def test_every_delivery_has_its_expectation() -> None:
    assert set(EXPECTED) == delivered()
    assert len(EXPECTED) >= 8


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_expectation_speaks_of_known_criteria(name: str) -> None:
    rubric = YAML(typ="safe").load(RUBRIC)
    known = {c["id"] for e in rubric["exercises"] for c in e["criteria"] if not c.get("manual")}
    entry = EXPECTED[name]
    assert set(entry) <= {"violated", "also", "status", "note"}
    assert set(entry["violated"]) <= known
    assert set(entry.get("also", [])) <= known - set(entry["violated"])
    assert entry["status"] in {"graded", "not_runnable", "not_received"}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_notebooks_are_as_announced(name: str) -> None:
    notebooks = [p.read_text("utf-8") for p in sorted((CLASS / name).rglob("*.ipynb"))]
    if not (CLASS / name).is_dir():
        with zipfile.ZipFile(CLASS / f"{name}.zip") as archive:
            entries = [n for n in archive.namelist() if n.endswith(".ipynb") and "/._" not in n]
            notebooks = [archive.read(n).decode() for n in entries]
    if EXPECTED[name]["status"] == "not_received":
        assert notebooks == []
        return
    assert notebooks
    for text in notebooks:
        if EXPECTED[name]["status"] == "not_runnable":
            with pytest.raises(NotJSONError):
                nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        else:
            nbformat.validate(nbformat.reads(text, as_version=4))  # type: ignore[no-untyped-call]


def test_readme_names_every_delivery() -> None:
    readme = (CLASS / "README.md").read_text("utf-8")
    assert [name for name in EXPECTED if name not in readme] == []
