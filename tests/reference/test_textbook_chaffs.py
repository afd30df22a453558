"""Do the planted defects of the textbook's notebooks still fit their wheats?"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

from graders.batch.chaffs import Proof, proofs
from graders.rubric import find, load

REFERENCE = Path(__file__).parents[2] / "reference"
ASSIGNMENTS = ("t1", "t2")


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def planned(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Proof]]:
    """An assignment's proofs; a patch that does not apply just once ends it here."""
    name = request.param
    work = tmp_path_factory.mktemp(name)
    return name, proofs(REFERENCE / name, load(find(name)), work)


def asked_in_notebooks(assignment: str) -> set[str]:
    """What can be lost in the notebooks of an assignment."""
    criteria = load(find(assignment)).criteria
    return {c.id for c in criteria if c.id.startswith("nb") and c.check and c.penalty}


def test_every_notebook_compiles(planned: tuple[str, list[Proof]]) -> None:
    seen: set[str] = set()
    for proof in planned[1]:
        for path in proof.folder.rglob("*.ipynb"):
            text = path.read_text("utf-8")
            if text in seen:  # most notebooks of a chaff are its wheat's
                continue
            seen.add(text)
            notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
            nbformat.validate(notebook)  # type: ignore[no-untyped-call]
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    ast.parse(re.sub(r"^(\s*)[!%].*$", r"\1pass", cell.source, flags=re.MULTILINE))


def test_every_thing_to_do_in_a_notebook_has_its_own_defect(
    planned: tuple[str, list[Proof]],
) -> None:
    name, found = planned
    asked = asked_in_notebooks(name)
    alone = {id_ for proof in found if not proof.whole for id_ in proof.breaks}
    assert sorted(asked - alone) == []


def test_a_delivery_as_it_was_handed_out_breaks_everything(
    planned: tuple[str, list[Proof]],
) -> None:
    name, found = planned
    (blank,) = [proof for proof in found if proof.name == "blank"]
    assert asked_in_notebooks(name) <= blank.breaks | blank.also

