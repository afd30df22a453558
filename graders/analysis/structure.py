"""Does the network of the second exercise work, fit the data, and what is it made of?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from graders.analysis.ablation import Idle
from graders.analysis.draws import draws
from graders.analysis.network import Network
from graders.analysis.operations import bare, kind
from graders.analysis.reading import Reading
from graders.analysis.replay import Replay, ReplayError
from graders.analysis.residual import ResidualBlock
from graders.evidence.reading import Blobs
from graders.language import _, ngettext

IDLE_COLUMN = 1e-6  # of the influence of the column that counts most

_MISMATCH = re.compile(
    r"shapes cannot be multiplied|size mismatch|must match the size|expected input"
    r"|normalized_shape|running_mean should"
)


@dataclass(frozen=True)
class Works:
    works: bool
    layers: int = 0
    error: str = ""
    cells: tuple[int, ...] = ()


def cells_of_built(reading: Reading) -> tuple[int, ...]:
    """The cell in which the judged network was first seen."""
    return cells_of(reading, reading.built) if reading.built is not None else ()


def cells_of(reading: Reading, network: Network) -> tuple[int, ...]:
    """The cell in which a network was first seen."""
    model = network.graph.model
    seen = next((m for m in reading.evidence.models if m.uid == model), None)
    executed = seen.cell if seen is not None else network.graph.cell
    return (reading.cell(executed),)


def compiles(reading: Reading) -> Works:
    """Works when some network computed an output, else the first error that stood in its way."""
    if reading.built is not None and (len(reading.built.layers) > 1 or reading.base is not None):
        return Works(True, len(reading.built.layers), cells=cells_of_built(reading))
    for graph in reading.evidence.graphs:
        if graph.error and not graph.guessed:
            return Works(False, error=graph.error, cells=(reading.cell(graph.cell),))
    for cell in reading.evidence.run.cells:
        if cell.error is not None and ("nn." in cell.source or "forward" in cell.source):
            error = f"{cell.error.name}: {cell.error.message}"[:300]
            return Works(False, error=error, cells=(cell.index,))
    return Works(False)


@dataclass(frozen=True)
class Size:
    """Features given, columns that do not matter, outputs. `fits` is None when undecided."""

    given: int
    outputs: int
    unused: tuple[int, ...]
    padded: bool
    mismatch: str
    fits: bool | None
    cells: tuple[int, ...]


def io_size(reading: Reading) -> Size | None:
    """How the network's ends fit the data it is given."""
    network = reading.built
    if network is None or not network.inputs or network.output is None:
        return None
    cells = cells_of_built(reading)
    given = network.shape(network.inputs[0])[-1]
    shape = network.shape(network.output)
    rows = network.shape(network.inputs[0])[0]
    outputs = 1 if len(shape) < 2 and (not shape or shape[0] == rows) else shape[-1]
    padded = any(
        kind(n) == "pad" or bare(n.op) in ("zeros", "new_zeros")
        for n in network.nodes
        if n.outs and n.outs[0] in network.alive
    )
    mismatch = _mismatch(reading) if network.graph.guessed else ""
    unused = unused_columns(network, reading)
    if mismatch:
        return Size(given, outputs, (), padded, mismatch, False, cells)
    fits: bool | None = outputs in (1, 2) and not unused and not padded
    if unused is None:
        fits = None if outputs in (1, 2) else False
    return Size(given, outputs, unused or (), padded, "", fits, cells)


def unused_columns(network: Network, reading: Reading) -> tuple[int, ...] | None:
    """Input columns that the output does not depend on; None when it cannot be told."""
    return idle_columns(network, reading.blobs, reading.trained)


def idle_columns(network: Network, blobs: Blobs, trained: frozenset[int]) -> tuple[int, ...] | None:
    """Columns of the input that count for next to nothing beside the others, whatever the weights.

    A column's influence is its gradient, as it is and by the column's own spread: raw columns may
    differ in scale a million times, and so may the factors of a network that scales them itself.
    """
    own = Replay(network, blobs)
    try:
        sample = own.leaf(network.inputs[0])
        if sample.ndim != 2:
            return None
        noise = torch.randn(sample.shape, generator=torch.Generator().manual_seed(4)).double()
        spread = sample.std(dim=0) if len(sample) > 1 else torch.zeros(sample.shape[1])
        spread = torch.where(spread > 0, spread, sample.abs().amax(dim=0).clamp_min(1e-30))
        used = torch.zeros(sample.shape[1], dtype=torch.bool)
        for draw in draws(network, blobs, trained):
            weights = {v: x for v, x in draw.values.items() if v in network.leaves}
            rows = (weights.pop(network.inputs[0]), sample, 3 * noise)
            for given in rows:
                gradient = _gradient(draw.replay, given, weights)
                for scale in (torch.ones_like(spread), spread):
                    used |= _counts(gradient * scale)
                if bool(used.all()):
                    return ()
    except (ReplayError, RuntimeError):
        return None
    return tuple(int(i) for i in (~used).nonzero().reshape(-1))


def _gradient(replay: Replay, rows: Tensor, weights: Mapping[int, Tensor]) -> Tensor:
    """Of the output with regard to the input, n x features."""
    x = rows.clone().requires_grad_()
    network = replay.network
    with torch.enable_grad():
        (out,) = replay.compute([network.output or 0], {**weights, network.inputs[0]: x})
        (gradient,) = torch.autograd.grad(out.sum() + (out**2).sum(), x)
    return gradient


def _counts(influence: Tensor) -> Tensor:
    """Columns (n x features) that count beside the one that counts most."""
    size = influence.norm(dim=0)
    hardly: Tensor = size <= IDLE_COLUMN * size.max()
    return ~hardly  # what is not a number counts


def _mismatch(reading: Reading) -> str:
    for cell in reading.evidence.run.cells:
        if cell.error is not None and _MISMATCH.search(cell.error.message):
            return f"{cell.error.name}: {cell.error.message}"[:200]
    return ""


# -- in words -------------------------------------------------------------------------------
def describe_blocks(reading: Reading) -> str:
    """ "2 residual blocks: blocks.0 [Linear 64→64, ReLU, Linear 64→64] + identity; ..." """
    network, blocks = reading.built, reading.built_blocks
    if network is None:
        return _("no network was seen in the notebook")
    idle = reading.built_connections.idle
    show = "; ".join(_describe_idle(network, x) for x in idle[:4])
    if not blocks and idle:
        return _("no residual connection that counts") + ": " + show
    if not blocks:
        return _(
            "no residual connection: no addition or concatenation joins a value with one "
            "computed from it"
        )
    count = ngettext("{n} residual connection", "{n} residual connections", len(blocks)).format(
        n=len(blocks)
    )
    words = f"{count}: " + "; ".join(describe(network, b) for b in blocks[:8])
    return f"{words}; {show}" if idle else words


def _describe_idle(network: Network, idle: Idle) -> str:
    """Why a connection that is written in the network does not count."""
    why = {
        "shortcut": _("a connection was found whose shortcut changes nothing in the answer"),
        "branch": _("a connection was found whose layers change nothing in the answer"),
        "unreached": _("a connection was found of which nothing reaches the answer"),
    }[idle.fault]
    return f"{why} ({describe(network, idle.block)})"


def describe(network: Network, block: ResidualBlock) -> str:
    """A residual block in words: what lies on its way, and its shortcut."""
    steps = [_step(network, i, block) for i in block.way]
    joined = ", ".join(s for s in steps if s)
    shortcut = _("identity") if block.shortcut == "identity" else _("projection")
    sign = "+" if block.join == "add" else _("concatenated with")
    name = f"{block.scope} " if block.scope else ""
    return f"{name}[{joined}] {sign} {shortcut}"


_NAMES = {
    "relu": "ReLU", "relu_": "ReLU", "gelu": "GELU", "silu": "SiLU", "elu": "ELU", "selu": "SELU",
    "leaky_relu": "LeakyReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "batch_norm": "BatchNorm",
    "layer_norm": "LayerNorm", "softplus": "Softplus", "mish": "Mish", "celu": "CELU",
    "group_norm": "GroupNorm", "softmax": "Softmax", "relu6": "ReLU6", "hardswish": "HardSwish",
    "max_pool2d": "MaxPool", "avg_pool2d": "AvgPool", "adaptive_avg_pool2d": "AvgPool",
    "max_pool1d": "MaxPool", "avg_pool1d": "AvgPool", "adaptive_avg_pool1d": "AvgPool",
    "mul": "×", "__mul__": "×", "multiply": "×", "gaussian_noise": "Noise",
    "random_augmentation": "Augmentation",
}  # fmt: skip


def operation_name(network: Network, index: int) -> str:
    """What a person calls the operation: Linear, ReLU, BatchNorm, Dropout."""
    node = network.nodes[index]
    if node.outs and node.outs[0] in network.layer_by_out:
        return "Conv" if kind(node) == "conv" else "Linear"
    if kind(node) == "dropout" and "dropout" in bare(node.op):
        return "Dropout"
    if kind(node) == "concat":
        return "Concat"
    if kind(node) == "pool" and set(network.shape(node.outs[0])[2:]) == {1}:
        return "GlobalMaxPool" if "max" in node.op else "GlobalAvgPool"
    return _NAMES.get(bare(node.op), bare(node.op).strip("_"))


def width(network: Network, value: int) -> int | None:
    """Channels of an image (which has them first), else numbers in a row; None when there are
    none."""
    shape = network.shape(value)
    if len(shape) > 3:
        return shape[1]
    return shape[-1] if shape else None


def _step(network: Network, index: int, block: ResidualBlock) -> str:
    node = network.nodes[index]
    layer = network.layer_by_out.get(node.outs[0]) if node.outs else None
    name = operation_name(network, index)
    if layer is not None:
        into, out = width(network, layer.data), width(network, layer.out)
        words = f"{name} {into or '?'}→{out or '?'}"
        if layer.out in block.idle:
            words += " " + _("(without effect, or not trainable)")
        return words
    return name if kind(node) in ("activation", "norm", "dropout") else ""
