"""Notebook 10.1, one-dimensional convolution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Todo, compare, either
from graders.evidence.questions import call
from graders.language import _

Array = NDArray[np.float64]
_ROLES = ("x_in", "omega")


def _convolved(x: Array, kernel: Array, stride: int = 1, dilation: int = 1) -> Array:
    """Zero-padded convolution as in figure 10.2 and 10.3: the kernel is not turned round."""
    half = len(kernel) // 2 * dilation
    padded = np.pad(x, half)
    centres = range(0, len(x), stride)
    return np.array([padded[c : c + 2 * half + 1 : dilation] @ kernel for c in centres])


def _todo(names: tuple[str, ...], cell: str, size: int, stride: int = 1, dilation: int = 1) -> Todo:
    """On signals of odd and of even length: as lists, as the notebook calls it, or as arrays."""
    lists, arrays, right = [], [], []
    for seed, length in ((101, 9), (102, 12)):
        rng = np.random.default_rng(seed)
        x, kernel = rng.normal(0, 2, length), rng.normal(0, 1, size)
        lists.append(call(*names, args=(x.tolist(), kernel.tolist()), roles=_ROLES))
        arrays.append(call(*names, args=(x, kernel), roles=_ROLES))
        right.append(_convolved(x, kernel, stride, dilation))
    words = _("zero-padded convolution: size {size}, stride {stride}, dilation {dilation}")
    expected = words.format(size=size, stride=stride, dilation=dilation)
    questions, judge = either((lists, compare(lists, right)), (arrays, compare(arrays, right)))
    return Todo((cell,), expected, questions, judge)


def conv_3_1_1() -> Todo:
    """Size 3, stride 1, dilation 1. The first edition counted dilations from 0."""
    return _todo(("conv_3_1_0_zp", "conv_3_1_1_zp"), "MmfXED12RvNq", 3)


def conv_3_2_1() -> Todo:
    """Size 3, stride 2, dilation 1."""
    return _todo(("conv_3_2_1_zp", "conv_3_2_0_zp"), "5QYrQmFMiDBj", 3, stride=2)


def conv_5_1_1() -> Todo:
    """Size 5, stride 1, dilation 1."""
    return _todo(("conv_5_1_1_zp", "conv_5_1_0_zp"), "lw46-gNUjDw7", 5)


def conv_3_1_2() -> Todo:
    """Size 3, stride 1, dilation 2."""
    return _todo(("conv_3_1_2_zp", "conv_3_1_1_zp"), "_aBcW46AljI0", 3, dilation=2)


def matrix() -> Todo:
    """The matrix that does what the first convolution does."""
    kernels = [np.random.default_rng(seed).normal(0, 1, 3) for seed in (103, 104)]
    names, roles = ("get_conv_mat_3_1_1_zp", "get_conv_mat_3_1_0_zp"), ("n_out", "omega")
    questions = tuple(
        call(*names, args=(length, kernel), roles=roles)
        for length, kernel in zip((7, 10), kernels, strict=True)
    )
    right = [
        np.stack([_convolved(row, kernel) for row in np.eye(length)], axis=1)
        for length, kernel in zip((7, 10), kernels, strict=True)
    ]
    expected = _("the matrix of figure 10.4d, whose product with a signal is its convolution")
    return Todo(("U2RFWfGgs72j",), expected, questions, compare(questions, right))
