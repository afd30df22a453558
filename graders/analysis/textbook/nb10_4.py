"""Notebook 10.4, downsampling and upsampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from graders.analysis.textbook.todo import Judgement, Todo, any_of, as_numbers, compare
from graders.evidence.questions import Answer, call
from graders.language import _

Array = NDArray[np.float64]


def _images(seed: int) -> list[Array]:
    """Images of even sides without two equal numbers; multiples of 4, so that rounding of means
    changes nothing."""
    rng = np.random.default_rng(seed)
    sides = ((4, 6), (6, 4), (8, 8))
    drawn = [4 * rng.permutation(h * w).reshape(h, w) + 4 for h, w in sides]
    return [image.astype(np.float64) for image in drawn]


def _squares(image: Array) -> Array:
    """The squares of 2 x 2, as (height / 2, width / 2, 4)."""
    height, width = image.shape
    parts = image.reshape(height // 2, 2, width // 2, 2).transpose(0, 2, 1, 3)
    return parts.reshape(height // 2, width // 2, 4)


def _todo(names: tuple[str, ...], cell: str, of: Callable[[Array], Array], expected: str) -> Todo:
    images = _images(120)
    questions = tuple(call(*names, args=(image,)) for image in images)
    return Todo((cell,), expected, questions, compare(questions, [of(image) for image in images]))


def downsample() -> Todo:
    """Every other row and column. Earlier editions call it subsample."""
    expected = _("every other row and column, from the first")
    names = ("downsample", "subsample")
    return _todo(names, "qneyOiZRJubi", lambda image: image[::2, ::2], expected)


def maxpool() -> Todo:
    """The largest number of each square."""
    expected = _("the largest number of each square of 2 x 2")
    return _todo(("maxpool",), "Z99uYehaPtJa", lambda i: _squares(i).max(axis=2), expected)


def _means(image: Array) -> Array:
    return np.asarray(_squares(image).mean(axis=2), dtype=np.float64)


def meanpool() -> Todo:
    """The mean of each square."""
    expected = _("the mean of each square of 2 x 2")
    return _todo(("meanpool",), "ZQBjBtmB_aGQ", _means, expected)


def _fourfold(image: Array) -> Array:
    return image.repeat(2, axis=0).repeat(2, axis=1)


def duplicate() -> Todo:
    """Every number four times."""
    expected = _("every number becomes a square of 2 x 2")
    return _todo(("duplicate",), "6eSjnl3cB5g4", _fourfold, expected)


def max_unpool() -> Todo:
    """Each number goes to where the largest was, the rest is zero.

    The numbers are the largest ones, as in the notebook: where they came from may be found by
    looking for them. Others, which are in no image, must go to the same places or nowhere.
    """
    questions, right = [], []
    for image, more in product(_images(121), (0.0, 0.5)):
        pooled = _squares(image).max(axis=2) + more
        wanted = np.zeros_like(image)
        for row, column in product(*map(range, pooled.shape)):
            down, across = divmod(int(np.argmax(_squares(image)[row, column])), 2)
            wanted[2 * row + down, 2 * column + across] = pooled[row, column]
        questions.append(call("max_unpool", args=(pooled, image), roles=("x_in", "x_high_res")))
        right.append(wanted)
    found_by_value = [wanted * (n % 2 == 0) for n, wanted in enumerate(right)]
    judge = any_of(compare(questions, right), compare(questions, found_by_value))
    expected = _("each number where the largest of its square was, zero elsewhere")
    return Todo(("uDUDChmBF71_",), expected, tuple(questions), judge)


def bilinear() -> Todo:
    """Numbers between are means of their neighbours; beyond the border lie zeros, or the border.
    What goes on in another way beyond the last row and column is left to a person."""
    images = _images(122)
    questions = tuple(call("bilinear", args=(image,)) for image in images)
    readings = [
        compare(questions, [_between(image, mode) for image in images]) for mode in _BORDERS
    ]
    inside = compare(questions, [_between(image, "edge")[:-1, :-1] for image in images])

    def otherwise(answers: Sequence[Answer]) -> Judgement:
        found = inside([answer.model_copy(update={"value": _cut(answer)}) for answer in answers])
        if not found.holds:
            return found
        return Judgement(None, _("right but for the last row and column"))

    expected = _("numbers between two (or four) are their means")
    return Todo(("00XpfQo3Ivdf",), expected, questions, any_of(*readings, otherwise))


_BORDERS = ("constant", "edge")


def _cut(answer: Answer) -> Array | None:
    """An answered image without its last row and column."""
    image = as_numbers(answer.value)
    return image[:-1, :-1] if image is not None and image.ndim == 2 else None


def _between(image: Array, border: str) -> Array:
    """The image at half steps, continued beyond its last row and column as `border` says."""
    wide = (
        np.pad(image, ((0, 1), (0, 1)), mode="edge")
        if border == "edge"
        else np.pad(image, ((0, 1), (0, 1)))
    )
    here, below, right, both = wide[:-1, :-1], wide[1:, :-1], wide[:-1, 1:], wide[1:, 1:]
    found = np.zeros((2 * image.shape[0], 2 * image.shape[1]))
    found[::2, ::2] = here
    found[1::2, ::2] = (here + below) / 2
    found[::2, 1::2] = (here + right) / 2
    found[1::2, 1::2] = (here + below + right + both) / 4
    return found
