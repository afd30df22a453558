"""Can this be a line of evidence? Its depth, its graph, and the shapes it speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graders.evidence.model import ArraySeen, Graph, State

MAX_DEPTH = 30  # a tape's arguments nest eight deep
MAX_NODES = 20_001  # where the probe stops
MAX_OUTS = 4096  # of one operation


def depth_of(thing: Any) -> int:
    """How deep lists and objects nest, at most MAX_DEPTH + 1."""
    level, depth = [thing], 0
    while level and depth <= MAX_DEPTH:
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        depth += any(isinstance(item, (dict, list)) for item in level)
        level = [item for item in below if isinstance(item, (dict, list))]
    return depth


def check_graph(graph: Graph) -> None:
    """Each value is made once, from values that were there before: so there are no circles.

    An input can be made too, when it is what a network between two others is given. Raises
    ValueError.
    """
    if len(graph.nodes) > MAX_NODES:
        raise ValueError("a graph of too many nodes")
    made = {value for node in graph.nodes for value in node.outs}
    known = ({leaf.value for leaf in graph.leaves} | set(graph.inputs)) - made
    if len(graph.leaves) != len({leaf.value for leaf in graph.leaves}):
        raise ValueError("a leaf is there twice")
    for node in graph.nodes:
        if len(node.outs) > MAX_OUTS:
            raise ValueError("an operation of too many results")
        if not known.issuperset(_values(node.args)) or not known.issuperset(_values(node.named)):
            raise ValueError("a value is used before it is made")
        if known.intersection(node.outs) or len(set(node.outs)) != len(node.outs):
            raise ValueError("a value is made twice")
        known.update(node.outs)


def check_shapes(event: object, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Arrays have the shape that the event says. Those not kept (too large) are not asked.

    Raises ValueError.
    """
    said: list[tuple[str, tuple[int, ...]]] = []
    if isinstance(event, State):
        said = [(entry.digest, entry.shape) for entry in event.entries]
    elif isinstance(event, ArraySeen):
        said = [(event.digest, event.shape)]
    elif isinstance(event, Graph):
        said = [
            (leaf.digest, event.values[leaf.value].shape)
            for leaf in event.leaves
            if leaf.role in ("parameter", "buffer") and leaf.value in event.values
        ]
    if any(shapes.get(digest, shape) != shape for digest, shape in said):
        raise ValueError("an array of another shape")


def _values(thing: Any) -> Iterator[int]:
    stack = [thing]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if isinstance(item.get("t"), int):
                yield item["t"]
            else:
                stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
