"""What is a TODO, and how is an answer compared with what is right?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.evidence.environment_errors import refused
from graders.evidence.questions import Answer, Question
from graders.language import _

Array = NDArray[np.float64]
RTOL = 1e-4  # a float32 answer to a question in float64 is right


@dataclass(frozen=True)
class Judgement:
    """Whether it is right (None: it cannot be told), and what was seen, for the student."""

    holds: bool | None
    observed: str


@dataclass(frozen=True)
class Todo:
    """Something that a notebook leaves to be done.

    `cells` are the ids of the handed-out cells to be filled in, `expected` says what is right.
    `open`: it can be done in ways that the questions do not reach, so that what was filled in and
    does not answer is left to a person.
    """

    cells: tuple[str, ...]
    expected: str
    questions: tuple[Question, ...]
    judge: Callable[[Sequence[Answer]], Judgement]
    open: bool = False


def compare(
    questions: Sequence[Question], right: Sequence[Any], rtol: float = RTOL
) -> Callable[[Sequence[Answer]], Judgement]:
    """A judge that wants each answer to equal the right one, as `differs` tells."""

    def judge(answers: Sequence[Answer]) -> Judgement:
        for question, answer, value in zip(questions, answers, right, strict=True):
            problem = unanswered(question, answer)
            if problem is not None:
                return problem
            said = differs(answer.value, value, rtol)
            if said:
                return Judgement(False, said)
        return Judgement(True, _("right on {n} inputs of ours").format(n=len(answers)))

    return judge


def compare_first(
    questions: Sequence[Question], right: Sequence[Any], rtol: float = RTOL
) -> Callable[[Sequence[Answer]], Judgement]:
    """The same for functions that return other things behind the one that counts."""
    judge = compare(questions, right, rtol)

    def first(answer: Answer) -> Answer:
        several = isinstance(answer.value, list) and len(answer.value) > 0
        return answer.model_copy(update={"value": answer.value[0]}) if several else answer

    return lambda answers: judge([first(answer) for answer in answers])


def unanswered(question: Question, answer: Answer) -> Judgement | None:
    """Why there is no answer to judge; None when there is one."""
    name = question.names[0]
    if answer.outcome == "answered":
        return None
    if answer.outcome == "unasked":
        return Judgement(None, _("the notebook did not get to its end, so nothing could be asked"))
    if answer.outcome == "missing" and question.kind == "call":
        return Judgement(False, _("there is no function {name}").format(name=name))
    if answer.outcome == "missing":
        return Judgement(False, _("no cell assigns {name}").format(name=name))
    if answer.outcome == "raised" and refused(answer.error):
        words = _("{name} fails, perhaps only because libraries have changed: {error}")
        return Judgement(None, words.format(name=name, error=answer.error))
    if answer.outcome == "raised":
        words = _("{name} fails on inputs of ours: {error}")
        return Judgement(False, words.format(name=name, error=answer.error))
    if answer.outcome == "late":
        return Judgement(None, _("{name} took too long to answer").format(name=name))
    words = _("what {name} gives could not be read: {error}")
    return Judgement(None, words.format(name=name, error=answer.error))


def differs(value: Any, right: Any, rtol: float = RTOL) -> str:
    """What is wrong with a value, in words; "" when it equals the right one.

    Shapes count without axes of length one. Relative to each right value, and to a thousandth of
    the largest where that is more: sums have rounding errors of their terms.
    """
    wanted = np.squeeze(np.asarray(right, dtype=np.float64))
    given = as_numbers(value)
    if given is None:
        return _("it gives no numbers")
    if given.shape != wanted.shape:
        return _("it gives {given} numbers, where {wanted} are right").format(
            given=shape_words(given), wanted=shape_words(wanted)
        )
    scale = np.maximum(np.abs(wanted), 1e-3 * np.max(np.abs(wanted), initial=0.0))
    close = np.isclose(given, wanted, rtol=0.0, atol=0.0, equal_nan=True)
    close |= np.abs(given - wanted) <= rtol * scale
    if bool(np.all(close)):
        return ""
    if not given.shape:
        return _("it gives {given}, where {wanted} is right").format(
            given=f"{float(given):.6g}", wanted=f"{float(wanted):.6g}"
        )
    first = int(np.flatnonzero(~close)[0])
    return _("{wrong} of {n} numbers are wrong, first {given} where {wanted} is right").format(
        wrong=int(np.sum(~close)),
        n=close.size,
        given=f"{given.reshape(-1)[first]:.6g}",
        wanted=f"{wanted.reshape(-1)[first]:.6g}",
    )


def as_numbers(value: Any) -> Array | None:
    """A value as numbers, without axes of length one; None when it is nothing of the kind."""
    if value is None or isinstance(value, (str, dict)):
        return None
    try:
        return np.squeeze(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        return None


def shape_words(array: Array) -> str:
    """`3 x 4`, or `1` for a lone number."""
    return " x ".join(map(str, array.shape)) or "1"
