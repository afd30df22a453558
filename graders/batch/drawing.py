"""Which picture does a network make? Its graph as boxes and arrows, residual blocks marked."""

from __future__ import annotations

from collections.abc import Sequence

from graders.analysis.network import Network
from graders.analysis.operations import kind
from graders.analysis.residual import ResidualBlock
from graders.analysis.structure import operation_name
from graders.language import _
from graders.report.exhibits import DrawnNode, NetworkDrawing, NodeKind

MAX_NODES = 400
_KINDS: dict[str, NodeKind] = {
    "linear": "linear",
    "matmul": "linear",
    "conv": "conv",
    "norm": "norm",
    "activation": "activation",
    "add": "add",
    "concat": "concat",
    "pool": "pool",
    "dropout": "dropout",
}
_SILENT = ("shape", "transpose")


def draw(
    network: Network,
    blocks: Sequence[ResidualBlock],
    captions: Sequence[str],
    title: str,
    cells: tuple[int, ...],
) -> NetworkDrawing | None:
    """The network from input to output; None when there is nothing to draw."""
    if network.output is None or not network.inputs or len(network.nodes) > MAX_NODES:
        return None
    shown: dict[int, str] = {v: f"in{i}" for i, v in enumerate(network.inputs)}
    nodes = [
        DrawnNode(id=shown[v], label=_("Input"), kind="input", detail=_width(network, v))
        for v in network.inputs
    ]
    edges: list[tuple[str, str]] = []
    block_of = {index: n for n, block in enumerate(blocks) for index in block.way}
    for index, node in enumerate(network.nodes):
        if not node.outs or node.outs[0] not in network.alive:
            continue
        sources = [v for v in network.sources[index] if v in network.fed and v in shown]
        what = kind(node)
        joins = len(sources) > 1
        if sources and not joins and (what in _SILENT or (what == "add" and not joins)):
            shown.update(dict.fromkeys(node.outs, shown[sources[0]]))
            continue
        name = f"n{index}"
        shown.update(dict.fromkeys(node.outs, name))
        layer = network.layer_by_out.get(node.outs[0])
        nodes.append(
            DrawnNode(
                id=name,
                label="+" if what == "add" else operation_name(network, index),
                kind=_KINDS.get(what, "other") if what != "matmul" or layer else "other",
                detail=f"{_width(network, layer.data)} → {_width(network, layer.out)}"
                if layer
                else "",
                block=block_of.get(index),
            )
        )
        edges.extend((shown[v], name) for v in dict.fromkeys(sources))
    last = shown.get(network.output)
    if last is None:
        return None
    nodes.append(
        DrawnNode(
            id="out", label=_("Output"), kind="output", detail=_width(network, network.output)
        )
    )
    edges.append((last, "out"))
    return NetworkDrawing(
        title=title,
        nodes=tuple(nodes),
        edges=tuple(dict.fromkeys(edges)),
        blocks=tuple(captions),
        cells=cells,
    )


def _width(network: Network, value: int) -> str:
    shape = network.shape(value)
    return str(shape[-1]) if len(shape) > 1 else "1"
