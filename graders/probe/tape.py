"""What did the framework compute? A tape of one forward pass or one training iteration.

A `TorchFunctionMode` sees every call of the public torch API at the level a person writes
(`linear`, `relu`, `add`, `cross_entropy`), whoever calls it: a module, a parametrization, a
plain function. The tape therefore describes the network that really ran.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MAX_NODES = 20_000
MAX_SCALARS = 64  # elements of a list argument that are written down

# Moving data about before a network sees it: what they make counts as an input.
DATA_OPS = frozenset(
    "stack to float double long from_numpy tensor as_tensor index_select clone contiguous "
    "pin_memory cpu cuda unsqueeze squeeze view reshape flatten unbind split type type_as int "
    "narrow take randperm".split()
)


def _is_inplace(name: str) -> bool:
    return (
        (name.endswith("_") and not name.endswith("__"))
        or name == "__setitem__"
        or (
            name.startswith("__i")
            and name.endswith("__")
            and name not in ("__index__", "__int__", "__invert__")
        )
    )


class Operations:
    """Gives every torch function a short name that says where it lives: F.relu, torch.cat."""

    def __init__(self, torch: Any) -> None:
        self._names: dict[int, tuple[Any, str]] = {}
        self._functional = torch.nn.functional
        self._torch = torch

    def name(self, function: Any) -> str:
        known = self._names.get(id(function))
        if known is not None and known[0] is function:
            return known[1]
        name = self._find(function)
        if not name.startswith("get:"):  # bound getters are made anew at each access
            self._names[id(function)] = (function, name)
        return name

    def _find(self, function: Any) -> str:
        name = getattr(function, "__name__", None) or type(function).__name__
        if name in ("__get__", "__set__"):
            return f"{name.strip('_')}:{function.__self__.__name__}"
        if getattr(self._functional, name, None) is function:
            return f"F.{name}"
        if getattr(self._torch, name, None) is function:
            return f"torch.{name}"
        if getattr(self._torch.Tensor, name, None) is function:
            return f"T.{name}"
        return name


def make_tape(torch: Any) -> Callable[..., Any]:
    """The Tape class, made once torch is there. Returns `new_tape(operations) -> Tape`."""
    from torch.overrides import TorchFunctionMode

    tensor_type = torch.Tensor

    class Tape(TorchFunctionMode):
        def __init__(self, operations: Operations) -> None:
            super().__init__()
            self.operations = operations
            self.nodes: list[dict[str, Any]] = []
            self.values: list[dict[str, Any]] = []
            self.tensors: list[Any] = []  # keeps ids unique while the tape lives
            self.inputs: list[int] = []  # what a root module was given
            self.outputs: list[int] = []  # what it returned
            self.scope: list[str] = []
            self.paused = False
            self.busy = (
                0  # depth of functions being recorded: leaving then would upset torch's stack
            )
            self._where: dict[int, int] = {}  # id(tensor) -> value
            self._aliases: dict[int, list[int]] = {}  # storage -> ids of its tensors

        # -- recording ---------------------------------------------------------------------
        def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]  # torch's signature
            kwargs = kwargs or {}
            if self.paused or len(self.nodes) > MAX_NODES:
                return func(*args, **kwargs)
            name = self.operations.name(func)
            bare = name.split(".")[-1]
            before = None
            if _is_inplace(bare) or name.startswith("set:") or kwargs.get("out") is not None:
                before = self._encode(args), self._encode(kwargs)
            self.busy += 1
            try:
                result = func(*args, **kwargs)
            finally:
                self.busy -= 1
            try:
                self._record(name, bare, args, kwargs, result, before)
            except Exception:
                self.nodes.append({"op": "opaque", "args": [], "named": {}, "outs": []})
            return result

        def _record(
            self, name: str, bare: str, args: Any, kwargs: Any, result: Any, before: Any
        ) -> None:
            if before is not None:
                target = kwargs.get("out", args[0] if args else None)
                if isinstance(target, tensor_type):
                    if target.is_leaf and target.requires_grad:
                        return  # an update by hand: the parameter stays the same parameter
                    if bare in ("requires_grad_", "retain_grad") or name == "set:requires_grad":
                        return
                    self._mutated(name, target, before)
                return
            outs = [t for t in self.flatten(result) if isinstance(t, tensor_type)]
            if not outs:
                return
            if name.startswith("F.") and args and outs[0] is args[0]:
                self._mutated(name, outs[0], (self._encode(args), self._encode(kwargs)))
                return  # relu(x, inplace=True) and its kin
            if all(id(t) in self._where for t in outs) and bare not in ("detach",):
                return  # handed back one of its arguments
            encoded = self._encode(args), self._encode(kwargs)
            ids = [self._new(t) for t in outs]
            self.nodes.append(self._node(name, encoded, ids))

        def _node(self, name: str, encoded: Any, outs: list[int]) -> dict[str, Any]:
            return {
                "op": name,
                "args": encoded[0]["tuple"] if "tuple" in encoded[0] else encoded[0],
                "named": encoded[1].get("dict", {}),
                "outs": outs,
                "scope": self.scope[-1] if self.scope else "",
            }

        def _mutated(self, name: str, target: Any, before: Any) -> None:
            aliases = [k for k in self._aliases.get(self._storage(target), []) if k != id(target)]
            stale = [(k, self._where[k]) for k in aliases if k in self._where]
            new = self._new(target)
            self.nodes.append(self._node(name, before, [new]))
            for key, old in stale:
                tensor = self.tensors[old]
                value = self._new(tensor)
                self.nodes.append(
                    {
                        "op": "aliased_write",
                        "args": [{"t": old}, {"t": new}],
                        "named": {},
                        "outs": [value],
                        "scope": "",
                    }
                )
                self._where[key] = value

        def _new(self, tensor: Any) -> int:
            index = len(self.values)
            self.values.append(
                {
                    "shape": list(tensor.shape),
                    "dtype": str(tensor.dtype).removeprefix("torch."),
                    "requires_grad": bool(tensor.requires_grad),
                }
            )
            self.tensors.append(tensor)
            self._where[id(tensor)] = index
            self._aliases.setdefault(self._storage(tensor), []).append(id(tensor))
            return index

        @staticmethod
        def _storage(tensor: Any) -> int:
            try:
                return int(tensor.untyped_storage().data_ptr())
            except Exception:
                return id(tensor)

        def value(self, tensor: Any) -> int:
            """The value this tensor holds now; a tensor never seen becomes a leaf."""
            known = self._where.get(id(tensor))
            return self._new(tensor) if known is None else known

        @staticmethod
        def flatten(thing: Any, depth: int = 0) -> list[Any]:
            if isinstance(thing, (tuple, list)) and depth < 4:
                return [x for item in thing for x in Tape.flatten(item, depth + 1)]
            if isinstance(thing, dict) and depth < 4:
                return [x for item in thing.values() for x in Tape.flatten(item, depth + 1)]
            return [thing]

        def _encode(self, thing: Any, depth: int = 0) -> Any:
            if isinstance(thing, tensor_type):
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
                return {"slice": [self._encode(x) for x in (thing.start, thing.stop, thing.step)]}
            if isinstance(thing, torch.dtype):
                return {"dtype": str(thing).removeprefix("torch.")}
            if isinstance(thing, torch.device):
                return {"device": str(thing)}
            if isinstance(thing, (tuple, list)) and depth < 4:
                kind = "list" if isinstance(thing, list) else "tuple"
                if len(thing) > MAX_SCALARS and not any(isinstance(x, tensor_type) for x in thing):
                    return {"opaque": f"{kind} of {len(thing)}"}
                return {kind: [self._encode(x, depth + 1) for x in thing]}
            if isinstance(thing, dict) and depth < 4:
                return {"dict": {str(k): self._encode(v, depth + 1) for k, v in thing.items()}}
            if hasattr(thing, "item") and getattr(thing, "ndim", 1) == 0:
                return self._encode(thing.item(), depth + 1)
            return {"opaque": type(thing).__name__}

        # -- reading -----------------------------------------------------------------------
        def needed_for(self, outputs: list[int], inputs: list[int]) -> tuple[list[int], list[int]]:
            """Indices of the nodes that outputs rest on, and the leaf values they start from.

            Walks back from the outputs and stops at the inputs and at values that were only
            moved about (batches cut from a data set).
            """
            producer = {v: i for i, node in enumerate(self.nodes) for v in node["outs"]}
            data: dict[int, bool] = {}

            def is_data(value: int) -> bool:
                if value in data:
                    return data[value]
                data[value] = False
                node = producer.get(value)
                if node is None:
                    data[value] = not self.values[value]["requires_grad"]
                    return data[value]
                record = self.nodes[node]
                sources = references(record)
                if any(s in inputs for s in sources):
                    return False  # already inside the network
                bare = record["op"].split(".")[-1]
                moved = bare in DATA_OPS or (bare == "__getitem__" and not _selects_columns(record))
                data[value] = not sources or (moved and all(is_data(s) for s in sources))
                return data[value]

            def begins(value: int) -> bool:
                """An input that the loop prepared (blurred, scaled), rather than a part of the
                network between two modules, which comes from another input or is learnt."""
                if self.values[value]["requires_grad"]:
                    return False
                above, passed = [value], {value}
                while above:
                    node = producer.get(above.pop())
                    sources = references(self.nodes[node]) if node is not None else []
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
                stack.extend(references(self.nodes[node]))
            return sorted(wanted), sorted(leaves)

    return Tape


def _selects_columns(node: dict[str, Any]) -> bool:
    """True for x[:, a:b] and the like: part of each row, not some of the rows."""
    index = node["args"][1] if len(node["args"]) > 1 else None
    return isinstance(index, dict) and "tuple" in index and len(index["tuple"]) > 1


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
