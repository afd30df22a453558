"""What does an encoded argument say? Plain numbers, names, lists, and references to values."""

from __future__ import annotations

from typing import Any


class NotSaid(Exception):  # noqa: N818 - an answer, not a fault
    """An operation cannot be said in torch's words: it stays as it was."""


def value_of(entry: Any) -> int | None:
    """The value that an argument refers to; None for anything else."""
    if isinstance(entry, dict) and isinstance(entry.get("t"), int):
        return int(entry["t"])
    return None


def plain(thing: Any) -> Any:
    """The Python object behind an encoded argument; tuples and lists become lists, references to
    values stay as they are."""
    if isinstance(thing, list):
        return [plain(x) for x in thing]
    if not isinstance(thing, dict) or value_of(thing) is not None:
        return thing
    if len(thing) == 1:
        (kind, content), *_ = thing.items()
        if kind in ("list", "tuple"):
            return [plain(x) for x in content]
        if kind == "dict":
            return {k: plain(v) for k, v in content.items()}
        if kind in ("float", "dtype"):
            return float(content) if kind == "float" else content
    return {k: plain(v) for k, v in thing.items()}


def spread(entries: Any) -> list[Any]:
    """Arguments one after the other, lists of values opened; plain lists (a shape) stay whole."""
    found: list[Any] = []
    for entry in entries:
        inside = plain(entry)
        if isinstance(inside, list) and any(value_of(x) is not None for x in inside):
            found.extend(spread(inside))
        else:
            found.append(inside)
    return found


def numbers(thing: Any, count: int) -> list[int]:
    """A size for each of `count` axes, from one number or a list. Raises NotSaid."""
    sizes = [thing] * count if isinstance(thing, int) else thing
    if not isinstance(sizes, list) or len(sizes) != count:
        raise NotSaid("sizes of another number of axes")
    return [int(x) for x in sizes]


def tuple_of(items: Any) -> dict[str, Any]:
    """As a tape writes a tuple."""
    return {"tuple": list(items)}
