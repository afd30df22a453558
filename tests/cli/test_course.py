import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from graders.batch.problems import UsageProblem
from graders.cli.course import list_grades
from graders.rubric import RubricError
from graders.scoring import Result, Status, write_result

RUBRICS = Path(__file__).resolve().parents[2] / "rubrics"


@pytest.fixture
def reports(tmp_path):
    """Reports of two students and the four assignments, all settled."""
    for name, mark in (("t1", 15), ("t2", 18), ("t3", 12), ("t4", 20)):
        for student in ("ana", "luis"):
            result = Result(
                assignment=name,
                submission=student,
                students=(),
                mark=Decimal(mark),
                mark_low=Decimal(mark),
                mark_high=Decimal(mark),
                max_mark=Decimal(20),
                status=Status.GRADED,
            )
            write_result(result, tmp_path / "reports" / name / student / "result.json")
    return tmp_path / "reports"


@pytest.fixture
def udl(tmp_path):
    return Path(shutil.copy(RUBRICS / "course-udl.yaml", tmp_path / "course-udl.yaml"))


def test_the_list_of_a_course(reports, udl, capsys, tmp_path):
    decisions = udl.with_name("course-udl.decisions.yaml")
    decisions.write_text(
        "quality:\n"
        "  - {student: ana, factor: 1.1, reason: Clear., by: F., on: 2025-08-20}\n"
        "projects:\n"
        "  - {student: ana, mark: 17, by: F., on: 2025-08-20}\n"
    )
    assert list_grades(str(udl), reports, None, None, "en") == 0
    shown = capsys.readouterr().out
    assert "17.04" in shown
    assert "0.7 × min(1.1 × (0.3 × 15" in " ".join(shown.split())
    assert (reports / "course-udl" / "grades.csv").is_file()
    assert (reports / "course-udl" / "grades.html").is_file()
    assert list_grades("udl", reports, decisions, tmp_path / "elsewhere", "es") == 0
    assert (tmp_path / "elsewhere" / "grades.csv").is_file()


def test_what_a_person_has_to_say_is_status_1(reports, udl, capsys):
    (reports / "t2" / "luis" / "result.json").write_text("{}")
    assert list_grades(str(udl), reports, None, None, "en") == 1
    assert "cannot be read as a result" in capsys.readouterr().out.replace("\n", " ")


def test_wrong_usage(reports, udl, tmp_path):
    with pytest.raises(UsageProblem, match="There is no"):
        list_grades(str(udl), tmp_path / "none", None, None, "en")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageProblem, match="nobody to grade"):
        list_grades(str(udl), tmp_path / "empty", None, None, "en")
    with pytest.raises(RubricError, match="no such file"):
        list_grades(str(udl), reports, tmp_path / "none.yaml", None, "en")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("projects:\n  - {student: eva, mark: 7, by: F., on: 2025-08-20}\n")
    with pytest.raises(RubricError, match=r"wrong\.yaml:2: There is no student 'eva'"):
        list_grades(str(udl), reports, wrong, None, "en")
