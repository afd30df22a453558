"""What does a taped result rest on? The nodes behind it, and the values it starts from."""

from __future__ import annotations

from typing import Any

# Moving data about before a network sees it: what they make counts as an input.
DATA_OPS = frozenset(
    "stack to float double long from_numpy tensor as_tensor index_select clone contiguous "
    "pin_memory cpu cuda unsqueeze squeeze view reshape flatten unbind split type type_as int "
    "narrow take randperm "
    "Cast Reshape ExpandDims Squeeze GatherV2 Pack IteratorGetNext".split()  # of TensorFlow
)


def needed_for(
    nodes: list[dict[str, Any]],
    values: list[dict[str, Any]],
    outputs: list[int],
    inputs: list[int],
) -> tuple[list[int], list[int]]:
    """Indices of the nodes that outputs rest on, and the leaf values they start from.

    Walks back from the outputs and stops at the inputs and at values that were only moved about
    (batches cut from a data set).
    """
    producer = {v: i for i, node in enumerate(nodes) for v in node["outs"]}
    data: dict[int, bool] = {}

    def is_data(value: int) -> bool:
        if value in data:
            return data[value]
        data[value] = False
        node = producer.get(value)
        if node is None:
            data[value] = not values[value]["requires_grad"]
            return data[value]
        record = nodes[node]
        sources = references(record)
        if any(s in inputs for s in sources):
            return False  # already inside the network
        bare = record["op"].split(".")[-1]
        cuts = bare in ("__getitem__", "StridedSlice")
        moved = bare in DATA_OPS or (cuts and not _selects_columns(record))
        data[value] = not sources or (moved and all(is_data(s) for s in sources))
        return data[value]

    def begins(value: int) -> bool:
        """An input that the loop prepared (blurred, scaled), rather than a part of the network
        between two modules, which comes from another input or is learnt."""
        if values[value]["requires_grad"]:
            return False
        above, passed = [value], {value}
        while above:
            node = producer.get(above.pop())
            sources = references(nodes[node]) if node is not None else []
            if any(s in inputs for s in sources):
                return False
            above.extend(s for s in sources if s not in passed)
            passed.update(sources)
        return True

    starts = {v for v in inputs if begins(v)}
    wanted: set[int] = set()
    leaves: set[int] = set()
    stack = list(outputs)
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen.add(value)
        node = producer.get(value)
        if node is None or value in starts or is_data(value):
            leaves.add(value)
            continue
        wanted.add(node)
        stack.extend(references(nodes[node]))
    return sorted(wanted), sorted(leaves)


def _selects_columns(node: dict[str, Any]) -> bool:
    """True for x[:, a:b] and the like: part of each row, not some of the rows."""
    index = node["args"][1] if len(node["args"]) > 1 else None
    axes = "list" if node["op"] == "tf.StridedSlice" else "tuple"  # in torch a list is of rows
    return isinstance(index, dict) and len(index.get(axes, ())) > 1


def references(node: dict[str, Any]) -> list[int]:
    """Values a node reads, in order."""
    found: list[int] = []

    def walk(thing: Any) -> None:
        if isinstance(thing, dict):
            if "t" in thing and isinstance(thing["t"], int):
                found.append(thing["t"])
            else:
                for item in thing.values():
                    walk(item)
        elif isinstance(thing, list):
            for item in thing:
                walk(item)

    walk(node["args"])
    walk(node["named"])
    return found
