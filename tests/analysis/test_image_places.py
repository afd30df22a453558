"""Images are recognised exactly, under any scaling, and those that are not are not."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.analysis.image_changes import changes_of
from graders.analysis.image_files import ImageSet
from graders.analysis.image_places import ImageBook
from graders.analysis.thumbnails import forms, nearest, shrunk
from tests.analysis.pictured import image_set

SETS = {"a": image_set(), "b": image_set(seed=1)}
BOOK = ImageBook(SETS)


@given(
    gain=st.lists(st.floats(1e-3, 50), min_size=3, max_size=3),
    offset=st.lists(st.floats(-100, 100), min_size=3, max_size=3),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30, deadline=None)
def test_any_scaling_of_the_channels(gain: list[float], offset: list[float], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(120)[: 20 + seed % 100]
    values = SETS["a"].x_test[order] * np.array(gain) + np.array(offset)
    known = BOOK.recognise(shrunk(values))
    assert known is not None
    assert known.data == "a"
    assert known.test.all()
    assert np.array_equal(known.index, order)
    assert known.untouched.all()
    assert known.scaling is not None
    assert np.allclose(known.scaling.gain, gain, rtol=0.02)


def test_rows_of_both_parts() -> None:
    rows = np.concatenate([SETS["b"].x_train[:30], SETS["b"].x_test[:50]])
    known = BOOK.recognise(shrunk(rows))
    assert known is not None
    assert (known.data, known.test.sum()) == ("b", 50)
    assert known.index.tolist() == [*range(30), *range(50)]


@pytest.mark.parametrize(
    "rows",
    [
        np.random.default_rng(3).random((60, 32, 32, 3)),
        image_set(seed=9).x_test,
        np.zeros((60, 32, 32, 3)),
        np.full((60, 32, 32, 3), np.nan),
        np.zeros((60, 32, 32, 1)),
    ],
    ids=["noise", "another set", "black", "no numbers", "grey"],
)
def test_other_rows(rows: np.ndarray) -> None:
    assert BOOK.recognise(shrunk(rows)) is None


def test_mirrored_rows_are_not_as_they_stand() -> None:
    known = BOOK.recognise(shrunk(SETS["a"].x_test[:, :, ::-1]))
    assert known is None or not known.untouched.any()


def test_each_image_standardised_by_itself() -> None:
    rows = SETS["a"].x_test.astype(np.float64)
    rows -= rows.mean(axis=(1, 2, 3), keepdims=True)
    rows /= rows.std(axis=(1, 2, 3), keepdims=True)
    known = BOOK.recognise(shrunk(rows))
    assert known is not None
    assert known.untouched.all()
    assert known.scaling is None


@given(factor=st.floats(0.01, 100), shift=st.floats(-50, 50))
@settings(max_examples=20, deadline=None)
def test_forms_do_not_change_with_the_scale(factor: float, shift: float) -> None:
    cells = shrunk(SETS["a"].x_test[:20])
    assert np.allclose(forms(factor * cells + shift), forms(cells), atol=1e-2)
    place, alike = nearest(forms(cells), forms(cells))
    assert np.array_equal(place, np.arange(20))
    assert np.allclose(alike, 1, atol=1e-5)


def test_how_images_were_changed() -> None:
    images = SETS["a"].x_train
    rolled = np.roll(images[:20], (3, -2), axis=(1, 2))[:, :, ::-1]
    found = changes_of(rolled / 255, images)
    assert found.found == 1
    assert np.array_equal(found.index, found.rows)
    change, share = found.common
    assert change is not None
    assert (change.mirrored, change.down, change.across) == (True, -3, 2)
    assert share > 0.6


# -- photographs ---------------------------------------------------------------------------------
def shared(name: str) -> Path:
    root = Path(os.environ.get("CORRIGE_DATA", Path(__file__).resolve().parents[3] / "shared/data"))
    path = root / "cifar10" / name
    if not path.is_file():
        pytest.skip(f"photographs are not here: {path}")
    return path


@pytest.fixture(scope="module")
def photographs() -> ImageSet:
    from PIL import Image

    parts = []
    for name, rows in (("cifar10_jpeg_train10k.npz", 2000), ("cifar10_jpeg_test2k.npz", 500)):
        held = np.load(shared(name))
        packed, ends = held["jpeg"].tobytes(), held["offsets"]
        images = [
            np.asarray(Image.open(io.BytesIO(packed[ends[i] : ends[i + 1]])).convert("RGB"))
            for i in range(rows)
        ]
        parts.append((np.stack(images), held["labels"][:rows].astype(np.int64)))
    return ImageSet(*parts[0], *parts[1])


def test_photographs_are_recognised(photographs: ImageSet) -> None:
    book = ImageBook({"photographs": photographs})
    order = np.random.default_rng(0).permutation(500)
    known = book.recognise(shrunk(photographs.x_test[order] / 127.5 - 1))
    assert known is not None
    assert known.test.all()
    assert (known.index == order).mean() > 0.99
    assert known.untouched.all()


def test_photographs_moved_and_mirrored_are_found(photographs: ImageSet) -> None:
    rng = np.random.default_rng(0)
    rows = np.pad(photographs.x_train[:100], ((0, 0), (4, 4), (4, 4), (0, 0)))
    places = rng.integers(0, 9, size=(100, 2))
    moved = np.stack([r[d : d + 32, a : a + 32] for r, (d, a) in zip(rows, places, strict=True)])
    found = changes_of(
        np.where(rng.random(100)[:, None, None, None] < 0.5, moved, moved[:, :, ::-1]),
        photographs.x_train,
    )
    assert found.found > 0.85
    assert found.common[1] < 0.3
    other = changes_of(photographs.x_test[:100], photographs.x_train)
    assert other.found < 0.3
