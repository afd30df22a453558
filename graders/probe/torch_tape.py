"""How is torch recorded? Every call of its public API, at the level a person writes.

A `TorchFunctionMode` sees them (`linear`, `relu`, `add`, `cross_entropy`), whoever calls: a
module, a parametrization, a plain function. The tape therefore describes the network that really
ran.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tape import Tape


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
        if _lives_in(self._functional, name, function):
            return f"F.{name}"
        if _lives_in(self._torch, name, function):
            return f"torch.{name}"
        if _lives_in(self._torch.Tensor, name, function):
            return f"T.{name}"
        return name


def _lives_in(home: Any, name: str, function: Any) -> bool:
    """Is it the function of this name, be it watched by us or not?"""
    found = getattr(home, name, None)
    return found is function or getattr(found, "__wrapped__", None) is function


def make_tape(torch: Any) -> Callable[[Operations], Any]:
    """The class of torch's tapes, made once torch is there: `new_tape(operations) -> Tape`."""
    from torch.overrides import TorchFunctionMode

    tensor_type = torch.Tensor

    class TorchTape(TorchFunctionMode, Tape):
        def __init__(self, operations: Operations) -> None:
            TorchFunctionMode.__init__(self)
            Tape.__init__(self)
            self.operations = operations
            self._aliases: dict[int, list[int]] = {}  # storage -> ids of its tensors

        def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]  # torch's signature
            kwargs = kwargs or {}
            if self.paused or self.full:
                return func(*args, **kwargs)
            name = self.operations.name(func)
            bare = name.split(".")[-1]
            before = None
            if _is_inplace(bare) or name.startswith("set:") or kwargs.get("out") is not None:
                before = self.encode(args), self.encode(kwargs)
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
            outs = self.tensors_in(result)
            if not outs:
                return
            if name.startswith("F.") and args and outs[0] is args[0]:
                self._mutated(name, outs[0], (self.encode(args), self.encode(kwargs)))
                return  # relu(x, inplace=True) and its kin
            if all(id(t) in self._where for t in outs) and bare not in ("detach",):
                return  # handed back one of its arguments
            encoded = self.encode(args), self.encode(kwargs)
            self._node(name, encoded, [self.new_value(t) for t in outs])

        def _node(self, name: str, encoded: Any, outs: list[int]) -> None:
            args = encoded[0]["tuple"] if "tuple" in encoded[0] else encoded[0]
            self.add(name, args, encoded[1].get("dict", {}), outs)

        def _mutated(self, name: str, target: Any, before: Any) -> None:
            aliases = [k for k in self._aliases.get(_storage(target), []) if k != id(target)]
            stale = [(k, self._where[k]) for k in aliases if k in self._where]
            new = self.new_value(target)
            self._node(name, before, [new])
            for key, old in stale:
                value = self.new_value(self.tensors[old])
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

        def is_tensor(self, thing: Any) -> bool:
            return isinstance(thing, tensor_type)

        def described(self, tensor: Any) -> dict[str, Any]:
            return {
                "shape": list(tensor.shape),
                "dtype": str(tensor.dtype).removeprefix("torch."),
                "requires_grad": bool(tensor.requires_grad),
            }

        def new_value(self, tensor: Any) -> int:
            index = super().new_value(tensor)
            self._aliases.setdefault(_storage(tensor), []).append(id(tensor))
            return index

        def encode(self, thing: Any, depth: int = 0) -> Any:
            if isinstance(thing, torch.dtype):
                return {"dtype": str(thing).removeprefix("torch.")}
            if isinstance(thing, torch.device):
                return {"device": str(thing)}
            return super().encode(thing, depth)

    return TorchTape


def _storage(tensor: Any) -> int:
    try:
        return int(tensor.untyped_storage().data_ptr())
    except Exception:
        return id(tensor)
