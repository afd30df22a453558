from decimal import Decimal
from pathlib import Path

from graders.course import Marked, grades, load_course
from graders.course.loading import Written
from graders.course.model import Decisions
from graders.language import speaking
from graders.report.grades_page import grades_page, write_grades

COURSE = load_course(Path(__file__).parents[2] / "rubrics" / "course-udl.yaml")
HOSTILE = '<script>alert(1)</script>"\u202e'


def made(*marked):
    handed = {name: tuple(m for m in marked if m.assignment == name) for name in COURSE.names}
    return grades(COURSE, handed, Written(Decisions()))


def mark(assignment, submission, *students, high=8):
    return Marked(assignment, submission, students, Decimal(8), Decimal(high), Decimal(20))


def test_the_page_has_every_sum():
    with speaking("en"):
        page = grades_page(COURSE, made(mark("t1", "ana"), mark("t1", "luis", high=9)))
    assert "Deep neural networks" in page
    assert "0.7 × min(0.8 × (0.3 × 8 + 0.3 × 0" in page
    assert "luis, still from 8 to 9" in page
    assert "not marked yet" in page
    assert "Waiting for a person" not in page
    assert page.count('<section class="ledger"') == 2


def test_what_is_open_is_said_and_names_are_harmless(tmp_path):
    with speaking("es"):
        grades = made(mark("t1", "x", HOSTILE, "Ana García"), mark("t2", "y", "Ana García López"))
        write_grades(COURSE, grades, ["results: broken"], tmp_path)
    page = (tmp_path / "grades.html").read_text("utf-8")
    assert "Redes neuronales profundas" in page
    assert "results: broken" in page
    assert "Ana García López" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
