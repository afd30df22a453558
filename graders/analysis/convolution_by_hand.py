"""Does the output of a convolution stand anywhere, worked out by hand or computed?

Either reading of the word is right: with the kernel as it stands (cross-correlation, as layers
compute it), or turned around.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.analysis.reading import Reading
from graders.analysis.statement import Answer
from graders.analysis.written_matrices import holds
from graders.analysis.written_numbers import COMMAS, numbers_in, stand_in_order
from graders.evidence.questions import Answer as Held
from graders.evidence.questions import held
from graders.language import _

Floats = NDArray[np.float64]
CLOSE = 1e-4  # of values computed in single precision


@dataclass(frozen=True)
class Convolution:
    """What is asked: matrix (h x w), kernel (a x b), zeros laid around, step in both directions."""

    matrix: Floats
    kernel: Floats
    stride: int = 1
    padding: int = 0

    @property
    def outputs(self) -> tuple[Floats, ...]:
        """The output under either reading, each once."""
        one, two = self._output(self.kernel), self._output(self.kernel[::-1, ::-1])
        return (one,) if np.array_equal(one, two) else (one, two)

    def _output(self, kernel: Floats) -> Floats:
        padded = np.pad(self.matrix, self.padding)
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
        return np.asarray(np.einsum("ijab,ab->ij", windows, kernel))[:: self.stride, :: self.stride]


def asked(
    matrix: Sequence[Sequence[float]], kernel: Sequence[Sequence[float]], stride: int, padding: int
) -> Convolution:
    """The convolution as a rubric writes it. Raises ValueError when it has no output."""
    one, two = np.array(matrix, dtype=np.float64), np.array(kernel, dtype=np.float64)
    if one.ndim != 2 or two.ndim != 2 or stride < 1 or padding < 0:
        raise ValueError("a matrix, a kernel, a stride of 1 or more, a padding of 0 or more")
    return Convolution(one, two, stride, padding)


def answer(reading: Reading, question: Convolution) -> Answer:
    """Whether the output stands in a notebook, among its variables, or in a document."""
    wanted = question.outputs
    answers = reading.whole.ask(held())
    for place, text, cell in _texts(reading):
        if any(holds(text, output) for output in wanted):
            words = _("the output stands there, {size}").format(size=_size(wanted[0]))
            return Answer(True, words + (f" ({place})" if place else ""), cell)
    for name, array in _arrays(reading, answers):
        if any(_same(array, output) for output in wanted):
            return Answer(True, _("the output is the value of '{name}'").format(name=name))
    if reading.whole.illegible:
        words = _("not found as text; there are pictures or documents on which it may stand")
        return Answer(None, words)
    for place, text, cell in _texts(reading):
        if any(_in_pieces(text, output, question) for output in wanted):
            words = _("its numbers stand there, but not as a whole matrix")
            return Answer(None, words + (f" ({place})" if place else ""), cell)
    return Answer(False, _("the output does not stand anywhere in the submission"))


def _size(output: Floats) -> str:
    return f"{output.shape[0]} x {output.shape[1]}"


def _texts(reading: Reading) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """(document, text, cells) of all that is written; several outputs of a cell also together."""
    joined: dict[int, list[str]] = {}
    for placed in reading.whole.passages:
        yield "", placed.passage.text, (placed.cell,)
        if placed.passage.kind == "shown":
            joined.setdefault(placed.cell, []).append(placed.passage.text)
    for cell, parts in joined.items():
        if len(parts) > 1:
            yield "", "\n".join(parts), (cell,)
    for document in reading.whole.documents:
        yield document.name, document.text, ()


def _arrays(
    reading: Reading, answers: Mapping[str, tuple[Held, ...]]
) -> Iterator[tuple[str, Floats]]:
    """(variable, array) of what was held when the notebooks had run."""
    for part in reading.whole.parts:
        for told in answers.get(part, ()):
            values = told.value if told.answered and isinstance(told.value, dict) else {}
            for name, value in values.items():
                if isinstance(value, np.ndarray) and value.dtype.kind in "bif":
                    yield str(name), value


def _same(array: Floats, output: Floats) -> bool:
    bare = np.squeeze(array)
    return bare.shape == output.shape and bool(np.allclose(bare, output, rtol=CLOSE, atol=CLOSE))


def _in_pieces(text: str, output: Floats, question: Convolution) -> bool:
    """Do the numbers that are not zero stand there in order, or near each other such as the
    question itself does not hold?"""
    some = output[output != 0]
    own = np.setdiff1d(output, question.matrix)
    for comma in COMMAS:
        numbers = numbers_in(text, comma)
        if 2 < len(some) < output.size and stand_in_order(numbers, some):
            return True
        if len(own) < 2 or not numbers:
            continue
        fits = np.array([[n.agrees(w) for w in np.unique(output)] for n in numbers])
        span = 3 * output.size
        for start in range(max(1, len(numbers) - span + 1)):
            if fits[start : start + span].any(axis=0).all():
                return True
    return False
