from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from graders.course import Course, find_course, load_course, load_decisions
from graders.course.editor_schemas import SCHEMAS
from graders.rubric import RubricError, available
from graders.rubric.editor_schema import as_text
from graders.rubric.source import read_source

from .conftest import RUBRICS

COURSE = (RUBRICS / "course-udl.yaml").read_text(encoding="utf-8")
DECISIONS = """\
students: [Ana García, Luis Pérez, Eva Ruiz]
aliases:
  - {student: Ana García, names: [agarcia, ana.garcia.2025]}
groups:
  - {members: [Ana García, Luis Pérez], assignments: [t1], submission: grupo3}
quality:
  - {student: Ana García, factor: 1.1, reason: A clear report., by: F. Crema, on: 2025-08-20}
projects:
  - {student: Ana García, mark: 17, by: F. Crema, on: 2025-09-01}
exemptions:
  - {student: Eva Ruiz, assignment: t3, reason: Illness., by: F. Crema, on: 2025-08-20}
overrides:
  - {student: Eva Ruiz, assignment: t2, mark: 15.5, reason: Shown., by: F. Crema, on: 2025-08-20}
"""


def test_the_course_that_ships(course: Course) -> None:
    assert course.names == ("t1", "t2", "t3", "t4")
    assert [part.weight for part in course.assignments] == [30, 30, 30, 10]
    assert course.scale == 20
    assert course.quality is not None
    assert (course.quality.lowest, course.quality.highest) == (Decimal("0.8"), Decimal("1.2"))
    assert course.project is not None
    assert course.project.weight == 30
    decisions = load_decisions(RUBRICS / course.decisions, course).decisions
    assert not any(getattr(decisions, name) for name in type(decisions).model_fields)


def test_a_course_is_found_and_is_no_assignment() -> None:
    assert find_course("udl").name == "course-udl.yaml"
    assert find_course(str(RUBRICS / "course-udl.yaml")) == RUBRICS / "course-udl.yaml"
    assert not any(path.name.startswith("course-") for path in available())
    with pytest.raises(RubricError, match=r"There is no course 'ud'\. Did you mean 'udl'"):
        find_course("ud")
    with pytest.raises(RubricError, match="no such file"):
        find_course("none.yaml")


@pytest.mark.parametrize("name", SCHEMAS)
def test_committed_schemas_are_up_to_date(name: str) -> None:
    committed = (RUBRICS / name).read_text(encoding="utf-8")
    assert committed == as_text(SCHEMAS[name]()), "python -m graders.course rubrics"


def test_files_validate_and_name_their_schemas(tmp_path: Path) -> None:
    for name, schema in (
        ("course-udl.yaml", "course.schema.json"),
        ("course-udl.decisions.yaml", "course-decisions.schema.json"),
    ):
        first = (RUBRICS / name).read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema={schema}"
        validator = jsonschema.Draft202012Validator(SCHEMAS[schema]())
        validator.validate(read_source(RUBRICS / name).data)
    path = tmp_path / "decisions.yaml"
    path.write_text(DECISIONS, encoding="utf-8")
    validator.validate(read_source(path).data)
    path.write_text(DECISIONS.replace("reason: Illness., ", ""), encoding="utf-8")
    assert not validator.is_valid(read_source(path).data)


# Each case changes what is right; "# here" marks the line that must be named.
WRONG_COURSE = {
    "weights": ("id: t4, weight: 10%", "id: t4, weight: 20%", "add up to 110%, not to 100%"),
    "weight of nothing": ("weight: 10%", "weight: 0%", "'0%' is not a share"),
    "weight without a sign": ("weight: 10%", "weight: 10", "'10' is not a share"),
    "twice": ("id: t4", "id: t3", "There are two assignments 't3'."),
    "factors turned round": ("lowest: 0.8", "lowest: 1.3", "less than the lowest"),
    "factor below zero": ("lowest: 0.8", "lowest: -0.8", "'-0.8' is not a number from 0"),
    "usual factor outside": ("highest: 1.2", "highest: 1.2, default: 2", "not between 0.8 and 1.2"),
    "no scale": ("scale: 20", "scale: 0", "more than zero"),
    "unknown key": ("scale: 20", "skale: 20", "Unknown key 'skale'. Did you mean 'scale'?"),
    "no title": ("project: {weight: 30%,", "project: {wait: 30%,", "'weight' is missing"),
    "decisions elsewhere": ("scale: 20", "decisions: ../x.yaml\nscale: 20", "without its folder"),
    "not a course": (COURSE, "- 1\n", "The course must be keys with values, not a list."),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG_COURSE.values(), ids=WRONG_COURSE)
def test_says_what_is_wrong_with_a_course(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "course-x.yaml"
    path.write_text(COURSE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RubricError) as caught:
        load_course(path)
    assert any(message in problem.message for problem in caught.value.problems)
    assert all(problem.line for problem in caught.value.problems)


def test_reads_every_decision(tmp_path: Path, course: Course) -> None:
    path = tmp_path / "decisions.yaml"
    path.write_text(DECISIONS, encoding="utf-8")
    decisions = load_decisions(path, course).decisions
    assert decisions.quality[0].factor == Decimal("1.1")
    assert decisions.quality[0].on.isoformat() == "2025-08-20"
    assert decisions.projects[0].reason == ""
    assert decisions.overrides[0].mark == Decimal("15.5")
    assert decisions.groups[0].submission == "grupo3"
    path.write_text("groups: [{members: [a, b]}]", encoding="utf-8")
    assert load_decisions(path, course).decisions.groups[0].assignments == course.names


WRONG = {
    "no reason": ("reason: Illness., ", "", 11, "'reason' is missing."),
    "empty reason": ("reason: Illness.,", "reason: '',", 11, "'reason' is empty."),
    "by nobody": ("reason: Shown., by: F. Crema,", "reason: Shown.,", 13, "'by' is missing."),
    "no day": ("by: F. Crema, on: 2025-09-01", "by: F. Crema", 9, "'on' is missing."),
    "no such day": ("2025-09-01", "1/9/2025", 9, "'1/9/2025' is not a day"),
    "factor too large": ("factor: 1.1", "factor: 1.3", 7, "1.3 is not between 0.8 and 1.2."),
    "factor too small": ("factor: 1.1", "factor: 0.79", 7, "0.79 is not between 0.8 and 1.2."),
    "mark above the scale": ("mark: 15.5", "mark: 20.5", 13, "20.5 is not between 0 and 20."),
    "project above it": ("mark: 17", "mark: 21", 9, "21 is not between 0 and 20."),
    "mark below zero": ("mark: 15.5", "mark: -1", 13, "'-1' is not a number from 0"),
    "mark in words": ("mark: 15.5", "mark: good", 13, "'good' is not a number from 0"),
    "no such assignment": ("assignment: t3", "assignment: t33", 11, "'t33' is no assignment"),
    "group of another": ("assignments: [t1]", "assignments: [t9]", 5, "'t9' is no assignment"),
    "group of one": ("[Ana García, Luis Pérez], a", "[Ana García], a", 5, "two members or more"),
    "submission of which": ("assignments: [t1], ", "", 5, "A submission is of one assignment"),
    "exempt and marked": ("assignment: t2", "assignment: t3", 13, "There are two decisions about"),
    "the same student": ("Eva Ruiz]", "'García, ANA']", 1, "'García, ANA' is the same name as"),
    "an alias of two": ("[agarcia,", "[luis_perez,", 3, "'luis_perez' is the name of two"),
    "two factors": (
        "quality:\n",
        "quality:\n  - {student: ana garcia, factor: 1, reason: a, by: b, on: 2025-01-01}\n",
        8,
        "There are two decisions about Ana García.",
    ),
    "in two groups": (
        "groups:\n",
        "groups:\n  - {members: [Luis Pérez, Eva Ruiz]}\n",
        6,
        "'Luis Pérez' is twice in a group for the same assignment.",
    ),
    "unknown key": ("overrides:", "overides:", 12, "Did you mean 'overrides'?"),
    "no value": (
        "students: [Ana García, Luis Pérez, Eva Ruiz]",
        "students:",
        1,
        "'students' has no value.",
    ),
}


@pytest.mark.parametrize(("old", "new", "line", "message"), WRONG.values(), ids=WRONG)
def test_says_what_is_wrong_with_decisions(
    tmp_path: Path, course: Course, old: str, new: str, line: int, message: str
) -> None:
    assert old in DECISIONS
    path = tmp_path / "decisions.yaml"
    path.write_text(DECISIONS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RubricError) as caught:
        load_decisions(path, course)
    said = [(problem.line, problem.message) for problem in caught.value.problems]
    assert any(at == line and message in sentence for at, sentence in said), said


def test_exempt_from_everything(tmp_path: Path, course: Course) -> None:
    path = tmp_path / "decisions.yaml"
    one = "  - {{student: Ana, assignment: {}, reason: a, by: b, on: 2025-01-01}}\n"
    path.write_text("exemptions:\n" + "".join(map(one.format, course.names)), encoding="utf-8")
    with pytest.raises(RubricError, match=r":5: 'Ana' is exempt from every assignment"):
        load_decisions(path, course)


def test_a_course_without_factor_or_project(tmp_path: Path, course: Course) -> None:
    plain = course.model_copy(update={"quality": None, "project": None})
    path = tmp_path / "decisions.yaml"
    path.write_text(DECISIONS, encoding="utf-8")
    with pytest.raises(RubricError) as caught:
        load_decisions(path, plain)
    assert [problem.line for problem in caught.value.problems] == [7, 9]
