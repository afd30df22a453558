"""What was asked of a notebook once its cells had run, and what did it answer?

A question is put to something the notebook made: a function is called, or a cell is run again with
some variables given. It is plain data, so that the same question always has the same digest, under
which its answer stands in the evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal["answered", "renamed", "missing", "raised", "late", "unreadable", "unasked"]
Which = Literal["first", "last", "each", "all", "along"]
MAX_NUMBERS = 20_000  # of one array in a question


class Question(BaseModel):
    """One question. Values are written with `plain`.

    `call`: the first of `names` that is a function of the notebook's is called with `args` and
    `named`, while the variables `given` have those values; the answer is what it returns. `roles`
    are the names of the handed-out function's parameters: one that has them in another order gets
    each `args` where it belongs, and those of `offered` that it has parameters for. When there is
    no such function, what each of the notebook's own gives is the answer ("renamed").
    `cell`: cells that assign (with `calls`: call, also by way of a function) one of `names` are run
    again, with the variables `given`, which they cannot assign; the answer is a list of the
    variables `wanted` afterwards (attributes of them behind a dot), None for one that is not there.
    Of those cells the `first` or `last` is run, or `all` together, up to the next that assigns one
    of `until`, or `each` by itself: then the answer is a list of such lists. So it is when all are
    run and looked at `along` the way, behind each loop and each cell.
    `held`: what do all variables hold in the end; the answer is a dictionary of small arrays and of
    numbers, by the path at which they lie.
    `each`: every function that the notebook itself defines is called with `args`, if it can be; the
    answer is a dictionary of what they return, by name, without those that raise. What such calls
    change is changed: it is asked last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["call", "cell", "held", "each"]
    names: tuple[str, ...] = Field(min_length=1)
    args: tuple[Any, ...] = ()
    roles: tuple[str, ...] = ()
    offered: dict[str, Any] = {}
    named: dict[str, Any] = {}
    given: dict[str, Any] = {}
    wanted: tuple[str, ...] = ()
    which: Which = "first"
    until: tuple[str, ...] = ()
    calls: bool = False
    seconds: float = Field(5.0, gt=0, le=60)

    @property
    def digest(self) -> str:
        """Names the question in the evidence."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=16).hexdigest()


class Answer(BaseModel):
    """What came of a question: `value` only when answered, `error` when it raised.

    Values are numbers, texts, None, arrays, and lists, tuples or dictionaries of them. When
    "renamed", `value` has what each function of the notebook's that did not fail gives, by name.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    outcome: Outcome
    value: Any = None
    error: str = ""

    @property
    def answered(self) -> bool:
        return self.outcome == "answered"


UNASKED = Answer(outcome="unasked")


def plain(value: Any) -> Any:
    """A value as a question may hold it: arrays with their type and shape, the rest as it is.

    Raises TypeError for what cannot be sent, ValueError for an array that is too large.
    """
    if isinstance(value, np.ndarray):
        if value.size > MAX_NUMBERS or value.dtype.kind not in "bif":
            raise ValueError(f"an array of {value.size} {value.dtype}")
        shape, kind = list(value.shape), value.dtype.str.lstrip("<>=|")
        return {"array": value.reshape(-1).tolist(), "shape": shape, "dtype": kind}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return {"list": [plain(item) for item in value]}
    if isinstance(value, Mapping):
        if value.keys() & {"name", "tensor", "code"}:
            return dict(value)
        return {"dict": {str(k): plain(item) for k, item in value.items()}}
    raise TypeError(f"{type(value).__name__} cannot be asked with")


def theirs(*names: str) -> dict[str, Any]:
    """In a question: the notebook's own object of the first of these names that is there."""
    return {"name": list(names)}


def code(source: str, *uses: str) -> dict[str, Any]:
    """In a question: what code of ours, in which `np` is NumPy, gives in the kernel.

    An expression, or statements that assign `made`. Of the notebook's own objects it sees those
    whose names it `uses`, None where there is no such object.
    """
    return {"code": source, "uses": list(uses)}


def tensor(array: NDArray[Any]) -> dict[str, Any]:
    """In a question: a torch tensor with this array's content."""
    return {"tensor": plain(array)}


def call(
    *names: str,
    args: tuple[Any, ...] = (),
    roles: tuple[str, ...] = (),
    offered: Mapping[str, Any] | None = None,
    given: Mapping[str, Any] | None = None,
    seconds: float = 5.0,
    **named: Any,
) -> Question:
    """The question what a function of the notebook's, by any of these names, returns."""
    return Question(
        kind="call",
        names=names,
        args=tuple(plain(value) for value in args),
        roles=roles,
        offered=_plain_values(offered),
        named=_plain_values(named),
        given=_plain_values(given),
        seconds=seconds,
    )


def held() -> Question:
    """The question what the variables hold when the notebook has run."""
    return Question(kind="held", names=("*",))


def each(*args: Any, seconds: float = 10.0) -> Question:
    """The question what every function of the notebook's own returns for these arguments."""
    return Question(
        kind="each", names=("*",), args=tuple(plain(value) for value in args), seconds=seconds
    )


def cell(
    *names: str,
    wanted: tuple[str, ...],
    given: Mapping[str, Any] | None = None,
    which: Which = "first",
    until: tuple[str, ...] = (),
    calls: bool = False,
    seconds: float = 10.0,
) -> Question:
    """The question what cells that assign (or call) one of these names make of variables."""
    return Question(
        kind="cell",
        names=names,
        wanted=wanted,
        given=_plain_values(given),
        which=which,
        until=until,
        calls=calls,
        seconds=seconds,
    )


def _plain_values(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: plain(value) for key, value in (values or {}).items()}
