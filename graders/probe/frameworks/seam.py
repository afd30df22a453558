"""What must a framework tell the probe of its tensors and of its models?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..tape import Tape


class Entry(NamedTuple):
    """One tensor of a model. `tensor` is the object that lives as long as the weight does."""

    name: str
    role: str  # "parameter" or "buffer"
    tensor: Any
    learns: bool  # gradients may reach it


class Tensors(Protocol):
    """Questions about tensors; several frameworks of layers may share them."""

    def is_tensor(self, thing: Any) -> bool:
        """A tensor of this framework (a variable too)."""

    def is_weight(self, thing: Any) -> bool:
        """A tensor, floating and of a form that weights have: what a dict of weights is made
        of."""

    def learns(self, tensor: Any) -> bool:
        """Gradients may reach it."""

    def has_history(self, tensor: Any) -> bool:
        """It was computed so that a backward pass may start from it."""

    def detached(self, tensor: Any) -> Any:
        """The same values without what they were computed from."""

    def to_numpy(self, tensor: Any) -> Any:
        """A plain array of its values, on the CPU; half precisions become float32."""

    def copied(self, tensor: Any) -> Any:
        """Its values as they are now, whatever happens to it later; None when it has no plain
        ones."""

    def print_of(self, copied: Any) -> Any:
        """What tells the values of a copy from others; None for None."""

    def mark(self, tensor: Any) -> Any:
        """Something cheap that differs when its values were changed since."""

    def rows(self, tensor: Any, first: int, count: int) -> Any:
        """Rows of it, detached and safe from later writes; all of it when it has no rows."""

    def fresh_rows(self, given: Any, count: int) -> Any:
        """Rows that look like the given ones and were never seen; None when it has no floats."""

    def shape(self, tensor: Any) -> tuple[int, ...]: ...

    def nbytes(self, tensor: Any) -> int: ...

    def number(self, tensor: Any) -> float | None:
        """Its value when it has a single one."""

    def randomness_kept(self) -> AbstractContextManager[None]:
        """Leaves the student's random numbers as they would have been without us."""

    def new_tape(self) -> Tape: ...


class Framework(Protocol):
    """Questions about models: modules and layers."""

    name: str  # as evidence calls it: "torch" or "keras"

    @property
    def tensors(self) -> Tensors:
        """What its models are made of."""

    def is_model(self, thing: Any) -> bool:
        """A module or layer, with weights or without."""

    def is_layer(self, thing: Any) -> bool:
        """A library's own layer: held in a variable beside its network it is no network."""

    def has_parameters(self, model: Any) -> bool: ...

    def entries(self, model: Any) -> list[Entry]:
        """All tensors that a model is made of, in its own order."""

    def parts(self, model: Any) -> Iterable[tuple[str, Any]]:
        """(path, part) for the model itself, whose path is "", and for all within."""

    def in_training(self, model: Any) -> bool:
        """Its mode, where it has one."""

    def can_be_called(self, model: Any) -> bool: ...

    def evaluating(self, model: Any) -> AbstractContextManager[None]:
        """Within, calls of it are evaluations without gradients; afterwards all is as before."""

    def call(self, model: Any, inputs: tuple[Any, ...]) -> Any: ...

    def likely_inputs(self, model: Any) -> Iterator[tuple[Any, ...]]:
        """Noise of a form that it may take, for models that were never called."""
