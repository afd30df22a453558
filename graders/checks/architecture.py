"""Checks of what a network computes, whatever it is called and however it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graders.analysis import layer_table, loaded_weights, parameter_counts, structure
from graders.analysis.reading import Reading
from graders.checks.outcome import Finding, NotAssessed, require
from graders.language import _, ngettext


def compiles(student: Reading) -> Finding:
    """The network can be built and answers when it is given data."""
    state = structure.compiles(student)
    expected = _("a network that computes an output from a batch of data")
    if state.works:
        return require(
            True,
            expected=expected,
            observed=_("a network with {n} weighted layers computes an output").format(
                n=state.layers
            ),
            cells=state.cells,
        )
    if state.error:
        observed = _("building or calling the network fails: {error}").format(error=state.error)
    else:
        observed = _("no network was seen in the notebook")
    return require(False, expected=expected, observed=observed, cells=state.cells)


def io_size(student: Reading) -> Finding:
    """The network takes all the features it is given and answers with one or two outputs."""
    size = structure.io_size(student)
    expected = _("every feature given to the network is used, and one output (or two, one a class)")
    if size is None:
        return require(
            None, expected=expected, observed=_("the network could not be computed again")
        )
    observed = _("{given} features in, {out} outputs").format(given=size.given, out=size.outputs)
    if size.unused:
        observed += "; " + _("the output does not depend on {n} of them: columns {columns}").format(
            n=len(size.unused), columns=", ".join(map(str, size.unused[:12]))
        )
    if size.padded:
        observed += "; " + _("the input is padded inside the network")
    if size.mismatch:
        observed = _("the sizes do not fit the data: {error}").format(error=size.mismatch)
    return require(size.fits, expected=expected, observed=observed, cells=size.cells)


def residual_connections(student: Reading, minimum: int = 2) -> Finding:
    """The network has at least the asked number of residual connections."""
    blocks = student.built_blocks
    return require(
        len(blocks) >= minimum if student.built is not None else None,
        expected=ngettext(
            "at least {n} residual connection (x + f(x), or a concatenation of both)",
            "at least {n} residual connections (x + f(x), or a concatenation of both)",
            minimum,
        ).format(n=minimum),
        observed=structure.describe_blocks(student),
        cells=structure.cells_of_built(student),
    )


def linear_layers_per_block(student: Reading, minimum: int = 2, blocks: int = 2) -> Finding:
    """Inside the residual connections there are at least two linear layers."""
    found = student.built_blocks
    deep = [b for b in found if b.layers >= minimum]
    expected = _("at least {n} linear layers in a row inside each residual block").format(n=minimum)
    observed = structure.describe_blocks(student)
    cells = structure.cells_of_built(student)
    if not found and student.built is not None:
        raise NotAssessed(Finding(observed, expected, observed, cells))
    return require(
        len(deep) >= min(blocks, len(found)) if found else None,
        expected=expected,
        observed=observed,
        cells=cells,
    )


def matches_table(student: Reading, rows: Sequence[Mapping[str, Any]]) -> Finding:
    """The network has, row by row, the layers, output shapes and parameters of the table."""
    answer = layer_table.table(student, rows)
    return require(
        answer.holds,
        expected=_(
            "the {n} rows of the table, from the first convolution to the dense layer"
        ).format(n=len(rows)),
        observed=answer.words,
        cells=answer.cells,
    )


def counts(student: Reading, total: int, trainable: int, non_trainable: int) -> Finding:
    """The network has the asked number of parameters."""
    answer = parameter_counts.counts(student, total, trainable, non_trainable)
    return require(
        answer.holds,
        expected=_("{total} parameters: {trainable} trainable, {moving} not trainable").format(
            total=f"{total:,}", trainable=f"{trainable:,}", moving=f"{non_trainable:,}"
        ),
        observed=answer.words,
        cells=answer.cells,
    )


def weights_loaded(student: Reading) -> Finding:
    """All pretrained weights are in the network, each where it belongs."""
    answer = loaded_weights.loaded(student)
    return require(
        answer.holds,
        expected=_("every array of the weights file in the network, each in its place"),
        observed=answer.words,
        cells=answer.cells,
    )
