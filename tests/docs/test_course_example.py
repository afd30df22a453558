"""The decisions of the document are taken, and come to what can be worked out by hand."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from graders.course import Marked, grades, load_course, load_decisions
from graders.language import speaking
from graders.rubric import load

ROOT = Path(__file__).resolve().parents[2]


def block(beginning: str) -> str:
    text = (ROOT / "docs" / "writing-rubrics.md").read_text("utf-8")
    found = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    [one] = [block for block in found if block.startswith(beginning)]
    return str(one)


def marked(assignment: str, submission: str, mark: str, *students: str) -> Marked:
    return Marked(assignment, submission, students, Decimal(mark), Decimal(mark), Decimal(20))


def test_the_decisions_of_the_document(tmp_path: Path) -> None:
    path = tmp_path / "decisions.yaml"
    path.write_text(block("# yaml-language-server: $schema=course-decisions"), "utf-8")
    course = load_course(ROOT / "rubrics" / "course-udl.yaml")
    written = load_decisions(path, course)
    handed = {
        "t1": (marked("t1", "agarcia", "15"), marked("t1", "eva_ruiz", "11")),
        "t2": (marked("t2", "agarcia", "18"), marked("t2", "x", "10", "Luis Pérez")),
        "t3": (marked("t3", "agarcia", "12"),),
        "t4": (marked("t4", "agarcia", "20"), marked("t4", "luis-perez", "16")),
    }
    with speaking("en"):
        made = grades(course, handed, written)
    ana, luis, eva = made.rows
    assert made.notes == ()
    assert ana.low == ana.high == Decimal("17.04")  # 0.7 × 1.1 × 15.5 + 0.3 × 17
    assert luis.low == luis.high == Decimal("13.45")  # 0.7 × (4.5 + 3 + 1.6) / 0.7 + 0.3 × 14.5
    assert (eva.low, eva.high) == (Decimal("4.54"), Decimal("10.54"))  # her project is open
    assert [s.kind for s in eva.standings] == ["marked", "override", "missing", "missing"]


def test_the_lateness_of_the_document(tmp_path: Path) -> None:
    rubric = block("# yaml-language-server: $schema=rubric.schema.json")
    path = tmp_path / "mini.yaml"
    path.write_text(f"{rubric}\n{block('zone: ')}", "utf-8")
    late = load(path).late
    assert late is not None
    assert (late.points_per_day, late.at_most, late.count_from) == (2, 10, "hard")
