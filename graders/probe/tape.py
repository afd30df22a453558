"""What did the framework compute? A tape of one forward pass or one training iteration.

Each framework records on it in its own way (`torch_tape.py`); here is what a tape is: nodes, one
for each operation, and the values they read and make.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from .tape_ends import needed_for

MAX_NODES = 20_000
MAX_SCALARS = 64  # elements of a list argument that are written down


class Tape:
    """Nodes in the order they ran. Open while it is a context; `paused`, it records nothing."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.values: list[dict[str, Any]] = []
        self.tensors: list[Any] = []  # keeps ids unique while the tape lives
        self.inputs: list[int] = []  # what a root module was given
        self.outputs: list[int] = []  # what it returned
        self.scope: list[str] = []
        self.paused = False
        self.busy = 0  # depth of functions being recorded: leaving then may upset the framework
        self._where: dict[int, int] = {}  # id(tensor) -> value

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        return None

    # -- what a framework says -------------------------------------------------------------
    def is_tensor(self, thing: Any) -> bool:
        """A thing that becomes a value."""
        raise NotImplementedError

    def described(self, tensor: Any) -> dict[str, Any]:
        """shape (list of int), dtype (text), requires_grad (bool) of a value."""
        raise NotImplementedError

    def array_of(self, tensor: Any) -> Any:
        """A plain array of what is a value of this tape, but nobody's tensor (a graph's)."""
        raise NotImplementedError

    # -- recording -------------------------------------------------------------------------
    def value(self, tensor: Any) -> int:
        """The value this tensor holds now; a tensor never seen becomes a leaf."""
        known = self._where.get(id(tensor))
        return self.new_value(tensor) if known is None else known

    def new_value(self, tensor: Any) -> int:
        """From here on the tensor holds a value of its own."""
        index = len(self.values)
        self.values.append(self.described(tensor))
        self.tensors.append(tensor)
        self._where[id(tensor)] = index
        return index

    def add(self, op: str, args: list[Any], named: dict[str, Any], outs: list[int]) -> None:
        """A node of encoded arguments and the values it made."""
        scope = self.scope[-1] if self.scope else ""
        self.nodes.append({"op": op, "args": args, "named": named, "outs": outs, "scope": scope})

    @property
    def full(self) -> bool:
        return len(self.nodes) > MAX_NODES

    def flatten(self, thing: Any, depth: int = 0) -> list[Any]:
        if isinstance(thing, (tuple, list)) and depth < 4:
            return [x for item in thing for x in self.flatten(item, depth + 1)]
        if isinstance(thing, dict) and depth < 4:
            return [x for item in thing.values() for x in self.flatten(item, depth + 1)]
        return [thing]

    def tensors_in(self, thing: Any) -> list[Any]:
        """Tensors in nested lists and dicts, in order."""
        return [x for x in self.flatten(thing) if self.is_tensor(x)]

    def encode(self, thing: Any, depth: int = 0) -> Any:
        """An argument as JSON: tensors are {"t": value}, tuples and lists say what they are."""
        if self.is_tensor(thing):
            return {"t": self.value(thing)}
        if thing is None or isinstance(thing, (bool, str)):
            return thing if not isinstance(thing, str) else thing[:200]
        if isinstance(thing, int):
            return int(thing)
        if isinstance(thing, float):
            return (
                float(thing)
                if thing == thing and abs(thing) != float("inf")
                else {"float": str(thing)}
            )
        if thing is Ellipsis:
            return {"ellipsis": True}
        if isinstance(thing, slice):
            return {"slice": [self.encode(x) for x in (thing.start, thing.stop, thing.step)]}
        if isinstance(thing, (tuple, list)) and depth < 4:
            kind = "list" if isinstance(thing, list) else "tuple"
            if len(thing) > MAX_SCALARS and not any(self.is_tensor(x) for x in thing):
                return {"opaque": f"{kind} of {len(thing)}"}
            return {kind: [self.encode(x, depth + 1) for x in thing]}
        if isinstance(thing, dict) and depth < 4:
            return {"dict": {str(k): self.encode(v, depth + 1) for k, v in thing.items()}}
        if hasattr(thing, "item") and getattr(thing, "ndim", 1) == 0:
            return self.encode(thing.item(), depth + 1)
        return {"opaque": type(thing).__name__}

    # -- reading ---------------------------------------------------------------------------
    def needed_for(self, outputs: list[int], inputs: list[int]) -> tuple[list[int], list[int]]:
        """Indices of the nodes that outputs rest on, and the leaf values they start from."""
        return needed_for(self.nodes, self.values, outputs, inputs)
