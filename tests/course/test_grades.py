"""Whose is what, and what it comes to: each rule with figures that can be worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from graders.course import Course, Grade, grades
from graders.course.grades import Grades
from graders.course.names import alike, name_of
from graders.rubric import RubricError

from .conftest import Decide, handed, marked

ALL = handed(
    marked("t1", "ana_garcia", 15, by=("Ana García",)),
    marked("t2", "garcia-ana", 18),
    marked("t3", "x", 12, by=("GARCÍA, Ana",)),
    marked("t4", "ana_garcia", 20),
)
SETTLED = """\
quality: [{student: Ana García, factor: 1.1, reason: Clear., by: F., on: 2025-08-20}]
projects: [{student: Ana García, mark: 17, by: F., on: 2025-08-20}]
"""


def one(made: Grades, student: str) -> Grade:
    [row] = [row for row in made.rows if row.student == student]
    return row


def said(row: Grade, assignment: str) -> tuple[str, str]:
    [standing] = [s for s in row.standings if s.assignment == assignment]
    return standing.kind, standing.said


def between(row: Grade, assignment: str) -> tuple[Decimal, Decimal]:
    [standing] = [s for s in row.standings if s.assignment == assignment]
    return Decimal(float(standing.mark.low)), Decimal(float(standing.mark.high))


def test_the_formula_of_the_course(course: Course, decide: Decide) -> None:
    made = grades(course, ALL, decide(SETTLED))
    [row] = made.rows
    assert made.notes == ()
    assert row.student == "Ana García"
    assert (row.low, row.high, row.settled) == (Decimal("17.04"), Decimal("17.04"), True)
    assert [sum_.text for sum_ in row.sums] == [
        "0.7 × min(1.1 × (0.3 × 15 + 0.3 × 18 + 0.3 × 12 + 0.1 × 20), 20) + 0.3 × 17"
        " = 0.7 × 17.05 + 0.3 × 17 = 17.035 ≈ 17.04"
    ]


def test_never_above_the_scale(course: Course, decide: Decide) -> None:
    full = handed(*(marked(name, "ana_garcia", 20) for name in course.names))
    [row] = grades(
        course, full, decide(SETTLED.replace("Ana García", "ana_garcia").replace("17", "20"))
    ).rows
    assert row.low == row.high == 20
    assert row.sums[0].text.endswith("= 0.7 × min(22, 20) + 0.3 × 20 = 0.7 × 20 + 0.3 × 20 = 20")


def test_other_scales_are_brought_to_the_courses(course: Course, decide: Decide) -> None:
    made = grades(course, handed(marked("t1", "ana", 8, of=12)), decide(""))
    low, high = between(one(made, "ana"), "t1")
    assert low == high == pytest.approx(Decimal(40) / 3)
    assert "0.3 × (8 / 12 × 20)" in one(made, "ana").sums[0].text


def test_what_is_open_makes_a_range(course: Course, decide: Decide) -> None:
    made = grades(course, handed(marked("t1", "ana", 10, 12)), decide(""))
    row = one(made, "ana")
    assert said(row, "t1") == ("marked", "ana, still from 10 to 12")
    assert said(row, "t2") == ("unmarked", "not marked yet")
    assert (row.low, row.high) == (Decimal("1.68"), Decimal(20))
    assert [sum_.end for sum_ in row.sums] == ["low", "high"]
    assert "0.7 × min(0.8 × (0.3 × 10 + " in row.sums[0].text
    assert "0.7 × min(1.2 × (0.3 × 12 + " in row.sums[1].text


def test_what_was_not_handed_in_is_zero(course: Course, decide: Decide) -> None:
    made = grades(
        course,
        handed(
            marked("t1", "ana", 10),
            marked("t2", "luis", 10),
            marked("t2", "ana", 0, received=False),
        ),
        decide(""),
    )
    assert said(one(made, "luis"), "t1") == ("missing", "not handed in: 0")
    assert said(one(made, "ana"), "t2") == ("missing", "not handed in: 0")
    assert said(one(made, "ana"), "t3")[0] == "unmarked"


def test_the_list_has_those_who_handed_in_nothing(course: Course, decide: Decide) -> None:
    made = grades(course, handed(marked("t1", "ana", 10)), decide("students: [Ana, Luis]"))
    assert [row.student for row in made.rows] == ["Ana", "Luis"]
    assert said(one(made, "Luis"), "t1")[0] == "missing"


def test_an_exemption_leaves_its_weight_to_the_others(course: Course, decide: Decide) -> None:
    text = SETTLED + (
        "exemptions: [{student: Ana García, assignment: t3, reason: Ill., by: F., on: 2025-08-20}]"
    )
    [row] = grades(course, ALL, decide(text)).rows
    assert said(row, "t3") == ("exempt", "exempt: Ill. (F., 2025-08-20)")
    assert row.sums[0].text.startswith(
        "0.7 × min(1.1 × (0.3 × 15 + 0.3 × 18 + 0.1 × 20) / 0.7, 20) + 0.3 × 17 = 0.7 × 18.7 + "
    )
    assert row.low == Decimal("18.19")


def test_a_decision_stands_above_what_was_marked(course: Course, decide: Decide) -> None:
    text = SETTLED + (
        "overrides: [{student: Ana García, assignment: t3, mark: 16, reason: Shown in the office.,"
        " by: F., on: 2025-08-20}]"
    )
    [row] = grades(course, ALL, decide(text)).rows
    assert said(row, "t3") == ("override", "decided: Shown in the office. (F., 2025-08-20)")
    assert "0.3 × 16" in row.sums[0].text


def test_the_usual_factor(course: Course, decide: Decide) -> None:
    assert course.quality is not None
    usual = course.quality.model_copy(update={"default": Decimal(1)})
    eased = course.model_copy(update={"quality": usual, "project": None})
    [row] = grades(eased, ALL, decide("")).rows
    assert row.low == row.high == Decimal("15.50")
    assert row.factor is not None
    assert row.factor.said == "the usual one"
    assert row.sums[0].text == "min(1 × (0.3 × 15 + 0.3 × 18 + 0.3 × 12 + 0.1 × 20), 20) = 15.5"
    bare = course.model_copy(update={"quality": None, "project": None})
    [row] = grades(bare, ALL, decide("")).rows
    assert row.sums[0].text == "0.3 × 15 + 0.3 × 18 + 0.3 × 12 + 0.1 × 20 = 15.5"


def test_authors_share_what_they_sign(course: Course, decide: Decide) -> None:
    made = grades(course, handed(marked("t1", "grupo3", 14, by=("Ana", "Luis"))), decide(""))
    assert [said(row, "t1") for row in made.rows] == [("marked", "grupo3")] * 2


def test_a_group_shares_one_submission(course: Course, decide: Decide) -> None:
    group = "students: [Ana, Luis]\ngroups: [{members: [Ana, Luis], assignments: [t1]%s}]"
    work = handed(marked("t1", "ana", 14))
    made = grades(course, work, decide(group % ""))
    assert between(one(made, "Ana"), "t1") == between(one(made, "Luis"), "t1")
    two = handed(marked("t1", "ana", 14), marked("t1", "luis", 8), marked("t1", "grupo3", 16))
    with pytest.raises(RubricError, match=r":2: They handed in more than one of t1 \(ana, luis\)"):
        grades(course, two, decide(group % ""))
    made = grades(course, two, decide(group % ", submission: grupo3"))
    assert [said(row, "t1") for row in made.rows] == [("marked", "grupo3")] * 2
    assert made.notes == ()
    with pytest.raises(RubricError, match=r"no submission 'grupo4' of t1\. Did you mean 'grupo3'"):
        grades(course, two, decide(group % ", submission: grupo4"))
    signed = handed(marked("t1", "x", 14, by=("Ana", "Eva")))
    text = group.replace("[Ana, Luis]\ng", "[Ana, Luis, Eva]\ng") % ""
    made = grades(course, signed, decide(text))
    assert made.notes == ("t1/x also names Eva, who is not in that group.",)


def test_an_alias_is_the_student(course: Course, decide: Decide) -> None:
    text = "aliases: [{student: Ana García, names: [agarcia]}]"
    work = handed(marked("t1", "agarcia", 14), marked("t2", "x", 16, by=("ana garcia",)))
    made = grades(course, work, decide(text))
    [row] = made.rows
    assert row.student == "Ana García"
    assert [said(row, name)[1] for name in ("t1", "t2")] == ["agarcia", "x"]


def test_whose_it_is_is_never_guessed(course: Course, decide: Decide) -> None:
    work = handed(
        marked("t1", "ana", 14, by=("Ana García",)),
        marked("t2", "x", 16, by=("Ana García López",)),
    )
    made = grades(course, work, decide(""))
    assert len(made.rows) == 2
    assert made.notes[0].startswith("Ana García and Ana García López may be one person")
    kind, sentence = said(one(made, "Ana García"), "t2")
    assert (kind, sentence.endswith(": x")) == ("unclear", True)
    assert between(one(made, "Ana García"), "t2") == (0, 16)
    listed = "students: [Ana García, Ana García López]"
    made = grades(course, work, decide(listed))
    assert made.notes == ()
    assert said(one(made, "Ana García"), "t2")[0] == "missing"


def test_one_folder_under_two_names_is_asked_about(course: Course, decide: Decide) -> None:
    work = handed(marked("t1", "agarcia", 14, by=("Ana García",)), marked("t2", "agarcia", 16))
    made = grades(course, work, decide(""))
    assert "may be one person" in made.notes[0]


def test_a_name_that_is_nobodys(course: Course, decide: Decide) -> None:
    work = handed(marked("t1", "anna", 14), marked("t1", "luis", 8))
    made = grades(course, work, decide("students: [Ana, Luis]"))
    assert made.notes == (
        "t1/anna is by 'anna', which is no student's name nor an alias. Did you mean 'Ana'?",
        "Ana, t1: nothing found, and one of these may be this student's: anna.",
    )
    assert said(one(made, "Ana"), "t1")[0] == "unclear"
    assert between(one(made, "Ana"), "t1") == (0, 14)


def test_a_folder_that_says_another_name(course: Course, decide: Decide) -> None:
    work = handed(marked("t1", "ana", 14, by=("Luis",)))
    made = grades(course, work, decide("students: [Ana, Luis]"))
    assert "t1/ana has the name of Ana, and says that it is by Luis." in made.notes
    assert {said(row, "t1")[0] for row in made.rows} == {"unclear"}


def test_two_submissions_of_one_student(course: Course, decide: Decide) -> None:
    work = handed(marked("t1", "ana", 14), marked("t1", "ana-2", 8, by=("Ana",)))
    made = grades(course, work, decide(""))
    assert said(one(made, "ana"), "t1") == (
        "unclear",
        "more than one is this student's: ana, ana-2",
    )
    assert between(one(made, "ana"), "t1") == (8, 14)
    assert made.notes == ("ana, t1: more than one is this student's: ana, ana-2.",)


def test_decisions_about_nobody(course: Course, decide: Decide) -> None:
    with pytest.raises(RubricError, match=r":1: There is no student 'Ana Garcia L'. Did you mean"):
        grades(course, ALL, decide(SETTLED.replace("Ana García", "Ana Garcia L", 1)))
    text = "students: [Ana]\naliases: [{student: Anna, names: [a]}]"
    with pytest.raises(RubricError, match=r":2: There is no student 'Anna'"):
        grades(course, ALL, decide(text))
    text = "students: [Ana, Eva]\ngroups: [{members: [Ana, Luis]}]"
    with pytest.raises(RubricError, match=r":2: There is no student 'Luis'"):
        grades(course, ALL, decide(text))


def test_names() -> None:
    assert (
        name_of("García López, Ana") == name_of("ana_garcia_lopez") == name_of("ANA  García-López")
    )
    assert name_of("Ana García") != name_of("Ana García García")
    assert alike(name_of("Ana García"), name_of("Ana García López"))
    assert not alike(name_of("Ana"), name_of("Ana García"))
    assert not alike(name_of("Ana García"), name_of("García Ana"))
