"""How much memory may computing a network again take?

A tape is data from beside a student's code: one `expand` of a number to a million rows, one `pad`,
one `outer`, and a few bytes ask for terabytes. Each operation is tried first on tensors without
content, which only know their sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

MOST_ELEMENTS = 2**27  # of one value: a gigabyte in float64
MOST_HELD = 2**28  # of all values that are still needed
MOST_PIECES = 4096  # that one value is cut into
_CUTTING = ("split", "chunk", "unbind")


class NoRoom(Exception):  # noqa: N818 - a limit, not an error
    """An operation would take more memory than a network of the coursework ever does."""


class Room:
    """Counts what is held; refuses what would be too much before it is computed."""

    def __init__(self) -> None:
        self._held = 0

    def taken(self, value: Any) -> Any:
        """The value, counted. Raises NoRoom."""
        if isinstance(value, torch.Tensor):
            self._held += value.numel()
            if value.numel() > MOST_ELEMENTS or self._held > MOST_HELD:
                raise NoRoom("the network takes too much memory")
        return value

    def left(self, value: Any) -> None:
        """The value is no longer needed."""
        if isinstance(value, torch.Tensor):
            self._held -= value.numel()

    def before(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        """Raises NoRoom when the operation's results would be too large or too many."""
        name = getattr(function, "__name__", "")
        if name in _CUTTING and _pieces(name, args, kwargs) > MOST_PIECES:
            raise NoRoom("a value is cut into too many pieces")
        if name == "one_hot" and kwargs.get("num_classes", (*args, 0)[1]) > MOST_PIECES:
            raise NoRoom("too many classes")
        try:
            with torch.no_grad():
                shadow = function(*map(_shadow, args), **{k: _shadow(v) for k, v in kwargs.items()})
        except Exception:
            # Sizes that rest on the content (a mask picks rows) or a call that is wrong: the
            # first are no larger than what is there, the second fails by itself.
            return
        made = shadow if isinstance(shadow, (tuple, list)) else [shadow]
        new = sum(value.numel() for value in made if isinstance(value, torch.Tensor))
        if new > MOST_ELEMENTS or self._held + new > MOST_HELD:
            raise NoRoom("the network takes too much memory")


def _shadow(thing: Any) -> Any:
    """The same argument with its tensors and devices without content."""
    if isinstance(thing, torch.Tensor):
        return thing.detach().to("meta")
    if isinstance(thing, torch.device):
        return torch.device("meta")
    if isinstance(thing, (list, tuple)):
        return type(thing)(_shadow(item) for item in thing)
    if isinstance(thing, dict):
        return {key: _shadow(item) for key, item in thing.items()}
    return thing


def _pieces(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    value, *rest = args
    if name == "chunk":
        return int(kwargs.get("chunks", rest[0] if rest else 0))
    place = 0 if name == "unbind" else 1
    length = value.shape[kwargs.get("dim", rest[place] if len(rest) > place else 0)]
    if name == "unbind":
        return int(length)
    sizes = kwargs.get("split_size_or_sections", kwargs.get("split_size", (*rest, 1)[0]))
    return len(sizes) if isinstance(sizes, (list, tuple)) else math.ceil(length / sizes)
