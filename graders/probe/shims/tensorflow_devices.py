"""TensorFlow is told what to do with a GPU and there is none: nothing happens, nothing fails."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..imports import when_imported
from ..notices import note

# Functions of tf.config (and of tf.config.experimental) whose first argument is a GPU or several.
SETTINGS = (
    "set_logical_device_configuration",
    "set_memory_growth",
    "set_virtual_device_configuration",
    "set_visible_devices",
)
LISTS = ("list_physical_devices", "get_visible_devices", "list_logical_devices")


class NoDevices(list[Any]):
    """An empty list of GPUs, whose first one can be named all the same: `gpus[0]`."""

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int) and index in (0, -1):
            return AbsentDevice()
        return super().__getitem__(index)


class AbsentDevice:
    """A GPU that is not there."""

    name = "/physical_device:GPU:0"
    device_type = "GPU"

    def __repr__(self) -> str:
        return f"PhysicalDevice(name='{self.name}', device_type='GPU')"


def install() -> None:
    """Watch for TensorFlow."""
    when_imported("tensorflow", _without_gpu)


def _without_gpu(tensorflow: Any) -> None:
    config = tensorflow.config
    if config.list_physical_devices("GPU"):
        return
    for module in (config, config.experimental):
        for name in SETTINGS:
            if hasattr(module, name):
                setattr(module, name, _setting(getattr(module, name)))
        for name in LISTS:
            if hasattr(module, name):
                setattr(module, name, _listing(getattr(module, name)))


def _setting(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def setting(*args: Any, **kwargs: Any) -> Any:
        asked = args[0] if args else next(iter(kwargs.values()), None)
        several = asked if isinstance(asked, (list, tuple)) else [asked]
        if isinstance(asked, NoDevices) or any(isinstance(one, AbsentDevice) for one in several):
            note("device", f"tf.config: {real.__name__}")
            return None
        return real(*args, **kwargs)

    return setting


def _listing(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def listing(device_type: Any = None) -> Any:
        found = real(device_type)
        return (
            NoDevices() if not found and str(device_type).upper() in ("GPU", "XLA_GPU") else found
        )

    return listing
