"""How much does a framework keep of one training iteration for the way back, and how much must it?

Activations only: the weights are there anyway. An operation that gradients go through keeps what
its derivative needs, its inputs or its result.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import prod

from graders.analysis.network import Network
from graders.analysis.operations import bare, kind
from graders.evidence.model import Node

_BYTES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "bfloat16": 2}
_VIEWS = frozenset(
    "view reshape squeeze unsqueeze flatten view_as expand expand_as permute transpose t swapaxes "
    "get:T get:mT detach identity unflatten ravel narrow select chunk split unbind __getitem__ "
    "requires_grad_ contiguous".split()
)  # another look at the same memory
_RESULT = frozenset(
    "relu relu_ sigmoid sigmoid_ tanh tanh_ softmax log_softmax exp sqrt rsqrt reciprocal elu elu_ "
    "selu norm max amax min amin logsumexp dropout".split()
)
_NOTHING = frozenset(
    "add __add__ __radd__ __iadd__ add_ sub __sub__ __rsub__ __isub__ sub_ subtract neg __neg__ "
    "negative mean sum pad cat concat concatenate stack hstack to float double half clone "
    "type".split()
)
_PRODUCTS = frozenset(
    "mul __mul__ __rmul__ __imul__ mul_ multiply div __truediv__ true_divide divide".split()
)
_MASK = 1  # byte for each number: what a dropout keeps besides


def kept(network: Network, *, everything: bool = False) -> int:
    """Bytes that the recorded operations of a training tape hold until the backward pass.

    What no gradient of the loss comes to is let go, unless the framework keeps `everything` that
    it recorded, as an eager TensorFlow tape does.
    """
    learns = {v for v, seen in network.graph.values.items() if seen.requires_grad}
    nodes = range(len(network.nodes)) if everything else _behind(network, learns)
    return _bytes(network, nodes, learns)


def needed(network: Network, trained: Collection[int]) -> int:
    """Bytes that must be held to train the tensors of these identities and nothing else."""
    learns = {v for v, leaf in network.leaves.items() if leaf.uid in trained}
    for index, node in enumerate(network.nodes):
        if bare(node.op) != "detach" and any(s in learns for s in network.sources[index]):
            learns.update(node.outs)
    return _bytes(network, _behind(network, learns), learns)


def _behind(network: Network, learns: Collection[int]) -> list[int]:
    """Places of the operations that the loss's gradient goes through."""
    loss = network.graph.loss
    stack = [network.same(loss)] if loss is not None else []
    found: set[int] = set()
    while stack:
        value = stack.pop()
        index = network.producer.get(value)
        if index is None or index in found or value not in learns:
            continue
        found.add(index)
        stack.extend(network.sources[index])
    return sorted(found)


def _bytes(network: Network, nodes: Iterable[int], learns: Collection[int]) -> int:
    """What these operations hold, each piece of memory once."""
    held: dict[int, int] = {}
    masks = 0
    for index in nodes:
        node = network.nodes[index]
        if not any(out in learns for out in node.outs):
            continue
        for value in _saved(network, index, learns):
            root = _root(network, value)
            if root in network.fed or root in network.inputs or _is_given(network, root):
                held[root] = _size(network, root)
        if "dropout" in bare(node.op):
            masks += _MASK * prod(network.shape(node.outs[0]))
    return masks + sum(held.values())


def _saved(network: Network, index: int, learns: Collection[int]) -> list[int]:
    """Values that the derivative of an operation needs."""
    node, sources = network.nodes[index], list(network.sources[index])
    name, what = bare(node.op), kind(node)
    if "dropout" in name or name in _NOTHING or name in _VIEWS:
        return []
    if name in _RESULT:
        return list(node.outs[:1])
    if what in ("linear", "matmul") or name in _PRODUCTS:
        if name == "addmm":
            sources = sources[1:]
        pair = sources[:2]
        if len(pair) < 2:  # x * x, or a number
            return pair if name not in _PRODUCTS or _squares(node) else []
        return [v for v, other in (pair, pair[::-1]) if other in learns]
    if what == "loss":
        return sources  # the answers, or their logarithms, which are as many
    if what in ("conv", "norm", "pool", "activation"):
        return sources[:1]
    return sources


def _squares(node: Node) -> bool:
    return len(node.args) > 1 and node.args[0] == node.args[1]


def _root(network: Network, value: int) -> int:
    """The value whose memory this one looks at."""
    while (index := network.producer.get(value)) is not None:
        if bare(network.nodes[index].op) not in _VIEWS or not network.sources[index]:
            break
        value = network.sources[index][0]
    return value


def _is_given(network: Network, value: int) -> bool:
    """Is it a batch of rows, or labels, rather than a weight?"""
    leaf = network.leaves.get(value)
    return leaf is not None and leaf.role in ("input", "constant")


def _size(network: Network, value: int) -> int:
    seen = network.graph.values.get(value)
    return prod(seen.shape) * _BYTES.get(seen.dtype, 4) if seen is not None else 0
