from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from graders.rubric import Rubric
from graders.scoring import Result, Status, Verdict, VerdictKind, score

Verdicts = Callable[..., dict[str, Verdict]]


@pytest.fixture
def decided(rubric: Rubric, verdicts: Verdicts) -> Callable[..., Result]:
    """Marks with `overrides` by initials of the verdict, on top of the verdicts given."""
    kinds = {kind.value[0]: kind for kind in VerdictKind}

    def decided(overrides: dict[str, str], **letters: str) -> Result:
        by_person = {name: (kinds[letter], "I looked.") for name, letter in overrides.items()}
        return score(rubric, "s1", (), verdicts(**letters), language="en", overrides=by_person)

    return decided


def test_person_has_the_last_word(decided: Callable[..., Result]) -> None:
    result = decided({"e2.points": "m"}, points="v")
    assert result.mark == Decimal("5.3")
    points = result.exercises[1].criteria[0]
    assert points.decided_by_person
    assert points.message == "I looked."
    (flag,) = result.flags
    assert flag.id == "decided_by_person"
    assert flag.message == (
        "e2.points: a person decided 'met' where the grader had 'violated'. I looked."
    )


def test_person_settles_a_range(decided: Callable[..., Result]) -> None:
    assert decided({}, points="u").status is Status.NEEDS_REVIEW
    result = decided({"e2.points": "v"}, points="u")
    assert result.mark == Decimal("4.8")
    assert result.status is Status.GRADED


def test_person_settles_a_fault_of_the_grader(rubric: Rubric, verdicts: Verdicts) -> None:
    given = verdicts()
    del given["e2.points"]
    overrides = {"e2.points": (VerdictKind.MET, "Seen.")}
    result = score(rubric, "s1", (), given, language="en", overrides=overrides)
    assert result.status is Status.GRADED
    assert not result.exercises[1].criteria[0].grader_fault


def test_manual_decision_is_no_correction_of_the_grader(decided: Callable[..., Result]) -> None:
    result = decided({"e1.told": "m"})
    assert result.flags == ()
    assert result.exercises[0].criteria[3].decided_by_person


def test_what_a_person_unblocks_must_be_looked_at(decided: Callable[..., Result]) -> None:
    result = decided({"e1.first": "m"}, first="v", quarter="n", half="n")
    _, quarter, half, _ = result.exercises[0].criteria
    assert (quarter.verdict, half.verdict) == (VerdictKind.UNDECIDED, VerdictKind.UNDECIDED)
    assert not quarter.grader_fault
    assert result.status is Status.NEEDS_REVIEW
    assert result.mark_high == Decimal("5.3")


def test_what_is_still_blocked_stays_so(decided: Callable[..., Result]) -> None:
    result = decided({"e1.first": "m", "e1.quarter": "v"}, first="v", quarter="n", half="n")
    assert result.exercises[0].criteria[2].verdict is VerdictKind.NOT_ASSESSED
    assert result.status is Status.GRADED


def test_what_a_person_blocks_keeps_its_verdict(decided: Callable[..., Result]) -> None:
    result = decided({"e1.quarter": "v"}, quarter="u", half="v")
    assert result.exercises[0].criteria[2].verdict is VerdictKind.VIOLATED


@pytest.mark.parametrize("as_override", [True, False])
def test_criterion_that_is_not_there(rubric: Rubric, as_override: bool) -> None:
    found = {} if as_override else {"e9.x": Verdict(id="e9.x", verdict=VerdictKind.MET)}
    overrides = {"e9.x": (VerdictKind.MET, "")} if as_override else {}
    with pytest.raises(ValueError, match=r"not in the rubric demo: e9\.x"):
        score(rubric, "s1", (), found, language="en", overrides=overrides)


def test_verdict_under_anothers_id(rubric: Rubric) -> None:
    found = {"e1.first": Verdict(id="e1.half", verdict=VerdictKind.MET)}
    with pytest.raises(ValueError, match=r"id of another criterion: e1\.first"):
        score(rubric, "s1", (), found, language="en")
