import csv
import io
from decimal import Decimal
from pathlib import Path

from graders.course import Marked, grades, load_course
from graders.course.loading import Written
from graders.course.model import Decisions
from graders.export import write_grades
from graders.language import speaking

COURSE = load_course(Path(__file__).parents[2] / "rubrics" / "course-udl.yaml")


def rows(path, course, *marked):
    handed = {name: tuple(m for m in marked if m.assignment == name) for name in course.names}
    with speaking("en"):
        write_grades(course, grades(course, handed, Written(Decisions())).rows, path)
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_for_each_student(tmp_path):
    one = Marked("t1", "ana", ("=Ana",), Decimal(8), Decimal(8), Decimal(12))
    other = Marked("t1", "luis", (), Decimal(8), Decimal(10), Decimal(20))
    first, second = rows(tmp_path / "grades.csv", COURSE, one, other)
    assert first["student"] == "'=Ana"
    assert (first["grade"], first["grade_low"], first["scale"]) == ("", "2.24", "20")
    assert (first["t1"], first["t1_how"]) == ("13.33", "ana")
    assert (second["t1"], second["t1_how"]) == ("", "luis, still from 8 to 10")
    assert (first["t2"], first["t2_how"]) == ("", "not marked yet")
    assert (first["factor"], first["project_how"]) == ("", "not marked yet")
    assert first["sum"].count("; ") == 1
    assert "0.7 × min(0.8 × (0.3 × (8 / 12 × 20) + 0.3 × 0" in first["sum"]


def test_a_plain_course(tmp_path):
    plain = COURSE.model_copy(update={"quality": None, "project": None})
    marked = [Marked(name, "ana", (), Decimal(8), Decimal(8), Decimal(20)) for name in plain.names]
    [row] = rows(tmp_path / "grades.csv", plain, *marked)
    assert "factor" not in row
    assert "project" not in row
    assert row["grade"] == "8.00"
    assert row["sum"] == "0.3 × 8 + 0.3 × 8 + 0.3 × 8 + 0.1 × 8 = 8"
