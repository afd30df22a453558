"""Checks of a convolutional network's residual blocks, whatever they are called and written in."""

from __future__ import annotations

from graders.analysis import block_layers, block_sizes, block_structure
from graders.analysis.judged_blocks import no_blocks
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, NotAssessed, require
from graders.language import _


def structure(student: Reading) -> Finding:
    """A block is normalisation, activation, convolution 3x3, twice, added to its input."""
    answer = block_structure.structure(student)
    return require(
        answer.holds,
        expected=_(
            "BatchNorm(in) - activation - Conv 3x3 (in→out) - BatchNorm(out) - activation - "
            "Conv 3x3 (out→out), added to the skip connection"
        ),
        observed=answer.words,
        cells=answer.cells,
    )


def skip_projection(student: Reading) -> Finding:
    """A convolution 1x1 lies on the skip connection when the channels differ, and only then."""
    expected = _(
        "a convolution 1x1 on the skip connection when the channels differ, the block's input "
        "itself when they do not"
    )
    answer = block_structure.skips(student)
    if answer is None:
        missing = no_blocks(student)
        raise NotAssessed(Finding(missing.words, expected, missing.words, missing.cells))
    return require(answer.holds, expected=expected, observed=answer.words, cells=answer.cells)


def no_conv_bias(student: Reading) -> Finding:
    """No convolution has a bias vector, nor one added by hand."""
    answer = block_layers.biases(student)
    return require(
        answer.holds,
        expected=_("no bias in any convolution"),
        observed=answer.words,
        cells=answer.cells,
    )


def activation(student: Reading, name: str = "SiLU") -> Finding:
    """Every activation between the layers is the asked one."""
    answer = block_layers.activations(student, name)
    return require(
        answer.holds,
        expected=_("{name} as the activation everywhere between the layers").format(name=name),
        observed=answer.words,
        cells=answer.cells,
    )


def strides_in_one_conv(student: Reading) -> Finding:
    """Pictures get smaller by the stride of one convolution of a block, and by no pooling."""
    answer = block_sizes.reductions(student)
    return require(
        answer.holds,
        expected=_(
            "no pooling but the global average; a stride in one convolution of the block's main "
            "way (and in the projection of its skip connection)"
        ),
        observed=answer.words,
        cells=answer.cells,
    )
