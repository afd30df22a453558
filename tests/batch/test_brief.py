"""The short proof: every wheat, one chaff for each criterion."""

from decimal import Decimal
from pathlib import Path

from graders.batch.brief import briefly
from graders.batch.chaffs import Proof
from graders.rubric.model import Criterion, Exercise, Rubric, Text

TEXT = Text(es="x", en="x")


def rubric(*criteria):
    made = [Criterion(id=name, text=TEXT, check="a.b") for name in criteria]
    made.append(Criterion(id="e1.person", text=TEXT, manual=True))
    exercise = Exercise(id="e1", title=TEXT, points=Decimal(1), criteria=tuple(made))
    return Rubric(assignment="p", title=TEXT, exercises=(exercise,))


def chaff(name, *breaks, flags=()):
    return Proof(name, Path(name), frozenset(breaks), flags=frozenset(flags))


WHEATS = [Proof("w1", Path("w1")), Proof("w2", Path("w2"))]


def names(chaffs, *criteria):
    return [proof.name for proof in briefly([*WHEATS, *chaffs], rubric(*criteria))]


def test_one_chaff_for_each_criterion_taken_in_turn():
    chaffs = [chaff(f"{c}{n}", c) for c in ("e1.a", "e1.b") for n in range(3)]
    assert names(chaffs, "e1.a", "e1.b") == ["w1", "w2", "e1.a0", "e1.b1"]
    assert names(chaffs[:4], "e1.a", "e1.b") == ["w1", "w2", "e1.a0", "e1.b0"]


def test_a_chaff_of_two_stands_for_both():
    chaffs = [chaff("both", "e1.a", "e1.b"), chaff("b", "e1.b")]
    assert names(chaffs, "e1.a", "e1.b") == ["w1", "w2", "both"]


def test_a_delivery_of_its_own_stands_for_nothing():
    blank = Proof("blank", Path("blank"), frozenset({"e1.a", "e1.b"}), whole=True)
    assert names([blank, chaff("a", "e1.a"), chaff("b", "e1.b")], "e1.a", "e1.b") == [
        "w1",
        "w2",
        "blank",
        "a",
        "b",
    ]


def test_every_flag_is_raised_once():
    chaffs = [chaff("a", "e1.a"), chaff("f1", flags=("odd",)), chaff("f2", flags=("odd", "late"))]
    assert names(chaffs, "e1.a") == ["w1", "w2", "a", "f2"]


def test_a_criterion_without_a_chaff_stays_without():
    assert names([chaff("a", "e1.a")], "e1.a", "e1.b") == ["w1", "w2", "a"]
