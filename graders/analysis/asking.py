"""What did the notebook answer? Recorded answers for those who ask, and who would ask what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from graders.evidence.arrays import EvidenceError
from graders.evidence.model import Asked
from graders.evidence.questions import UNASKED, Answer, Question
from graders.evidence.reading import Blobs


class Asks(Protocol):
    """Something that questions can be put to."""

    def ask(self, *questions: Question) -> tuple[Answer, ...]: ...


class Rehearsed(Exception):  # noqa: N818 - says which questions would be asked
    """What a check would ask, when there is nobody yet to answer."""

    def __init__(self, questions: Sequence[Question]) -> None:
        super().__init__(f"{len(questions)} questions")
        self.questions = tuple(questions)


class Rehearsal:
    """Stands in for a reading, or for the whole, before anything has run: the first questions end
    the check."""

    @property
    def whole(self) -> Rehearsal:
        return self

    def ask(self, *questions: Question) -> tuple[Answer, ...]:
        """Raises Rehearsed."""
        raise Rehearsed(questions)


def answers(
    asked: Sequence[Asked], blobs: Blobs, questions: Sequence[Question]
) -> tuple[Answer, ...]:
    """The recorded answer to each question; UNASKED for one that was never put."""
    known: Mapping[str, Asked] = {one.question: one for one in asked}
    return tuple(_answer(known.get(question.digest), blobs) for question in questions)


def _answer(asked: Asked | None, blobs: Blobs) -> Answer:
    if asked is None:
        return UNASKED
    if asked.outcome not in ("answered", "renamed"):
        return Answer(outcome=asked.outcome, error=asked.error)
    try:
        return Answer(outcome=asked.outcome, value=_value(asked.value, blobs))
    except (EvidenceError, KeyError, TypeError, ValueError) as error:
        return Answer(outcome="unreadable", error=str(error))


def _value(thing: Any, blobs: Blobs) -> Any:
    if not isinstance(thing, dict):
        return thing
    if "array" in thing:
        return blobs.load(str(thing["array"]))
    if "list" in thing:
        return [_value(item, blobs) for item in thing["list"]]
    return {key: _value(item, blobs) for key, item in thing["dict"].items()}
