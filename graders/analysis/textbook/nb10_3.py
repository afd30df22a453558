"""Notebook 10.3, two-dimensional convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from graders.analysis.textbook.todo import Todo, compare
from graders.evidence.questions import call
from graders.language import _

_RTOL = 2e-4  # the notebook adds up in float32


def _todo(name: str, cell: str, cases: list[dict[str, Any]], expected: str) -> Todo:
    """Each case: rows of the batch, channels in and out, height, width, stride, padding."""
    questions, right = [], []
    for seed, case in enumerate(cases, start=110):
        rng = np.random.default_rng(seed)
        shape = case["batch"], case["into"], case["height"], case["width"]
        image = rng.normal(0, 1, shape)
        weights = rng.normal(0, 1, (case["out"], case["into"], *case["kernel"]))
        named = {"pad": case["pad"]} | ({"stride": case["stride"]} if "stride" in case else {})
        questions.append(call(name, args=(image, weights), roles=("image", "weights"), **named))
        made = torch.nn.functional.conv2d(
            torch.from_numpy(image),
            torch.from_numpy(weights),
            stride=case.get("stride", 1),
            padding=case["pad"],
        )
        right.append(made.numpy())
    return Todo((cell,), expected, tuple(questions), compare(questions, right, _RTOL))


_ONE = {"batch": 1, "into": 1, "out": 1, "kernel": (3, 3)}


def conv_numpy_1() -> Todo:
    """One channel in and out."""
    cases: list[dict[str, Any]] = [
        {**_ONE, "height": 5, "width": 7, "pad": 1},
        {**_ONE, "height": 6, "width": 4, "pad": 0},
    ]
    return _todo("conv_numpy_1", "EF8FWONVLo1Q", cases, _("what torch's conv2d gives"))


def conv_numpy_2() -> Todo:
    """With a stride."""
    cases: list[dict[str, Any]] = [
        {**_ONE, "height": 11, "width": 8, "pad": 1, "stride": 2},
        {**_ONE, "height": 7, "width": 10, "pad": 1, "stride": 3},
    ]
    expected = _("what torch's conv2d gives, with strides")
    return _todo("conv_numpy_2", "GiujmLhqHN1F", cases, expected)


def conv_numpy_3() -> Todo:
    """With several channels in and out."""
    cases: list[dict[str, Any]] = [
        {**_ONE, "into": 3, "out": 4, "height": 5, "width": 6, "pad": 1, "stride": 1},
        {**_ONE, "into": 2, "out": 3, "height": 7, "width": 5, "pad": 1, "stride": 2},
    ]
    expected = _("what torch's conv2d gives, with several channels")
    return _todo("conv_numpy_3", "AvdRWGiU2ppX", cases, expected)


def conv_numpy_4() -> Todo:
    """With several images."""
    cases: list[dict[str, Any]] = [
        {**_ONE, "batch": 3, "into": 2, "out": 3, "height": 5, "width": 6, "pad": 1, "stride": 1},
        {**_ONE, "batch": 2, "into": 3, "out": 2, "height": 6, "width": 7, "pad": 1, "stride": 2},
    ]
    expected = _("what torch's conv2d gives, with several images")
    return _todo("conv_numpy_4", "5WePF-Y-sC1y", cases, expected)
