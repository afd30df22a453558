"""No check fails, or is met, on a notebook in which nothing was seen."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders import rubric as rubrics
from graders.analysis.reading import Reading
from graders.analysis.trusted import TrustedTable
from graders.checks.outcome import NotAssessed, Undecided, Violated, require
from graders.evidence.model import Evidence, FileSeen, ForwardPass, FunctionCall, Numbers
from graders.evidence.run_record import CellError, CellRecord, Output, RunRecord

CRITERIA = [
    c for name in ("p3", "p2", "t2") for c in rubrics.load(rubrics.find(name)).criteria if c.check
]
CELL = CellRecord(
    index=0,
    notebook="a",
    source="print('accuracy 0.91, balanced 0.90, F1 0.89')",
    executed=True,
    outputs=(Output(kind="stream", text="accuracy 0.9123 balanced accuracy 0.9012 F1 0.8923"),),
    error=CellError(name="NameError", message="name 'net' is not defined"),
)
DIGEST = "0" * 32
LITTLE = {
    "nothing at all": Evidence(run=RunRecord(ended="kernel_died")),
    "only printed figures": Evidence(run=RunRecord(ended="finished", cells=(CELL,))),
    "traces without arrays": Evidence(
        run=RunRecord(ended="finished", cells=(CELL,)),
        passes=(ForwardPass(model=1, state=2, rows=(40,), outputs=DIGEST, cell=0, moment=3),),
        metrics=(FunctionCall(name="accuracy_score", result=0.9, cell=0, moment=4),),
        numbers=(Numbers(values={"acc": 0.9123}, cell=0, moment=5),),
        files=(FileSeen(path="net.pt", size=10, digest="f", cell=0, moment=6),),
    ),
}


def tables() -> dict[str, TrustedTable]:
    rng = np.random.default_rng(0)
    return {
        role: TrustedTable(role, rng.normal(size=(40, 5)), rng.random(40) < 0.5)
        for role in ("train", "test", "extra")
    }


@pytest.mark.parametrize("seen", LITTLE)
@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda c: c.id)
@pytest.mark.parametrize("with_data", [True, False])
def test_nothing_is_met(criterion: Any, seen: str, with_data: bool, tmp_path: Path) -> None:
    theme, name = criterion.check.split(".")
    check = getattr(importlib.import_module(f"graders.checks.{theme}"), name)
    reading = Reading(LITTLE[seen], tmp_path, tables() if with_data else {})
    with pytest.raises((Violated, Undecided, NotAssessed)) as caught:
        check(reading, **criterion.params)
    assert caught.value.finding.observed


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda c: c.id)
def test_a_check_says_what_it_asks(criterion: Any) -> None:
    theme, name = criterion.check.split(".")
    check = getattr(importlib.import_module(f"graders.checks.{theme}"), name)
    assert inspect.getdoc(check)
    assert next(iter(inspect.signature(check).parameters)) == "student"


def test_require() -> None:
    assert require(True, expected="a", observed="b", cells=[3, 1, 3]).cells == (1, 3)
    with pytest.raises(Violated, match="b"):
        require(False, expected="a", observed="b")
    with pytest.raises(Undecided):
        require(None, expected="a", observed="b")
