"""What does the probe ask of torch's tensors?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..tape import Tape
from ..torch_tape import Operations, make_tape
from .randomness import randomness_kept

NEARBY = 0.1  # of a column's deviation, that fresh rows lie beside given ones


class TorchTensors:
    """Answers for `torch.Tensor`; see `seam.Tensors`."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self._tape_type = make_tape(torch)
        self._operations = Operations(torch)

    def is_tensor(self, thing: Any) -> bool:
        return isinstance(thing, self.torch.Tensor)

    def is_weight(self, thing: Any) -> bool:
        if not isinstance(thing, self.torch.Tensor):
            return False
        return bool(thing.is_floating_point()) and thing.ndim <= 4

    def learns(self, tensor: Any) -> bool:
        return bool(tensor.requires_grad)

    def has_history(self, tensor: Any) -> bool:
        return bool(tensor.requires_grad)

    def detached(self, tensor: Any) -> Any:
        return tensor.detach()

    def to_numpy(self, tensor: Any) -> Any:
        return to_numpy(tensor)

    def copied(self, tensor: Any) -> Any:
        with self.torch.no_grad():
            return tensor.detach().clone() if _is_plain(tensor) else None

    def print_of(self, copied: Any) -> Any:
        return None if copied is None else hash(to_numpy(copied).tobytes())

    def mark(self, tensor: Any) -> Any:
        # Writes through `.data` do not count as a version: the first value catches most.
        first = (
            float(tensor.detach().reshape(-1)[0]) if tensor.numel() and not tensor.is_cuda else 0
        )
        return id(tensor), tensor._version, tensor.data_ptr(), first

    def rows(self, tensor: Any, first: int, count: int) -> Any:
        detached = tensor.detach()
        return detached[first : first + count].clone() if tensor.ndim else detached.clone()

    def fresh_rows(self, given: Any, count: int) -> Any:
        return fresh_rows(self.torch, given, count) if given.is_floating_point() else None

    def shape(self, tensor: Any) -> tuple[int, ...]:
        return tuple(tensor.shape)

    def nbytes(self, tensor: Any) -> int:
        return int(tensor.nbytes)

    def number(self, tensor: Any) -> float | None:
        return float(tensor.detach()) if tensor.numel() == 1 else None

    @contextlib.contextmanager
    def randomness_kept(self) -> Iterator[None]:
        state = self.torch.get_rng_state()
        with randomness_kept():
            try:
                yield
            finally:
                self.torch.set_rng_state(state)

    def new_tape(self) -> Tape:
        tape: Tape = self._tape_type(self._operations)
        return tape


def to_numpy(tensor: Any) -> Any:
    """A plain array of a tensor's values, on the CPU; half precisions become float32."""
    plain = tensor.detach()
    if not _is_plain(plain):
        plain = plain.to_dense() if plain.is_sparse else plain.dequantize()
    if str(plain.dtype) in ("torch.bfloat16", "torch.float16"):
        plain = plain.float()
    return plain.cpu().resolve_conj().resolve_neg().numpy()


def fresh_rows(torch: Any, given: Any, count: int) -> Any:
    """Rows that look like the given ones: each value is one of its column's, moved a little."""
    chosen = torch.randint(len(given), (count, *given.shape[1:]), device=given.device)
    rows = torch.gather(given, 0, chosen)
    spread = given.float().std(dim=0, keepdim=True).nan_to_num(0.0).to(given.dtype)
    return rows + NEARBY * spread * torch.randn_like(rows)


def _is_plain(tensor: Any) -> bool:
    return str(tensor.layout) == "torch.strided" and not tensor.is_quantized and not tensor.is_meta
