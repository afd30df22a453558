from __future__ import annotations

import pytest

from graders.rubric import Criterion, Exercise, Rubric, Text, order
from graders.rubric.ordering import cycles

TEXT = Text(es="a", en="a")


def rubric(**needs: tuple[str, ...]) -> Rubric:
    criteria = tuple(Criterion(id=name, text=TEXT, needs=n) for name, n in needs.items())
    exercise = Exercise.model_validate(
        {"id": "e1", "title": TEXT, "points": 1, "criteria": criteria}
    )
    return Rubric(assignment="demo", title=TEXT, exercises=(exercise,))


def names(rubric: Rubric) -> str:
    return "".join(criterion.id for criterion in order(rubric))


def test_keeps_the_rubrics_order_where_nothing_is_needed() -> None:
    assert names(rubric(c=(), a=(), b=())) == "cab"


def test_what_is_needed_comes_first() -> None:
    assert names(rubric(a=("d",), b=(), c=("a",), d=("e",), e=())) == "edabc"


def test_shared_prerequisite_comes_once() -> None:
    assert names(rubric(a=("c", "b"), b=("c",), c=())) == "cba"


def test_ring() -> None:
    with pytest.raises(ValueError, match="a -> b -> a"):
        order(rubric(a=("b",), b=("a",)))


def test_unknown() -> None:
    with pytest.raises(ValueError, match="a needs z, which does not exist"):
        order(rubric(a=("z",)))


def test_each_ring_is_told_once() -> None:
    needs = {"a": ["b"], "b": ["a"], "c": ["a", "d"], "d": ["d", "nobody"], "e": ["c"]}
    assert list(cycles(needs)) == [("a", "b", "a"), ("d", "d")]
