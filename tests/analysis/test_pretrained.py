"""Pretrained arrays are recognised in every layout, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graders.analysis.pretrained import Pretrained, PretrainedBook
from graders.evidence.reading import Blobs
from graders.probe.log import EventLog

RNG = np.random.default_rng(0)
FILE = Pretrained(
    {
        "conv2d/kernel": RNG.normal(size=(3, 3, 4, 5)).astype(np.float32),
        "conv2d_1/kernel": RNG.normal(size=(1, 1, 4, 5)).astype(np.float32),
        "bn/gamma": np.ones(5, np.float32),
        "bn_1/gamma": np.ones(5, np.float32),
        "bn/moving_variance": RNG.random(5).astype(np.float32),
        "dense/kernel": RNG.normal(size=(6, 5)).astype(np.float32),
    }
)


def test_every_layout() -> None:
    conv, dense = FILE.arrays["conv2d/kernel"], FILE.arrays["dense/kernel"]
    assert FILE.keys_of(conv) == ("conv2d/kernel",)
    assert FILE.keys_of(conv.transpose(3, 2, 0, 1)) == ("conv2d/kernel",)
    assert FILE.keys_of(dense.T) == ("dense/kernel",)
    one = FILE.arrays["conv2d_1/kernel"]
    assert (
        FILE.keys_of(one.transpose(3, 2, 0, 1)) == FILE.keys_of(one[0, 0]) == ("conv2d_1/kernel",)
    )
    assert FILE.keys_of(np.ones(5, np.float32)) == ("bn/gamma", "bn_1/gamma")


def test_other_axes_are_other_weights() -> None:
    conv = FILE.arrays["conv2d/kernel"]
    assert FILE.keys_of(conv.transpose(1, 0, 2, 3)) == ()  # mirrored along the diagonal
    assert FILE.keys_of(conv[::-1]) == ()
    assert FILE.keys_of(conv.reshape(-1)) == ()
    assert FILE.keys_of(conv + np.float32(1e-4)) == ()
    assert FILE.keys_of(np.ones(5, np.int64)) == ()


# Numbers that half precision can hold: smaller ones than any weight become zero.
WEIGHTS = st.floats(2**-10, 4, width=32) | st.floats(-4, -(2**-10), width=32)


@given(hnp.arrays(np.float32, (3, 3, 2, 4), elements=WEIGHTS))
def test_half_precision_copies(array: np.ndarray) -> None:
    import torch

    held = Pretrained({"k": array})
    assert held.keys_of(array.astype(np.float16).astype(np.float32)) == ("k",)
    rounded = torch.tensor(array).bfloat16().float().numpy().transpose(3, 2, 0, 1)
    assert held.keys_of(rounded) == ("k",)


def test_an_array_that_was_trained_on_is_not_the_pretrained_one() -> None:
    conv = FILE.arrays["conv2d/kernel"]
    moved = conv - np.float32(1e-5) * np.sign(RNG.normal(size=conv.shape)).astype(np.float32)
    assert FILE.keys_of(moved) == ()


@pytest.mark.parametrize(
    ("key", "axes", "part"),
    [
        ("conv2d_22/kernel", 4, "kernel"),
        ("layer1.0.conv1.weight", 4, "kernel"),
        ("bn1.weight", 1, "gamma"),
        ("bn1.bias", 1, "beta"),
        ("bn1.running_var", 1, "variance"),
        ("fc.bias", 1, "bias"),
        ("batch_normalization/moving_mean:0", 1, "mean"),
        ("batch_normalization/gamma", 1, "gamma"),
        ("17", 1, None),
    ],
)
def test_parts(key: str, axes: int, part: str | None) -> None:
    arrays = {
        key: np.zeros((2,) * axes, np.float32),
        "bn1.weight": np.zeros(2, np.float32),
        "fc.weight": np.zeros((2, 2), np.float32),
    }
    assert Pretrained(arrays).part(key) == part


def test_a_book_over_digests(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    digests = [log.keep(FILE.arrays[k]) for k in ("dense/kernel", "bn/moving_variance")]
    book = PretrainedBook(FILE, Blobs(tmp_path / "blobs"))
    assert book.held([*digests, "0" * 32]) == {"dense/kernel", "bn/moving_variance"}
    assert book.missing(digests) == (
        "conv2d/kernel", "conv2d_1/kernel", "bn/gamma", "bn_1/gamma",
    )  # fmt: skip


def test_orders() -> None:
    held = Pretrained({k: np.zeros(1) for k in ("conv_10", "conv_9", "conv_2")})
    assert [sorted(o, key=o.__getitem__) for o in held.orders] == [
        ["conv_10", "conv_9", "conv_2"],
        ["conv_10", "conv_2", "conv_9"],
        ["conv_2", "conv_9", "conv_10"],
    ]
