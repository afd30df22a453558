"""What the documents for authors end in works as it stands there."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch
from ruamel.yaml import YAML
from torch import nn

from graders import analysis, checks
from graders.analysis.reading import Reading
from graders.batch.mark import ask
from graders.checks import outcome
from graders.evidence.model import Evidence
from graders.evidence.run_record import RunRecord
from graders.language import speaking
from graders.rubric import load
from graders.rubric.loading import CHECKS
from graders.rubric.model import Criterion
from graders.scoring.result import VerdictKind
from tests.analysis.conftest import Clock, last_graph

ROOT = Path(__file__).resolve().parents[2]
RUBRICS, WRITING = "writing-rubrics.md", "writing-checks.md"


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / "docs" / document).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def regularisation(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The question and the check of the document, where it says they belong."""
    for package, code in zip((analysis, checks), blocks(WRITING, "python"), strict=True):
        name = f"{package.__name__}.regularisation"
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(package, "regularisation", module, raising=False)
        exec(compile(code, name, "exec"), vars(module))
    with speaking("en"):
        yield


def reading_of(module: nn.Module, folder: Path) -> Reading:
    """A reading in which this network was seen, and nothing else."""
    from graders.probe.frameworks.torch_modules import TorchModules
    from graders.probe.graphs import draw
    from graders.probe.log import EventLog
    from graders.probe.models import ModelBook

    clock = Clock()
    book = ModelBook(EventLog(str(folder)), clock, TorchModules(torch))
    model = book.meet(module)
    assert model is not None
    model.sample = (torch.randn(5, 4),)
    draw(book, model, module, 1)
    seen = Evidence(run=RunRecord(ended="finished"), graphs=(last_graph(book, folder),))
    return Reading(seen, folder, {})


def test_the_rubric_of_the_document_loads(tmp_path: Path) -> None:
    path = tmp_path / "mini.yaml"
    path.write_text(blocks(RUBRICS, "yaml")[-1], "utf-8")
    rubric = load(path)
    assert rubric.max_mark == 10
    assert [c.id for c in rubric.criteria] == ["e1.trained", "e1.f1", "e1.saved", "e1.discussed"]
    assert (ROOT / "docs" / RUBRICS).read_text("utf-8").endswith("```\n")


@pytest.mark.parametrize(
    ("layers", "verdict"),
    [
        ((nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)), VerdictKind.MET),
        ((nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)), VerdictKind.VIOLATED),
    ],
)
def test_the_check_of_the_document_marks(
    regularisation: None, tmp_path: Path, layers: tuple[nn.Module, ...], verdict: VerdictKind
) -> None:
    criterion = Criterion(**YAML(typ="safe").load(blocks(WRITING, "yaml")[-1])[0] | NO_PENALTY)
    found = ask(reading_of(nn.Sequential(*layers), tmp_path), criterion, None)
    assert found.verdict is verdict, found.message
    assert found.expected == "at least 1 dropouts"
    assert "dropouts in the network" in found.observed


NO_PENALTY = {"penalty": None}


def test_the_check_of_the_document_without_a_network(regularisation: None, tmp_path: Path) -> None:
    nothing = Reading(Evidence(run=RunRecord(ended="finished")), tmp_path, {})
    with pytest.raises(outcome.Undecided):
        checks.regularisation.dropout(nothing)  # type: ignore[attr-defined]  # the document's own


def test_the_criterion_of_the_document_is_taken_by_a_rubric(tmp_path: Path) -> None:
    folder = tmp_path / "checks"
    shutil.copytree(CHECKS, folder)
    (folder / "regularisation.py").write_text(blocks(WRITING, "python")[-1], "utf-8")
    whole = YAML(typ="safe").load(blocks(RUBRICS, "yaml")[-1])
    whole["exercises"][0]["criteria"] += YAML(typ="safe").load(blocks(WRITING, "yaml")[-1])
    path = tmp_path / "mini.yaml"
    with path.open("w") as stream:
        YAML().dump(whole, stream)
    assert load(path, folder).criterion("e1.dropout").check == "regularisation.dropout"


def test_every_check_is_told_with_its_margin() -> None:
    text = (ROOT / "docs" / WRITING).read_text("utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
    for path in CHECKS.glob("*.py"):
        if path.stem in ("__init__", "outcome") or f"`{path.stem}.*`" in rows:
            continue
        for name in re.findall(r"^def ([a-z]\w*)\(student", path.read_text("utf-8"), re.MULTILINE):
            assert re.search(rf"`({path.stem}\.)?{name}`", rows), f"{path.stem}.{name}"
