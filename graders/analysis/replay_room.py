"""How much memory may computing a network again take?

A tape is data from beside a student's code: one `expand` of a number to a million rows, one `pad`,
one `outer`, and a few bytes ask for terabytes. Each operation is tried first on tensors without
content, which only know their sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any

import torch

MOST_ELEMENTS = 2**27  # of one value: a gigabyte in float64
MOST_HELD = 2**28  # of all values that are still needed
MOST_PIECES = 4096  # that one value is cut into
_CUTTING = ("split", "chunk", "unbind")
# Most of what a network does. Trying these without content makes torch load its compiler, which
# takes longer than the rest of the marking.
_KEEPING = frozenset(  # the result is no larger than the first argument
    "batch_norm group_norm instance_norm layer_norm normalize dropout relu silu gelu elu selu"
    " leaky_relu hardswish mish softplus sigmoid tanh exp log sqrt rsqrt abs neg square softmax"
    " log_softmax logsigmoid mean sum amax amin flatten reshape permute transpose squeeze"
    " unsqueeze contiguous detach clone max_pool1d max_pool2d avg_pool1d avg_pool2d".split()
)
_JOINING = ("add", "sub", "mul", "div", "true_divide", "maximum", "minimum")
_POOLED = {f"adaptive_{way}_pool{axes}d": axes for way in ("avg", "max") for axes in (1, 2, 3)}
_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")


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
        outlines = _outline(tuple(args)), _outline(dict(kwargs))
        try:
            new = _elements_made(function, *outlines)
        except TypeError:  # a slice cannot be looked up
            new = _elements_made.__wrapped__(function, *outlines)
        if new > MOST_ELEMENTS or self._held + new > MOST_HELD:
            raise NoRoom("the network takes too much memory")


@dataclass(frozen=True)
class _Outline:
    """What is known of an argument without its content; equal outlines make results of one size."""

    kind: type
    items: tuple[Any, ...]  # of a container; of a dict its pairs; of a tensor its shape and dtype


@lru_cache(maxsize=4096)  # a network is computed again many times on batches of one size
def _elements_made(function: Callable[..., Any], args: Any, kwargs: Any) -> int:
    """How many elements a call's results have; 0 when that cannot be told beforehand."""
    positional, named = _shadow(args), _shadow(kwargs)
    worked_out = _worked_out(getattr(function, "__name__", ""), positional, named)
    if worked_out is not None:
        return worked_out
    try:
        with torch.no_grad():
            made = function(*positional, **named)
    except Exception:
        # Sizes that rest on the content (a mask picks rows) or a call that is wrong: the
        # first are no larger than what is there, the second fails by itself.
        return 0
    several = made if isinstance(made, (tuple, list)) else [made]
    return sum(value.numel() for value in several if isinstance(value, torch.Tensor))


def _worked_out(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int | None:
    """The same for the usual operations called in the usual way; None for all others."""
    try:
        if name in _CONVOLUTIONS:
            return _convolved(*args, **kwargs)
        if name in _POOLED:
            return _pooled(_POOLED[name], *args, **kwargs)
        if name in _KEEPING:
            return int(args[0].numel())
        if any(isinstance(value, torch.Tensor) for value in kwargs.values()):
            return None
        if name in _JOINING:
            return _broadcast([v.shape for v in args if isinstance(v, torch.Tensor)])
        if name == "linear":
            value, weight = args[:2]
            return int(math.prod(value.shape[:-1]) * weight.shape[0])
    except (AttributeError, IndexError, TypeError, ValueError):
        return None
    return None


def _broadcast(shapes: Sequence[Sequence[int]]) -> int:
    """Elements of what operands of these shapes give together."""
    turned = [reversed(shape) for shape in shapes]
    sizes = zip_longest(*turned, fillvalue=1)
    return math.prod(0 if 0 in along else max(along) for along in sizes)


def _pooled(axes: int, value: torch.Tensor, output_size: int | Sequence[int | None]) -> int:
    """Elements of what is pooled to a given size along the last axes."""
    wanted = [output_size] * axes if isinstance(output_size, int) else output_size
    kept = value.shape[:-axes]
    last = zip(wanted, value.shape[-axes:], strict=True)
    return math.prod(kept) * math.prod(had if size is None else size for size, had in last)


def _convolved(
    value: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | str | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> int:
    """Elements of a convolution's result, or a little more with `same` padding."""
    sizes, kernel = value.shape[2:], weight.shape[2:]
    around: Any = padding
    if padding == "valid":
        around = 0
    elif padding == "same":
        around = kernel
    steps, margins, gaps = (
        [given] * len(kernel) if isinstance(given, int) else given
        for given in (stride, around, dilation)
    )
    out = [
        max(0, (size + 2 * margin - gap * (width - 1) - 1) // step + 1)
        for size, margin, gap, width, step in zip(sizes, margins, gaps, kernel, steps, strict=True)
    ]
    return int(value.shape[0] * weight.shape[0] * math.prod(out))


def _outline(thing: Any) -> Any:
    """The same argument, its tensors without content."""
    if isinstance(thing, torch.Tensor):
        return _Outline(torch.Tensor, (tuple(thing.shape), thing.dtype))
    if isinstance(thing, torch.device):
        return torch.device("meta")
    if isinstance(thing, dict):
        return _Outline(dict, tuple((key, _outline(item)) for key, item in thing.items()))
    if isinstance(thing, (list, tuple)):
        return _Outline(type(thing), tuple(_outline(item) for item in thing))
    # 1, 1.0 and True are equal, and no operation takes them for one another.
    return _Outline(type(thing), (thing,))


def _shadow(outline: Any) -> Any:
    """An argument of this outline on the device that keeps no content."""
    if not isinstance(outline, _Outline):
        return outline
    if outline.kind is torch.Tensor:
        shape, dtype = outline.items
        return torch.empty(shape, dtype=dtype, device="meta")
    if outline.kind is dict:
        return {key: _shadow(item) for key, item in outline.items}
    if issubclass(outline.kind, (list, tuple)):
        return outline.kind(_shadow(item) for item in outline.items)
    return outline.items[0]


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
