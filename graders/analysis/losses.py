"""Can a loss train a classifier? Judged by what it asks of the network's outputs."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from graders.analysis.network import Network
from graders.analysis.operations import bare, kind
from graders.analysis.replay import Replay, ReplayError

FEW_ROWS = 20  # a batch of fewer rows may well be of one class
REGRESSION = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")


@dataclass(frozen=True)
class LossView:
    """`asks`: "separate" (pushes the classes apart), "nothing" (no or zero gradient), "one_way"
    (pushes every output in one direction), "unknown"."""

    operations: tuple[str, ...]
    width: int  # columns of the network's output
    asks: str
    gradient: float = 0.0  # largest entry of the gradient at the output
    regression: bool = False
    squashed: str = ""  # sigmoid or softmax applied before a loss that applies it itself


def view_loss(replay: Replay) -> LossView:
    """How the loss of a training tape treats the network's output."""
    network = replay.network
    out = network.output
    if out is None or network.graph.loss is None:
        return LossView((), 0, "unknown")
    shape = network.shape(out)
    width = shape[-1] if len(shape) > 1 else 1
    after = _after(network, out)
    names = tuple(bare(network.nodes[i].op) for i in after)
    named = tuple(n for i, n in zip(after, names, strict=True) if kind(network.nodes[i]) == "loss")
    squashed = _squashed(network, out, named)
    if not network.graph.values[out].requires_grad:
        return LossView(named or names, width, "nothing", 0.0, _regression(named), squashed)
    try:
        with torch.enable_grad():
            (z,) = replay.compute([out], {})
            z = z.detach().requires_grad_()
            loss_value = network.same(network.graph.loss)
            (loss,) = replay.compute([loss_value], {out: z})
            gradient = (
                torch.autograd.grad(loss.sum(), z, allow_unused=True)[0]
                if loss.requires_grad
                else None
            )
    except (ReplayError, RuntimeError):
        return LossView(
            named or names, width, "unknown", regression=_regression(named), squashed=squashed
        )
    largest = 0.0 if gradient is None else float(gradient.abs().max())
    if gradient is None or largest < 1e-12:
        return LossView(named or names, width, "nothing", largest, _regression(named), squashed)
    rows = gradient.reshape(len(gradient), -1) if gradient.ndim else gradient.reshape(1, 1)
    pull = rows[:, 0] if rows.shape[1] == 1 else rows[:, -1] - rows[:, 0]
    asks = "separate" if (pull > 0).any() and (pull < 0).any() else "one_way"
    if asks == "one_way" and len(rows) < FEW_ROWS and _of_one_class(replay, out, len(rows)):
        asks = "unknown"  # what it asks of the other class was not seen
    return LossView(
        named or names,
        width,
        asks,
        largest,
        _regression(named),
        squashed,
    )


def _of_one_class(replay: Replay, out: int, rows: int) -> bool:
    """True when what the output is compared with is the same in every row."""
    network = replay.network
    own = network.ancestors(out)
    for value, leaf in network.leaves.items():
        if leaf.role == "constant" and value not in own and network.shape(value)[:1] == (rows,):
            try:
                asked = replay.leaf(value)
            except ReplayError:
                continue
            if bool((asked == asked[:1]).all()):
                return True
    return False


def _after(network: Network, out: int) -> list[int]:
    """Nodes between the network's output and the loss."""
    reached = {out}
    found = []
    for index, node in enumerate(network.nodes):
        if any(s in reached for s in network.sources[index]):
            reached.update(node.outs)
            found.append(index)
    return found


def _regression(named: tuple[str, ...]) -> bool:
    return bool(named) and all(n in REGRESSION for n in named)


def _squashed(network: Network, out: int, named: tuple[str, ...]) -> str:
    index = network.producer.get(out)
    last = bare(network.nodes[index].op) if index is not None else ""
    if last == "sigmoid" and "binary_cross_entropy_with_logits" in named:
        return "sigmoid"
    if last in ("softmax", "sigmoid") and "cross_entropy" in named:
        return last
    return ""
