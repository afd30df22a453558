"""What does the probe ask of torch's modules?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from .seam import Entry
from .torch_tensors import TorchTensors


class TorchModules:
    """Answers for `torch.nn.Module`; see `seam.Framework`."""

    name = "torch"

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.tensors = TorchTensors(torch)

    def is_model(self, thing: Any) -> bool:
        return isinstance(thing, self.torch.nn.Module)

    def is_layer(self, thing: Any) -> bool:
        home = type(thing).__module__
        return home.startswith("torch.nn.modules.") and not home.endswith(".container")

    def has_parameters(self, model: Any) -> bool:
        return next(iter(model.parameters()), None) is not None

    def entries(self, model: Any) -> list[Entry]:
        found = [Entry(n, "parameter", p, p.requires_grad) for n, p in model.named_parameters()]
        return found + [Entry(n, "buffer", b, b.requires_grad) for n, b in model.named_buffers()]

    def parts(self, model: Any) -> Iterable[tuple[str, Any]]:
        parts: Iterable[tuple[str, Any]] = model.named_modules()
        return parts

    def in_training(self, model: Any) -> bool:
        return bool(model.training)

    def can_be_called(self, model: Any) -> bool:
        # Else it is a container of weights.
        return type(model).forward is not self.torch.nn.Module.forward

    @contextlib.contextmanager
    def evaluating(self, model: Any) -> Iterator[None]:
        modes = [(module, module.training) for module in model.modules()]
        try:
            with self.tensors.randomness_kept(), self.torch.no_grad():
                model.eval()
                yield
        finally:
            for module, training in modes:
                module.training = training

    def call(self, model: Any, inputs: tuple[Any, ...]) -> Any:
        return model(*inputs)

    def likely_inputs(self, model: Any) -> Iterator[tuple[Any, ...]]:
        generator = self.torch.Generator().manual_seed(0)
        matrices = [p for p in model.parameters() if p.ndim == 2][:8]
        for width in dict.fromkeys(w for p in matrices for w in (p.shape[1], p.shape[0])):
            noise = self.torch.randn(8, width, generator=generator)
            yield (noise.to(matrices[0].device),)
