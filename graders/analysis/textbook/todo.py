"""What is a TODO, and how is an answer compared with what is right?"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
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


Judge = Callable[[Sequence[Answer]], Judgement]


@dataclass(frozen=True)
class Todo:
    """Something that a notebook leaves to be done.

    `cells` are the ids of the handed-out cells to be filled in, `expected` says what is right.
    """

    cells: tuple[str, ...]
    expected: str
    questions: tuple[Question, ...]
    judge: Judge

    def judgement(self, answers: Sequence[Answer]) -> Judgement:
        """Is it right? By what it does: a function of another name counts when it is right."""
        asked = [answer.value for answer in answers if answer.outcome == "renamed"]
        for name in dict.fromkeys(name for values in asked for name in values):
            found = self.judge([_of_one(answer, name) for answer in answers])
            if found.holds:
                return found
        missing = {"outcome": "missing", "value": None}
        return self.judge(
            [a.model_copy(update=missing) if a.outcome == "renamed" else a for a in answers]
        )


def _of_one(answer: Answer, name: str) -> Answer:
    """What this one of the notebook's functions answers."""
    if answer.outcome != "renamed":
        return answer
    if name not in answer.value:
        return Answer(outcome="missing")
    return Answer(outcome="answered", value=answer.value[name])


def compare(
    questions: Sequence[Question],
    right: Sequence[Any],
    rtol: float = RTOL,
    forgiven: Collection[int] = (),
) -> Judge:
    """A judge that wants each answer to equal the right one, as `differs` tells.

    A function that fails on the questions of these numbers, `forgiven`, may do so: those put a form
    of input that the notebook itself need not put.
    """

    def judge(answers: Sequence[Answer]) -> Judgement:
        for n, (question, answer, value) in enumerate(zip(questions, answers, right, strict=True)):
            if n in forgiven and answer.outcome == "raised":
                continue
            problem = unanswered(question, answer)
            if problem is not None:
                return problem
            said = differs(answer.value, value, rtol)
            if said:
                return Judgement(False, said)
        return Judgement(True, _("right on {n} inputs of ours").format(n=len(answers)))

    return judge


def compare_first(questions: Sequence[Question], right: Sequence[Any], rtol: float = RTOL) -> Judge:
    """The same for functions that return other things behind the one that counts."""
    judge = compare(questions, right, rtol)

    def first(answer: Answer) -> Answer:
        several = isinstance(answer.value, list) and len(answer.value) > 0
        if not several or not np.ndim(answer.value[0]):
            return answer  # one thing, or a list of numbers
        return answer.model_copy(update={"value": answer.value[0]})

    return lambda answers: judge([first(answer) for answer in answers])


def any_of(*judges: Judge) -> Judge:
    """A judge for whom one of several readings is enough. What none holds and one cannot tell,
    cannot be told."""

    def judge(answers: Sequence[Answer]) -> Judgement:
        return _best([one(answers) for one in judges])

    return judge


def either(*ways: tuple[Sequence[Question], Judge]) -> tuple[tuple[Question, ...], Judge]:
    """Questions that are put in several ways, of which one answered rightly is enough."""
    ends = np.cumsum([len(questions) for questions, _judge in ways]).tolist()

    def judge(answers: Sequence[Answer]) -> Judgement:
        return _best(
            [
                one(answers[end - len(questions) : end])
                for (questions, one), end in zip(ways, ends, strict=True)
            ]
        )

    return tuple(question for questions, _judge in ways for question in questions), judge


def _best(found: Sequence[Judgement]) -> Judgement:
    for wanted in (True, None):
        for judgement in found:
            if judgement.holds is wanted:
                return judgement
    return found[0]


# Said by what works elsewhere: names that NumPy no longer has, arrays of one that are no numbers to
# it any more, parameters that the handed-out function does not have.
_ELSEWHERE = re.compile(
    r"module 'numpy\S*' has no attribute|only 0-dimensional arrays can be converted"
    r"|setting an array element with a sequence|No module named"
)
_PARAMETERS = re.compile(
    r"\w+\(\) (missing \d+ required|takes |got an unexpected keyword|got multiple values)"
)


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
        words = _("{name} fails on inputs of ours: {error}").format(name=name, error=answer.error)
        unclear = _ELSEWHERE.search(answer.error) or _other_parameters(question, answer)
        return Judgement(None if unclear else False, words)
    if answer.outcome == "late":
        return Judgement(None, _("{name} took too long to answer").format(name=name))
    words = _("what {name} gives could not be read: {error}")
    return Judgement(None, words.format(name=name, error=answer.error))


def _other_parameters(question: Question, answer: Answer) -> bool:
    """Has the function itself other parameters than it was handed out with?"""
    found = _PARAMETERS.search(answer.error)
    return found is not None and any(found[0].startswith(f"{n}()") for n in question.names)


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
        parts = [np.squeeze(part) for part in value] if isinstance(value, list) else value
        return np.squeeze(np.asarray(parts, dtype=np.float64))
    except (TypeError, ValueError):
        return None


def shape_words(array: Array) -> str:
    """`3 x 4`, or `1` for a lone number."""
    return " x ".join(map(str, array.shape)) or "1"
