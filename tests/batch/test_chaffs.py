import json
from decimal import Decimal

import pytest

from graders.batch.chaffs import Proof, proofs
from graders.batch.judging import Judged
from graders.batch.problems import UsageProblem
from graders.batch.surprises import compare, unproven
from graders.batch.validate import Validation
from graders.batch.validation_report import criteria, matrix, rows, write_junit, write_page
from graders.language import speaking
from graders.rubric.model import Criterion, Exercise, Rubric, Text
from graders.scoring.result import Verdict


def words(text):
    return Text(es=text, en=text)


RUBRIC = Rubric(
    assignment="p",
    title=words("<P>"),
    exercises=(
        Exercise(
            id="e1",
            title=words("One"),
            points=Decimal(1),
            criteria=(
                Criterion(id="e1.a", text=words("a"), check="x.a"),
                Criterion(id="e1.b", text=words("b"), check="x.b"),
                Criterion(id="e1.c", text=words("c"), manual=True),
            ),
        ),
    ),
)


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


@pytest.fixture
def reference(tmp_path):
    folder = tmp_path / "reference"
    (folder / "wheats").mkdir(parents=True)
    cells = [["import torch\n", "x = 1\n"], "x = 2\nz = 1"]
    notebook = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    (folder / "wheats" / "w1.ipynb").write_text(json.dumps(notebook))
    return folder


def chaff(reference, text):
    (reference / "chaffs.yaml").write_text(text)


def source(proof, cell):
    (path,) = proof.folder.glob("*.ipynb")
    return "".join(json.loads(path.read_text())["cells"][cell]["source"])


SHORT = "{name: c1, wheat: w1, why: because, breaks: [e1.a], cell: import torch, %s}"


def test_a_patch_is_applied_to_a_copy(reference, tmp_path):
    chaff(reference, "- " + SHORT % "find: x = 1, replace: x = 9")
    wheat, broken = proofs(reference, RUBRIC, tmp_path / "work")
    assert wheat.is_wheat
    assert not broken.is_wheat
    assert source(wheat, 0) == "import torch\nx = 1\n"
    assert source(broken, 0) == "import torch\nx = 9\n"
    assert source(broken, 1) == "x = 2\nz = 1"


def test_several_edits(reference, tmp_path):
    chaff(
        reference,
        "- name: c1\n  wheat: w1\n  why: w\n  breaks: [e1.a]\n  also: [e1.b]\n  edits:\n"
        "  - {cell: import torch, find: x = 1, replace: y = 1}\n"
        "  - {cell: x = 2, find: x = 2, replace: y = 2}\n",
    )
    broken = proofs(reference, RUBRIC, tmp_path / "work")[1]
    assert source(broken, 0) == "import torch\ny = 1\n"
    assert source(broken, 1) == "y = 2\nz = 1"
    assert broken.also == {"e1.b"}


def test_in_one_notebook_of_several(reference, tmp_path):
    folder = reference / "wheats" / "w2" / "Chap03"
    folder.mkdir(parents=True)
    notebook = (reference / "wheats" / "w1.ipynb").read_text()
    for name in ("nb 3_1.ipynb", "nb 3_4.ipynb"):
        (folder / name).write_text(notebook + "\n")
    edit = 'notebook: "*3_4*", find: x = 1, replace: x = 9'
    chaff(reference, "- " + (SHORT % edit).replace("w1", "w2"))
    *_wheats, broken = proofs(reference, RUBRIC, tmp_path / "work")
    made = {path.name: path.read_text() for path in broken.folder.rglob("*.ipynb")}
    assert made["nb 3_1.ipynb"] == notebook + "\n"  # to the last byte: nothing to run again
    assert "x = 9" in made["nb 3_4.ipynb"]


def test_a_delivery_of_its_own(reference, tmp_path):
    folder = reference / "chaffs" / "blank"
    folder.mkdir(parents=True)
    (folder / "n.ipynb").write_text('{"cells": []}')
    chaff(reference, "- {name: blank, folder: blank, why: w, breaks: [e1.a, e1.b]}")
    broken = proofs(reference, RUBRIC, tmp_path / "work")[1]
    assert broken.whole
    assert [path.name for path in broken.folder.iterdir()] == ["n.ipynb"]


OWN = "{name: c1, folder: blank, why: because, breaks: [e1.a]}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (OWN, "no folder blank"),
        (OWN.replace("why", "wheat: w1, edits: [], why"), "no folder blank"),
        ("{name: c1, wheat: w1, why: w, edits: []}", "a wheat with edits or a folder"),
        (SHORT % "notebook: z*, find: x = 1, replace: x", "0 cells"),
        (SHORT % "find: x = 7, replace: x", "0 times"),
        (SHORT.replace("import torch", "'= 1'") % "find: x = 1, replace: x", "2 cells"),
        (SHORT.replace("e1.a", "e1.zzz") % "find: x = 1, replace: x", "unknown criteria: e1.zzz"),
        (SHORT.replace("e1.a", "e1.c") % "find: x = 1, replace: x", "unknown criteria: e1.c"),
        (SHORT.replace("w1", "w9") % "find: x = 1, replace: x", "no wheat w9"),
        (SHORT.replace("c1", "w1") % "find: x = 1, replace: x", "twice"),
        (SHORT.replace("why", "wy") % "find: x = 1, replace: x", "why"),
    ],
)
def test_a_chaff_that_cannot_be_is_an_error(reference, tmp_path, text, says):
    chaff(reference, "- " + text)
    with pytest.raises(UsageProblem, match=says) as problem:
        proofs(reference, RUBRIC, tmp_path / "work")
    assert "chaffs.yaml" in str(problem.value)


def verdicts(a, b="met", flags=()):
    kinds = {"e1.a": a, "e1.b": b, "e1.c": "undecided"}
    found = {name: Verdict(id=name, verdict=kind) for name, kind in kinds.items()}
    return Judged("", found, frozenset(flags))


def surprises(proof, found):
    return [s.criterion for s in compare(proof, found, RUBRIC)]


def test_a_wheat_loses_nothing(tmp_path):
    wheat = Proof("w", tmp_path)
    assert surprises(wheat, verdicts("met")) == []
    for kind in ("violated", "undecided", "not_assessed"):
        assert surprises(wheat, verdicts(kind)) == ["e1.a"]


def test_a_chaff_loses_just_what_it_breaks(tmp_path):
    broken = Proof("c", tmp_path, frozenset({"e1.a"}))
    assert surprises(broken, verdicts("violated")) == []
    assert surprises(broken, verdicts("undecided")) == ["e1.a"]
    assert surprises(broken, verdicts("met")) == ["e1.a"]
    assert surprises(broken, verdicts("violated", "violated")) == ["e1.b"]
    tolerant = Proof("c", tmp_path, frozenset({"e1.a"}), frozenset({"e1.b"}))
    for kind in ("met", "violated", "undecided", "not_assessed"):
        assert surprises(tolerant, verdicts("violated", kind)) == []


def test_what_must_be_flagged_costs_nothing(reference, tmp_path):
    text = SHORT.replace("breaks: [e1.a]", "flags: [odd]") % "find: x = 1, replace: x = 9"
    (reference / "flagged.yaml").write_text("- " + text)
    flagged = proofs(reference, RUBRIC, tmp_path / "work")[1]
    assert not flagged.is_wheat
    assert surprises(flagged, verdicts("met", flags=["odd"])) == []
    assert surprises(flagged, verdicts("met")) == ["odd"]
    assert surprises(flagged, verdicts("violated", flags=["odd"])) == ["e1.a"]


def test_a_criterion_that_no_chaff_breaks_does_not_ship(tmp_path):
    planned = [Proof("w", tmp_path), Proof("c", tmp_path, frozenset({"e1.a"}))]
    assert [s.criterion for s in unproven(planned, RUBRIC)] == ["e1.b"]


def test_the_reports(tmp_path):
    planned = [Proof("w", tmp_path), Proof("<c>", tmp_path, frozenset({"e1.a"}), why="<why>")]
    found = {"w": verdicts("met"), "<c>": verdicts("undecided")}
    wrong = [*compare(planned[1], found["<c>"], RUBRIC), *unproven(planned, RUBRIC)]
    validation = Validation(RUBRIC, planned, found, wrong)
    assert criteria(validation) == ["e1.a", "e1.b"]
    assert [cells for _proof, cells in rows(validation)] == [
        [("·", "plain"), ("·", "plain")],
        [("?", "surprise"), ("·", "plain")],
    ]
    assert matrix(validation).row_count == 2
    write_page(validation, tmp_path / "v.html")
    page = (tmp_path / "v.html").read_text()
    assert "&lt;why&gt;" in page
    assert "<why>" not in page
    write_junit(validation, tmp_path / "v.xml")
    assert 'tests="4" failures="2"' in (tmp_path / "v.xml").read_text()
