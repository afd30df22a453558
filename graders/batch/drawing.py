"""Which picture does a network make? Its graph as boxes and arrows, residual blocks marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graders.analysis.network import Layer, Network
from graders.analysis.operations import kind
from graders.analysis.residual import ResidualBlock
from graders.analysis.structure import operation_name, width
from graders.evidence.model import Node
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
    drawn = [n for n in network.nodes if n.outs and n.outs[0] in network.alive]
    if network.output is None or not network.inputs or len(drawn) > MAX_NODES:
        return None
    shown: dict[int, str] = {v: f"in{i}" for i, v in enumerate(network.inputs)}
    nodes = [
        DrawnNode(id=shown[v], label=_("Input"), kind="input", detail=_size(network, v))
        for v in network.inputs
    ]
    edges: list[tuple[str, str]] = []
    block_of = _members(network, blocks)
    for index, node in enumerate(network.nodes):
        if not node.outs or node.outs[0] not in network.alive:
            continue
        sources = [v for v in network.sources[index] if v in network.fed and v in shown]
        if len(sources) == 1 and _is_silent(network, node):
            shown.update(dict.fromkeys(node.outs, shown[sources[0]]))
            continue
        name = f"n{index}"
        shown.update(dict.fromkeys(node.outs, name))
        what, layer = kind(node), network.layer_by_out.get(node.outs[0])
        nodes.append(
            DrawnNode(
                id=name,
                label="+" if what == "add" else operation_name(network, index),
                kind=_KINDS.get(what, "other") if what != "matmul" or layer else "other",
                detail=_detail(network, node, layer),
                block=block_of.get(index),
            )
        )
        edges.extend((shown[v], name) for v in dict.fromkeys(sources))
    last = shown.get(network.output)
    if last is None:
        return None
    size = _size(network, network.output)
    nodes.append(DrawnNode(id="out", label=_("Output"), kind="output", detail=size))
    edges.append((last, "out"))
    return NetworkDrawing(
        title=title,
        nodes=tuple(nodes),
        edges=tuple(dict.fromkeys(edges)),
        blocks=tuple(captions),
        cells=cells,
    )


def _is_silent(network: Network, node: Node) -> bool:
    """Changes of form, biases, and the frame that a convolution needs before it."""
    what = kind(node)
    if what == "pad":
        readers = [n for n, s in zip(network.nodes, network.sources, strict=True)
                   if node.outs[0] in s]  # fmt: skip
        return bool(readers) and all(kind(n) in ("conv", "pool") for n in readers)
    return what in _SILENT or what == "add"


def _members(network: Network, blocks: Sequence[ResidualBlock]) -> Mapping[int, int]:
    """The block that each node stands in: its way, its projection, and the join of both."""
    found: dict[int, int] = {}
    for number, block in enumerate(blocks):
        if block.shortcut == "projection":
            aside = network.reach({block.start}) & (network.ancestors(block.short) | {block.short})
            found.update((network.producer[v], number) for v in aside - {block.start})
        found.update(dict.fromkeys(block.way, number))
        found[network.producer[block.end]] = number
    return found


def _detail(network: Network, node: Node, layer: Layer | None) -> str:
    """Widths of a layer, and the window and strides of a convolution."""
    if layer is None:
        return ""
    into, out = width(network, layer.data) or 1, width(network, layer.out) or 1
    if kind(node) != "conv":
        return f"{into} → {out}"
    window = "×".join(map(str, network.shape(layer.weight)[2:]))
    strides = _strides(node)
    return f"{into}→{out} {window}" + (f" /{strides}" if strides not in ("", "1") else "")


def _strides(node: Node) -> str:
    """ "2", or "2×1" where the axes differ; "" when they are not said."""
    given: Any = node.named.get("stride", node.args[3] if len(node.args) > 3 else 1)
    sizes = given.get("tuple", given.get("list")) if isinstance(given, dict) else [given]
    words = [str(s) for s in sizes or () if isinstance(s, int)]
    return words[0] if len(set(words)) == 1 else "×".join(words)


def _size(network: Network, value: int) -> str:
    """What one row is made of: "30", "32×32×3"."""
    return "×".join(map(str, network.shape(value)[1:])) or "1"
