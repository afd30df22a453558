from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from graders.language import current
from graders.rubric import Criterion, Exercise, Rubric
from graders.scoring import Flag, Result, Status, Verdict, VerdictKind, score, unrunnable

Marked = Callable[..., Result]


def figures(result: Result) -> tuple[str, str, str]:
    return str(result.mark), str(result.mark_low), str(result.mark_high)


def test_everything_met(marked: Marked) -> None:
    result = marked()
    assert figures(result) == ("5.30", "5.30", "5.30")
    assert result.status is Status.GRADED
    assert (result.assignment, result.submission, result.students) == ("demo", "s1", ("Ada",))
    assert (result.max_mark, result.rubric_digest) == (Decimal("5.3"), "d1")


def test_percentage_of_the_exercise(marked: Marked) -> None:
    result = marked(quarter="v")
    # 3.3 - 0.825 = 2.475, shown as 2.48; the whole is 4.475, shown as 4.48
    assert figures(result) == ("4.48", "4.48", "4.48")
    exercise = result.exercises[0]
    assert str(exercise.mark) == "2.48"
    quarter = exercise.criteria[1]
    assert (quarter.penalty, str(quarter.cost), str(quarter.applied)) == ("25 %", "0.83", "0.83")
    assert exercise.criteria[2].applied == 0
    assert exercise.criteria[2].cost == Decimal("1.65")


def test_points(marked: Marked) -> None:
    result = marked(points="v")
    assert result.mark == Decimal("4.8")
    assert result.exercises[1].criteria[0].penalty == "0.5 points"


def test_rounds_once_from_exact_figures(rubric: Rubric) -> None:
    def exercise(name: str) -> Exercise:
        return Exercise(id=name, title=rubric.title, points=Decimal("0.335"), criteria=())

    pair = rubric.model_copy(update={"exercises": (exercise("e1"), exercise("e2"))})
    result = score(pair, "s1", (), {}, language="en")
    assert [str(exercise.mark) for exercise in result.exercises] == ["0.34", "0.34"]
    assert str(result.mark) == "0.67"


def test_exercise_never_goes_below_zero(marked: Marked) -> None:
    result = marked(first="v", quarter="v", half="v")
    exercise = result.exercises[0]
    assert exercise.mark == 0
    assert result.mark == 2
    assert sum(criterion.applied for criterion in exercise.criteria) > exercise.points


def test_not_assessed_costs_nothing(marked: Marked) -> None:
    result = marked(first="m", quarter="v", half="n")
    assert str(result.mark) == "4.48"
    assert result.status is Status.GRADED


def test_line_is_taken_once(marked: Marked) -> None:
    one, both = marked(left="v"), marked(left="v", right="v")
    assert one.mark == both.mark == Decimal("4.3")
    (line,) = both.exercises[1].lines
    assert line.criteria == ("e2.left", "e2.right")
    assert (line.verdict, line.penalty, line.applied) == (VerdictKind.VIOLATED, "50 %", 1)


def test_undecided_makes_a_range(marked: Marked) -> None:
    result = marked(half="u", points="u")
    assert figures(result) == ("None", "3.15", "5.30")
    assert result.status is Status.NEEDS_REVIEW
    exercise = result.exercises[0]
    assert (exercise.mark, exercise.mark_low) == (exercise.mark_low, Decimal("1.65"))
    assert exercise.mark_high == Decimal("3.3")
    assert exercise.criteria[2].applied == 0


def test_line_undecided_makes_a_range(marked: Marked) -> None:
    result = marked(left="u")
    assert figures(result) == ("None", "4.30", "5.30")
    assert result.status is Status.NEEDS_REVIEW


def test_undecided_under_a_settled_line_is_no_matter(marked: Marked) -> None:
    result = marked(left="v", right="u")
    assert result.mark == Decimal("4.3")
    assert result.status is Status.GRADED


def test_undecided_where_nothing_is_left_still_needs_a_person(marked: Marked) -> None:
    result = marked(first="v", half="u")
    assert result.mark == 2
    assert result.status is Status.NEEDS_REVIEW


def test_manual_without_penalty_waits_without_holding_the_mark(marked: Marked) -> None:
    result = marked()
    told = result.exercises[0].criteria[3]
    assert told.manual
    assert told.verdict is VerdictKind.UNDECIDED
    assert not told.grader_fault
    assert result.status is Status.GRADED


def test_manual_with_penalty_holds_the_mark_until_a_person_decides(
    rubric: Rubric, verdicts: Callable[..., dict[str, Verdict]]
) -> None:
    def priced(criterion: Criterion) -> Criterion:
        penalty = rubric.criterion("e2.points").penalty
        return criterion.model_copy(update={"penalty": penalty} if criterion.manual else {})

    one, two = rubric.exercises
    one = one.model_copy(update={"criteria": tuple(map(priced, one.criteria))})
    rubric = rubric.model_copy(update={"exercises": (one, two)})
    waiting = score(rubric, "s1", (), verdicts(), language="en")
    assert figures(waiting) == ("None", "4.80", "5.30")
    assert waiting.status is Status.NEEDS_REVIEW
    decided = score(rubric, "s1", (), verdicts(told="v"), language="en")
    assert decided.mark == Decimal("4.8")
    assert decided.status is Status.GRADED


def test_missing_verdict_is_the_graders_fault(
    rubric: Rubric, verdicts: Callable[..., dict[str, Verdict]]
) -> None:
    given = verdicts()
    del given["e2.left"]
    result = score(rubric, "s1", (), given, language="en")
    left = result.exercises[1].criteria[1]
    assert left.verdict is VerdictKind.UNDECIDED
    assert left.grader_fault
    assert left.message == "The grader gave no verdict on this criterion."
    assert result.status is Status.NEEDS_REVIEW


def test_fault_of_the_grader_needs_a_person_though_it_costs_nothing(
    rubric: Rubric, verdicts: Callable[..., dict[str, Verdict]]
) -> None:
    fault = Verdict(id="e2.right", verdict=VerdictKind.UNDECIDED, grader_fault=True)
    result = score(rubric, "s1", (), {**verdicts(left="v"), "e2.right": fault}, language="en")
    assert result.mark == Decimal("4.3")
    assert result.status is Status.NEEDS_REVIEW


def test_fault_of_the_grader_never_decides() -> None:
    with pytest.raises(ValueError, match="leaves the criterion undecided"):
        Verdict(id="e1.first", verdict=VerdictKind.VIOLATED, grader_fault=True)


def test_carries_what_it_is_given(
    rubric: Rubric, verdicts: Callable[..., dict[str, Verdict]]
) -> None:
    seen = Verdict(
        id="e1.first",
        verdict=VerdictKind.VIOLATED,
        message="m",
        expected="e",
        observed="o",
        cells=(3, 4),
    )
    flag = Flag(id="late", message="one day late")
    result = score(
        rubric,
        "s1",
        ["Ada", "Blaise"],
        {**verdicts(), "e1.first": seen},
        language="en",
        flags=[flag],
        timings={"run": 1.5},
        evidence_key="k1",
        problem="a sentence",
    )
    first = result.exercises[0].criteria[0]
    assert (first.message, first.expected, first.observed, first.cells) == ("m", "e", "o", (3, 4))
    assert result.flags == (flag,)
    assert (result.timings, result.evidence_key) == ({"run": 1.5}, "k1")
    assert (result.problem, result.students) == ("a sentence", ("Ada", "Blaise"))


@pytest.mark.parametrize(("language", "text"), [("es", "e1.first (es)"), ("en", "e1.first")])
def test_speaks_the_language_asked_for(marked: Marked, language: str, text: str) -> None:
    result = marked(language=language)
    assert result.language == language
    assert result.exercises[0].criteria[0].text == text
    assert result.exercises[0].title.startswith("One")
    assert current() == "en"


@pytest.mark.parametrize("status", [Status.NOT_RUNNABLE, Status.NOT_RECEIVED])
def test_nothing_to_run_by_the_students_doing_is_zero(rubric: Rubric, status: Status) -> None:
    result = unrunnable(rubric, "s1", ["Ada"], status=status, problem="No notebook.", language="en")
    assert figures(result) == ("0.00", "0.00", "0.00")
    assert (result.status, result.problem) == (status, "No notebook.")
    assert result.max_mark == Decimal("5.3")
    for exercise in result.exercises:
        assert (exercise.mark, exercise.mark_high) == (0, 0)
        assert {c.verdict for c in exercise.criteria} == {VerdictKind.NOT_ASSESSED}


def test_nothing_to_run_by_our_doing_is_open(rubric: Rubric) -> None:
    result = unrunnable(
        rubric, "s1", ["Ada"], status=Status.NEEDS_REVIEW, problem="No disk.", language="en"
    )
    assert figures(result) == ("None", "0.00", "5.30")
    assert result.status is Status.NEEDS_REVIEW
    assert [exercise.mark_high for exercise in result.exercises] == [Decimal("3.3"), 2]
    criteria = [c for exercise in result.exercises for c in exercise.criteria]
    assert all(c.verdict is VerdictKind.UNDECIDED for c in criteria)
    assert all(c.grader_fault is not c.manual for c in criteria)


def test_what_was_not_run_is_not_graded(rubric: Rubric) -> None:
    with pytest.raises(ValueError, match="cannot be graded"):
        unrunnable(rubric, "s1", (), status=Status.GRADED, problem="", language="en")
