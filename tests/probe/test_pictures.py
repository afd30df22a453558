"""Images become small enough to note for every row, whatever their layout and size."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.evidence.model import ForwardPass
from graders.evidence.reading import Blobs
from graders.probe.log import EventLog
from graders.probe.pictures import (
    CELLS,
    LARGEST,
    SAMPLED,
    PassPictures,
    as_images,
    few_enough,
    marks,
    pictures,
    shrunk,
)


def images(rows: int, height: int = 32, width: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, height, width, 3), dtype=np.float32)


@given(side=st.integers(1, 9), height=st.integers(9, 40), width=st.integers(9, 40))
def test_shrinking_keeps_the_mean_and_the_range(side: int, height: int, width: int) -> None:
    rows = images(2, height, width, seed=height)
    small = shrunk(rows, side)
    assert small.shape == (2, side, side, 3)
    assert small.dtype == np.float32
    assert np.allclose(small.mean(axis=(1, 2)), rows.mean(axis=(1, 2)), atol=1e-5)
    assert rows.min() - 1e-5 <= small.min() <= small.max() <= rows.max() + 1e-5


def test_cells_are_plain_means_where_they_fit() -> None:
    rows = images(3)
    plain = rows.reshape(3, 4, 8, 4, 8, 3).mean(axis=(2, 4))
    assert np.allclose(shrunk(rows, 4), plain, atol=1e-6)
    # An image made larger has the thumbnail of the image.
    assert np.allclose(shrunk(rows.repeat(7, axis=1).repeat(7, axis=2), 4), plain, atol=1e-5)


def test_channels_first_are_turned() -> None:
    rows = images(3)
    turned = as_images(np.ascontiguousarray(rows.transpose(0, 3, 1, 2)))
    assert np.array_equal(turned, rows)


@pytest.mark.parametrize("shape", [(5, 8, 8, 256), (5, 256), (5, 256, 4, 4), (0, 32, 32, 3)])
def test_features_are_no_images(shape: tuple[int, ...]) -> None:
    assert as_images(np.zeros(shape, np.float32)) is None
    assert pictures(np.zeros(shape, np.float32)) is None


def test_large_images_are_kept_small_and_few() -> None:
    large = np.zeros((64, 3, 224, 224), np.float32)
    assert pictures(large).shape == (64, LARGEST, LARGEST, 3)
    assert 0 < len(few_enough(large)) < 8
    assert len(few_enough(np.zeros((64, 3, 32, 32), np.float32))) == 64


def event(folder: Path, noted: PassPictures, rows: list[int]) -> tuple[ForwardPass, Blobs]:
    log = EventLog(str(folder))
    log.write("pass", model=1, state=1, rows=rows, **noted.fields(log))
    log.flush()
    line = json.loads((folder / "events.jsonl").read_text())
    return ForwardPass.model_validate(line), Blobs(folder / "blobs")


def test_a_pass_over_images(tmp_path: Path) -> None:
    given = images(1000)
    answers = np.random.default_rng(1).normal(size=(1000, 300)).astype(np.float32)
    noted = PassPictures()
    sizes = [64] * 15 + [40]
    ends = np.cumsum([0, *sizes])
    for a, b in pairwise(ends):
        noted.note(given[a:b], answers[a:b])
    seen, blobs = event(tmp_path, noted, sizes)
    assert seen.thumbnails
    assert seen.chosen
    assert seen.marks
    assert seen.pictures
    assert blobs.load(seen.thumbnails).shape == (1000, CELLS, CELLS, 3)
    assert np.array_equal(blobs.load(seen.chosen), answers.argmax(axis=1))
    assert np.array_equal(blobs.load(seen.marks), marks(answers))
    whole = blobs.load(seen.pictures)
    assert 40 <= len(whole) == len(seen.picture_rows) <= SAMPLED
    assert np.array_equal(whole, given[list(seen.picture_rows)])
    assert seen.range == (given.min(), given.max())
    assert seen.given_marks is None


def test_features_are_known_again_by_their_marks(tmp_path: Path) -> None:
    features = np.random.default_rng(1).normal(size=(100, 256)).astype(np.float32)
    first, second = PassPictures(), PassPictures()
    first.note(images(100), features)
    order = np.random.default_rng(2).permutation(100)
    second.note(features[order], features[order, :10])
    made, _ = event(tmp_path / "a", first, [100])
    used, blobs = event(tmp_path / "b", second, [100])
    assert used.given_marks
    assert used.thumbnails is None
    assert used.pictures is None
    known = Blobs(tmp_path / "a" / "blobs").load(made.marks or "")
    assert np.array_equal(blobs.load(used.given_marks), known[order])


def test_what_is_no_row_of_numbers_is_passed_over(tmp_path: Path) -> None:
    noted = PassPictures()
    noted.note(np.zeros(3), np.zeros(3))
    noted.note(np.zeros((2, 0)), np.zeros((2, 0)))
    noted.note(images(4), np.array(["a"] * 4))
    noted.note(images(4, 64, 64), np.zeros((4, 1)))
    seen, _ = event(tmp_path, noted, [3])
    assert seen.chosen is None
