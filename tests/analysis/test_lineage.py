"""A tensor is the file's from the moment it held an array of it, and so are its copies."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.analysis.lineage import Lineage
from graders.analysis.pretrained import Pretrained
from graders.evidence.model import Entry, State

RNG = np.random.default_rng(0)
ARRAYS = {
    "conv": RNG.normal(size=(3, 3, 2, 4)),
    "norm/gamma": RNG.normal(size=4),
    "norm/beta": np.zeros(4),
    "norm_1/gamma": RNG.normal(size=4),
    "norm_1/beta": np.zeros(4),
}


class Book:
    """Stands in for a book that reads arrays from an evidence folder."""

    def __init__(self) -> None:
        self.pretrained = Pretrained(ARRAYS)
        self.arrays: dict[str, NDArray[Any]] = {}

    def keys_of(self, digest: str) -> tuple[str, ...]:
        return self.pretrained.keys_of(self.arrays[digest]) if digest in self.arrays else ()

    def keep(self, array: NDArray[Any]) -> str:
        digest = hashlib.md5(array.tobytes()).hexdigest()  # a name, as the evidence has it
        self.arrays[digest] = array
        return digest


def lineage(*states: dict[tuple[int, str], NDArray[Any]]) -> tuple[Lineage, Book]:
    """From states at moments 0, 1, ...: arrays by (identity, name)."""
    book: Any = Book()
    made = []
    for moment, arrays in enumerate(states):
        entries = tuple(
            Entry(
                name=name, uid=uid, role="parameter", requires_grad=True, shape=a.shape,
                dtype="float64", digest=book.keep(a),
            )
            for (uid, name), a in arrays.items()
        )  # fmt: skip
        made.append(State(model=1, why="cell_end", training=False, entries=entries, moment=moment))
    return Lineage(made, book), book


def test_a_tensor_stays_the_files_when_it_is_trained_and_so_does_its_copy() -> None:
    kernel = ARRAYS["conv"]
    known, _ = lineage(
        {(1, "c.weight"): RNG.normal(size=kernel.shape)},
        {(1, "c.weight"): kernel},
        {(1, "c.weight"): kernel + 1},
        {(2, "d.weight"): kernel + 1, (3, "e.weight"): kernel + 2},
    )
    assert [known.key(uid, "") for uid in (1, 2, 3)] == ["conv", "conv", None]


def test_zeros_belong_to_a_layer_that_holds_more_of_the_file() -> None:
    known, book = lineage(
        {
            (1, "a.gamma"): ARRAYS["norm/gamma"],
            (2, "a.beta"): np.zeros(4),
            (3, "b/gamma"): ARRAYS["norm_1/gamma"],
            (4, "b/beta"): np.zeros(4),
            (5, "new.bias"): np.zeros(4),
        }
    )
    assert {known.key(2, ""), known.key(4, "")} == {"norm/beta", "norm_1/beta"}
    assert known.key(5, book.keep(np.zeros(4))) is None
    assert set(known.in_model(1, 0).values()) == {1, 2, 3, 4}


def test_what_a_tensor_held_and_when() -> None:
    first, second = np.zeros(4), np.ones(4)
    known, book = lineage({(1, "a"): first}, {(2, "b"): first}, {(1, "a"): second})
    before, after = known.at(1, 1), known.after(1, 1)
    assert before is not None
    assert after is not None
    assert (before.digest, after.digest) == (book.keep(first), book.keep(second))
    assert known.at(1, -1) is known.after(1, 2) is None
    assert [e.digest for e in known.between(1, 0, 2)] == [book.keep(second)]


def test_a_statistic_seen_when_the_next_run_begins_tells_only_that_it_did_not_move() -> None:
    """The next run's first forward pass is over then."""
    old, new = np.zeros(4), np.ones(4)

    def known(later: NDArray[Any], why: str, role: str) -> Lineage:
        book: Any = Book()
        states = []
        for moment, (array, reason) in enumerate([(old, "run_start"), (old, "pass"), (later, why)]):
            entry = Entry(
                name="norm.running_mean", uid=1, role=role, requires_grad=False, shape=(4,),
                dtype="float64", digest=book.keep(array),
            )  # fmt: skip
            states.append(
                State(model=1, why=reason, training=True, entries=(entry,), moment=moment)
            )
        return Lineage(states, book)

    assert known(new, "run_start", "buffer").unsettled(1, 1)
    assert known(new, "run_start", "buffer").after(1, 1) is None
    for settled in (
        known(old, "run_start", "buffer"),
        known(new, "cell_end", "buffer"),
        known(new, "run_start", "parameter"),
    ):
        assert not settled.unsettled(1, 1)
        assert settled.after(1, 1) is not None
