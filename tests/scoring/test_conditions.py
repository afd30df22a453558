from __future__ import annotations

import pytest

from graders.rubric import Condition
from graders.scoring import Verdict, VerdictKind
from graders.scoring.conditions import applies, line_verdict

KINDS = {kind.value[0]: kind for kind in VerdictKind}
ANSWERS = {"y": True, "n": False, "?": None}


def found(letters: str) -> dict[str, Verdict]:
    return {
        name: Verdict(id=name, verdict=KINDS[letter])
        for name, letter in zip("abc", letters, strict=False)
    }


# Kleene's tables: (a, b) and the answer of any_of and all_of; n(ot assessed) is as m(et).
TABLE = [
    ("vv", "y", "y"),
    ("vm", "y", "n"),
    ("vu", "y", "?"),
    ("vn", "y", "n"),
    ("mm", "n", "n"),
    ("mu", "?", "n"),
    ("uu", "?", "?"),
    ("un", "?", "n"),
    ("nn", "n", "n"),
]


@pytest.mark.parametrize(("letters", "any_of", "all_of"), TABLE)
def test_three_valued(letters: str, any_of: str, all_of: str) -> None:
    for order in (letters, letters[::-1]):
        verdicts = found(order)
        assert applies(Condition(any_of=("a", "b")), verdicts) is ANSWERS[any_of]
        assert applies(Condition(all_of=("a", "b")), verdicts) is ANSWERS[all_of]


# Not trained; or trained, and neither a result on the test set nor a saved network.
DELIVERED = Condition(any_of=("a", Condition(all_of=("b", "c"))))


@pytest.mark.parametrize(
    ("letters", "verdict"),
    [
        ("mmm", "met"),
        ("vnn", "violated"),
        ("mvv", "violated"),
        ("mvm", "met"),
        ("mmv", "met"),
        ("mvu", "undecided"),
        ("mmu", "met"),
        ("umm", "undecided"),
        ("uvv", "violated"),
        ("mnn", "met"),
        ("nnn", "not_assessed"),
    ],
)
def test_line_of_three_parts(letters: str, verdict: str) -> None:
    assert line_verdict(DELIVERED, found(letters)) == verdict


def test_criterion_without_a_verdict() -> None:
    with pytest.raises(KeyError):
        applies(DELIVERED, found("m"))


def test_condition_names_each_criterion_once() -> None:
    nested = Condition(all_of=("b", DELIVERED, Condition(any_of=("c",))))
    assert nested.criteria == ("b", "a", "c")


@pytest.mark.parametrize("both", [(), ("a",)])
def test_condition_is_any_or_all(both: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="either any_of or all_of"):
        Condition(any_of=both, all_of=both)
