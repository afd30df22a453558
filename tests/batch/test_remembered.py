"""Answers are kept for the same evidence, grader and language, and for nothing else."""

from __future__ import annotations

from pathlib import Path

from graders.batch.remembered import Remembered
from graders.report.exhibits import Exhibits
from graders.rubric.model import Criterion, Text
from graders.scoring.result import Flag, Verdict, VerdictKind


def criterion(name: str, **params: object) -> Criterion:
    return Criterion(id=name, text=Text(es="a", en="a"), check="theme.check", params=dict(params))


def verdict(name: str, *, fault: bool = False) -> Verdict:
    kind = VerdictKind.UNDECIDED if fault else VerdictKind.VIOLATED
    return Verdict(id=name, verdict=kind, observed="seen", cells=(2,), grader_fault=fault)


def test_an_answer_serves_any_criterion_with_the_same_question(tmp_path: Path) -> None:
    first = Remembered(tmp_path, grader="g", language="es")
    assert first.verdict(criterion("e1.a", least=2)) is None
    first.keep(
        verdicts={Remembered.key(criterion("e1.a", least=2)): verdict("e1.a")},
        flags=(Flag(id="f", message="m"),),
        exhibits=Exhibits(notices=("n",)),
    )
    first.save()
    again = Remembered(tmp_path, grader="g", language="es")
    known = again.verdict(criterion("e9.other", least=2))
    assert known == verdict("e1.a").model_copy(update={"id": "e9.other"})
    assert again.answers.flags == (Flag(id="f", message="m"),)
    assert again.answers.exhibits == Exhibits(notices=("n",))
    assert again.verdict(criterion("e1.a", least=3)) is None


def test_another_grader_or_language_knows_nothing(tmp_path: Path) -> None:
    first = Remembered(tmp_path, grader="g", language="es")
    first.keep(verdicts={Remembered.key(criterion("e1.a")): verdict("e1.a")})
    first.save()
    for grader, language in (("h", "es"), ("g", "en")):
        other = Remembered(tmp_path, grader=grader, language=language)
        assert other.verdict(criterion("e1.a")) is None


def test_a_fault_of_the_grader_is_no_answer(tmp_path: Path) -> None:
    memory = Remembered(tmp_path, grader="g", language="es")
    memory.keep(verdicts={Remembered.key(criterion("e1.a")): verdict("e1.a", fault=True)})
    assert memory.verdict(criterion("e1.a")) is None


def test_a_broken_file_is_as_good_as_none(tmp_path: Path) -> None:
    memory = Remembered(tmp_path, grader="g", language="es")
    memory.keep(flags=())
    memory.save()
    (file,) = (tmp_path / "answers").iterdir()
    file.write_text("{")
    assert Remembered(tmp_path, grader="g", language="es").answers.flags is None
