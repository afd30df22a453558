"""A GPU is asked for and there is none: the CPU answers.

Absent where CUDA exists. Each wrapper looks at one argument and calls on: some 0.1 microseconds.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from ..imports import when_imported
from ..notices import note

FACTORIES = (
    "arange",
    "as_tensor",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "scalar_tensor",
    "tensor",
    "zeros",
    "zeros_like",
)
METHODS = ("new_empty", "new_full", "new_ones", "new_tensor", "new_zeros")
_ABSENT = ("cuda", "mps", "xpu", "hip")


def install() -> None:
    """Map every way of asking for a GPU when torch comes and has none."""
    when_imported("torch", map_to_cpu)


def map_to_cpu(torch: Any) -> None:
    """Put the wrappers in place, unless this machine has CUDA."""
    if torch.cuda.is_available():
        return
    absent = _absent(torch)
    tensor = torch.Tensor
    tensor.to = _to(tensor.to, absent)
    for name in ("cuda", "xpu", "hip"):
        if hasattr(tensor, name):
            setattr(tensor, name, _stay(getattr(tensor, name), name))
    tensor.pin_memory = _stay(tensor.pin_memory, "pin_memory")
    for name in METHODS:
        setattr(tensor, name, _by_keyword(getattr(tensor, name), absent))
    for name in FACTORIES:
        setattr(torch, name, _by_keyword(getattr(torch, name), absent))
    torch.load = _load(torch.load, absent)
    for name in ("set_default_device", "set_default_tensor_type"):
        setattr(torch, name, _default(getattr(torch, name), absent))
    _cuda_module(torch)


def _absent(torch: Any) -> Callable[[Any], bool]:
    device = torch.device
    mps = getattr(torch.backends, "mps", None)
    names = tuple(n for n in _ABSENT if not (n == "mps" and mps and mps.is_available()))

    def absent(asked: Any) -> bool:
        """Is this a device that the machine does not have?"""
        if isinstance(asked, str):
            found = asked.startswith(names)
        elif isinstance(asked, device):
            found = asked.type in names
        else:
            found = isinstance(asked, int) and not isinstance(asked, bool)
        if found:
            note("device", f"{asked} -> cpu")
        return found

    return absent


def _to(real: Any, absent: Callable[[Any], bool]) -> Any:
    @functools.wraps(real)
    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and absent(args[0]):
            args = ("cpu", *args[1:])
        elif "device" in kwargs and absent(kwargs["device"]):
            kwargs["device"] = "cpu"
        return real(self, *args, **kwargs)

    return to


def _stay(real: Any, name: str) -> Any:
    @functools.wraps(real)
    def stay(self: Any, *args: Any, **kwargs: Any) -> Any:
        note("device", f".{name}() -> cpu")
        return self

    return stay


def _by_keyword(real: Any, absent: Callable[[Any], bool]) -> Any:
    @functools.wraps(real)
    def make(*args: Any, **kwargs: Any) -> Any:
        if "device" in kwargs and absent(kwargs["device"]):
            kwargs["device"] = "cpu"
        return real(*args, **kwargs)

    return make


def _load(real: Any, absent: Callable[[Any], bool]) -> Any:
    @functools.wraps(real)
    def load(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
        if map_location is None or (not callable(map_location) and _maps(map_location, absent)):
            map_location = "cpu"
        return real(f, map_location, *args, **kwargs)

    return load


def _maps(location: Any, absent: Callable[[Any], bool]) -> bool:
    if isinstance(location, dict):
        return any(absent(target) for target in location.values())
    return absent(location)


def _default(real: Any, absent: Callable[[Any], bool]) -> Any:
    @functools.wraps(real)
    def set_default(asked: Any) -> Any:
        if absent(asked) or "cuda" in str(asked):
            note("device", f"{asked} -> cpu")
            return None
        return real(asked)

    return set_default


class _Event:
    """`torch.cuda.Event`, by the clock."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._moment = 0.0

    def record(self, *args: Any) -> None:
        self._moment = time.perf_counter()

    def synchronize(self) -> None:
        """Nothing to wait for."""

    wait = query = synchronize

    def elapsed_time(self, other: _Event) -> float:
        """Milliseconds from this event to the other."""
        return (other._moment - self._moment) * 1000


def _cuda_module(torch: Any) -> None:
    """What asks the driver and would raise; the rest of `torch.cuda` copes without a GPU."""

    def nothing() -> Any:
        # A function of its own for each name: torch's compiler keeps a table of functions by
        # identity and refuses one that stands in it twice.
        return lambda *args, **kwargs: None

    answers: dict[str, Any] = {
        "synchronize": nothing(),
        "set_device": nothing(),
        "reset_peak_memory_stats": nothing(),
        "reset_max_memory_allocated": nothing(),
        "ipc_collect": nothing(),
        "current_device": lambda: 0,
        "get_device_name": lambda *args: "cpu",
        "get_device_capability": lambda *args: (0, 0),
        "mem_get_info": lambda *args: (0, 0),
        "memory_summary": lambda *args, **kwargs: "",
        "Event": _Event,
    }
    for name, answer in answers.items():
        if hasattr(torch.cuda, name):
            setattr(torch.cuda, name, answer)
    if hasattr(torch, "mps"):
        for name in ("synchronize", "empty_cache", "manual_seed"):
            setattr(torch.mps, name, nothing())
