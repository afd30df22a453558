from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from graders.language import speaking
from graders.rubric import Condition, Criterion, Exercise, Line, Penalty, Rubric, Text
from graders.scoring import Result, Verdict, VerdictKind, score

LETTERS = {
    "m": VerdictKind.MET,
    "v": VerdictKind.VIOLATED,
    "u": VerdictKind.UNDECIDED,
    "n": VerdictKind.NOT_ASSESSED,
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking("en"):
        yield


@pytest.fixture
def rubric() -> Rubric:
    """One criterion of each kind; the first exercise can lose more than it has."""

    def text(words: str) -> Text:
        return Text(es=f"{words} (es)", en=words)

    def percent(amount: int) -> Penalty:
        return Penalty(unit="percent", amount=Decimal(amount))

    def criterion(name: str, penalty: Penalty | None = None, **more: object) -> Criterion:
        return Criterion.model_validate(
            {"id": name, "text": text(name), "penalty": penalty, **more}
        )

    half = Penalty(unit="points", amount=Decimal("0.5"))
    return Rubric(
        assignment="demo",
        title=text("Demo"),
        digest="d1",
        exercises=(
            Exercise(
                id="e1",
                title=text("One"),
                points=Decimal("3.3"),
                criteria=(
                    criterion("e1.first", percent(100), check="a.a"),
                    criterion("e1.quarter", percent(25), check="a.a", needs=("e1.first",)),
                    criterion("e1.half", percent(50), check="a.a", needs=("e1.quarter",)),
                    criterion("e1.told", manual=True),
                ),
            ),
            Exercise(
                id="e2",
                title=text("Two"),
                points=Decimal(2),
                criteria=(
                    criterion("e2.points", half, check="a.a"),
                    criterion("e2.left", check="a.a"),
                    criterion("e2.right", check="a.a"),
                ),
                lines=(
                    Line(
                        id="e2.both",
                        text=text("Both"),
                        penalty=percent(50),
                        when=Condition(any_of=("e2.left", "e2.right")),
                    ),
                ),
            ),
        ),
    )


@pytest.fixture
def marked(rubric: Rubric) -> Callable[..., Result]:
    """Marks the rubric with everything met but what is given as `first="v"`, by initials."""

    def marked(language: str = "en", **letters: str) -> Result:
        return score(rubric, "s1", ["Ada"], verdicts_of(rubric, letters), language=language)

    return marked


@pytest.fixture
def verdicts(rubric: Rubric) -> Callable[..., dict[str, Verdict]]:
    """Verdicts for the rubric's checks: all met but what is given as `first="v"`."""
    return lambda **letters: verdicts_of(rubric, letters)


def verdicts_of(rubric: Rubric, letters: dict[str, str]) -> dict[str, Verdict]:
    short = {criterion.id.partition(".")[2]: criterion for criterion in rubric.criteria}
    assert letters.keys() <= short.keys()
    return {
        criterion.id: Verdict(id=criterion.id, verdict=LETTERS[letters.get(name, "m")])
        for name, criterion in short.items()
        if name in letters or not criterion.manual
    }
