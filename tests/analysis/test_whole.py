"""A check of the whole sees every part, wherever a question is answered."""

from __future__ import annotations

import json
from pathlib import Path

from graders.analysis import Reading, Whole, read_nothing
from graders.evidence.documents import Document
from graders.evidence.model import Asked, Evidence
from graders.evidence.questions import call
from graders.evidence.run_record import RunRecord

QUESTION = call("f", args=(1.0,))


def reading(folder: Path, said: str, answer: float | None = None, log: str = "whole") -> Reading:
    folder.mkdir()
    cell = {"cell_type": "markdown", "source": said, "metadata": {}}
    (folder / "executed.ipynb").write_text(json.dumps({"cells": [cell]}))
    record = RunRecord.model_validate({"ended": "finished", "log": log})
    asked = Asked(question=QUESTION.digest, outcome="answered", value=answer)
    return Reading(Evidence(run=record, asked=(asked,) if answer else ()), folder, {})


def whole(tmp_path: Path, log: str = "whole") -> Whole:
    first = reading(tmp_path / "a", "in the textbook's", 3.0, log)
    own = reading(tmp_path / "b", "![x](hand.png)")
    starts = {"nb7_2": -5, "": 0}
    return Whole({"nb7_2": lambda: first, "": lambda: own}, starts=starts)


def test_what_stands_in_any_part_is_found_with_its_place(tmp_path: Path) -> None:
    found = [(p.part, p.cell, p.passage.text) for p in whole(tmp_path).passages]
    assert found == [("nb7_2", -5, "in the textbook's"), ("", 0, "![x](hand.png)")]


def test_every_part_is_asked(tmp_path: Path) -> None:
    answers = whole(tmp_path).ask(QUESTION)
    assert {part: one.outcome for part, (one,) in answers.items()} == {
        "nb7_2": "answered",
        "": "unasked",
    }


def test_a_picture_that_somebody_put_there_may_be_an_answer(tmp_path: Path) -> None:
    assert whole(tmp_path).illegible
    assert not Whole({}).illegible
    assert Whole({}, [Document(name="r.pdf", pages=1, pictures=1)]).illegible
    assert Whole({}, [Document(name="r.docx", kind="word", problem="not_read")]).illegible
    assert not Whole({}, [Document(name="r.pdf", pages=1, text="0.25")]).illegible


def test_a_doubt_about_one_part_is_one_about_the_whole(tmp_path: Path) -> None:
    for log, doubted in (("whole", False), ("forged", True)):
        (tmp_path / log).mkdir()
        student = read_nothing()
        student.whole = whole(tmp_path / log, log)
        assert bool(student.doubt("training")) is doubted


def test_alone_the_whole_is_the_reading_itself(tmp_path: Path) -> None:
    alone = reading(tmp_path / "a", "text")
    assert [p.passage.text for p in alone.whole.passages] == ["text"]
    assert not alone.doubt("training")


def test_nothing_was_seen_of_what_was_not_handed_in() -> None:
    nothing = read_nothing()
    assert (nothing.runs, nothing.shown, nothing.whole.passages) == ((), (), ())
