"""Merged weights are found wherever they are kept, and told from others that come near."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.analysis.merging import Target, find_merge
from graders.evidence.model import Entry, State
from graders.evidence.reading import Blobs
from graders.probe.log import EventLog

OUT, INTO, R = 6, 9, 2


class Shelf:
    """Writes arrays as a probe does and makes states of them."""

    def __init__(self, folder: Path) -> None:
        self.log = EventLog(str(folder))
        self.blobs = Blobs(folder / "blobs")

    def state(self, *arrays: np.ndarray) -> State:
        entries = tuple(
            Entry(name=f"t{i}", uid=i, role="parameter", requires_grad=False, shape=a.shape,
                  dtype="float32", digest=self.log.keep(a.astype(np.float32)))
            for i, a in enumerate(arrays)
        )  # fmt: skip
        return State(model=1, why="cell_end", training=False, entries=entries, moment=9)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"))


def target(seed: int, factor: float, out: int = OUT) -> Target:
    rng = np.random.default_rng(seed)
    return Target(
        "layer",
        rng.normal(size=(out, INTO)),
        rng.normal(size=(out, R)) @ rng.normal(size=(R, INTO)),
        factor,
    )


@given(st.integers(0, 99), st.floats(0.05, 2), st.booleans())
@settings(max_examples=25, deadline=None)
def test_merged_weights_are_found(shelf: Shelf, seed: int, factor: float, transposed: bool) -> None:
    first, second = target(seed, factor), target(seed + 1000, factor, 4)
    kept = [t.merged.T if transposed else t.merged for t in (first, second)]
    merge = find_merge(
        [shelf.state(*kept)], (first, second), sum(k.size for k in kept), shelf.blobs
    )
    assert merge is not None
    assert (merge.exact, merge.total, merge.spare) == (2, 2, ())


@given(st.integers(0, 99), st.floats(0.05, 0.8))
@settings(max_examples=15, deadline=None)
def test_a_forgotten_factor_is_named(shelf: Shelf, seed: int, factor: float) -> None:
    t = target(seed, factor)
    merge = find_merge([shelf.state(t.w + t.product)], (t,), t.w.size, shelf.blobs)
    assert merge is not None
    assert merge.exact == 0
    assert merge.factor == pytest.approx(1.0, rel=1e-3)


def test_a_and_b_left_beside_are_spare(shelf: Shelf) -> None:
    t = target(3, 0.5)
    state = shelf.state(t.merged, np.ones((R, INTO)), np.ones((OUT, R)))
    merge = find_merge([state], (t,), t.w.size, shelf.blobs)
    assert merge is not None
    assert [e.name for e in merge.spare] == ["t1", "t2"]


def test_the_base_itself_is_not_merged(shelf: Shelf) -> None:
    t = target(3, 0.5)
    noise = np.random.default_rng(0).normal(size=t.w.shape)
    assert find_merge([shelf.state(t.w), shelf.state(noise)], (t,), t.w.size, shelf.blobs) is None
