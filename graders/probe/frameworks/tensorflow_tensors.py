"""What does the probe ask of TensorFlow's tensors and variables?

A value read from a variable shares its memory until the variable is written to, which then gets
memory of its own: copies of a state cost nothing as long as nothing changes, and memory that is
still the same says that nothing did.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from typing import Any

from ..tape import Tape
from ..tensorflow_tape import make_tape
from .randomness import randomness_kept

NEARBY = 0.1  # of a column's deviation, that fresh rows lie beside given ones
HALVES = ("float16", "bfloat16")


class TensorFlowTensors:
    """Answers for eager `tf.Tensor` and `tf.Variable`; see `seam.Tensors`."""

    def __init__(self, tensorflow: Any) -> None:
        from tensorflow.python.eager import context, record
        from tensorflow.python.framework.ops import EagerTensor
        from tensorflow.python.ops.gen_resource_variable_ops import read_variable_op

        self._read_handle = read_variable_op  # ten times as fast as the variable's own way
        self.tf = tensorflow
        self._context, self._record = context, record
        self._eager, self._variable = EagerTensor, tensorflow.Variable
        # Operations name a variable by its handle alone.
        self._by_handle: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._tape_type = make_tape(tensorflow)
        self._watch_handles()

    def _watch_handles(self) -> None:
        from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

        original, handles, known = BaseResourceVariable.__init__, self._by_handle, self.variable_of

        def made(variable: Any, *args: Any, **kwargs: Any) -> None:
            original(variable, *args, **kwargs)
            handle = getattr(variable, "_handle", None)
            # What an assignment returns is another object with the variable's handle.
            if handle is not None and known(handle) is None:
                handles[id(handle)] = variable

        BaseResourceVariable.__init__ = made

    def variable_of(self, handle: Any) -> Any:
        """The variable that has this handle; None when it is not known."""
        variable = self._by_handle.get(id(handle))
        return variable if variable is not None and variable._handle is handle else None

    def variable_behind(self, tensor: Any) -> Any:
        """The variable that this was read from, as it shares its memory; None for others. Eager
        operations read a variable they are given without telling."""
        place = _address(tensor)
        for variable in list(self._by_handle.values()) if place is not None else ():
            if variable.dtype == tensor.dtype and variable.shape == tensor.shape:
                try:
                    found = _address(self._read(variable)) == place
                except self.tf.errors.FailedPreconditionError:
                    continue  # it has no value yet
                if found:
                    return variable
        return None

    def is_tensor(self, thing: Any) -> bool:
        return isinstance(thing, (self._eager, self._variable))

    def is_weight(self, thing: Any) -> bool:
        if not isinstance(thing, self._variable):
            return False  # a list of other tensors is more likely one of gradients
        return bool(thing.dtype.is_floating) and len(thing.shape) <= 4

    def learns(self, tensor: Any) -> bool:
        return isinstance(tensor, self._variable) and bool(tensor.trainable)

    def has_history(self, tensor: Any) -> bool:
        return bool(self._record.should_record_backprop([tensor]))

    def detached(self, tensor: Any) -> Any:
        return self._read(tensor)

    def _read(self, tensor: Any) -> Any:
        if not isinstance(tensor, self._variable):
            return tensor
        handle = getattr(tensor, "_handle", None)
        known = isinstance(handle, self._eager)
        if known and not self._record.could_possibly_record():
            return self._read_handle(handle, tensor.dtype)
        with self._record.stop_recording():
            if known:
                return self._read_handle(handle, tensor.dtype)
            return tensor._read_variable_op()

    def to_numpy(self, tensor: Any) -> Any:
        read = self._read(tensor)
        if read.dtype.name in HALVES:
            import numpy as np

            return read.numpy().astype(np.float32)
        return read.numpy()

    def copied(self, tensor: Any) -> Any:
        return self._read(tensor)

    def print_of(self, copied: Any) -> Any:
        return None if copied is None else Print(copied, self.to_numpy)

    def mark(self, tensor: Any) -> Any:
        return id(tensor), _address(self._read(tensor))

    def rows(self, tensor: Any, first: int, count: int) -> Any:
        read = self._read(tensor)
        return self.tf.constant(read.numpy()[first : first + count]) if len(read.shape) else read

    def fresh_rows(self, given: Any, count: int) -> Any:
        import numpy as np

        if not given.dtype.is_floating:
            return None
        array = self.to_numpy(given)
        rng = np.random.default_rng()
        chosen = rng.integers(len(array), size=(count, *array.shape[1:]))
        rows = np.take_along_axis(array, chosen, axis=0)
        noise = NEARBY * array.std(axis=0, keepdims=True) * rng.standard_normal(rows.shape)
        return self.tf.constant(rows + noise, dtype=given.dtype)

    def shape(self, tensor: Any) -> tuple[int, ...]:
        return tuple(tensor.shape)

    def nbytes(self, tensor: Any) -> int:
        size = 1
        for length in tensor.shape:
            size *= length
        return int(size * tensor.dtype.size)

    def number(self, tensor: Any) -> float | None:
        numeric = tensor.dtype.is_floating or tensor.dtype.is_integer
        array = self.to_numpy(tensor) if numeric and self.nbytes(tensor) <= 8 else None
        return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None

    @contextlib.contextmanager
    def randomness_kept(self) -> Iterator[None]:
        context = self._context.context()
        generator = getattr(context, "_rng", None)
        state = generator.getstate() if generator is not None else None
        with randomness_kept():
            try:
                yield
            finally:
                if generator is not None and generator.getstate() != state:
                    # The next operation gets the seed that ours got; it shall not go on from
                    # where ours stopped.
                    generator.setstate(state)
                    self._context.context()._clear_caches()

    def unrecorded(self) -> Any:
        """A context in which no gradient tape sees what is computed."""
        return self._record.stop_recording()

    def new_tape(self) -> Tape:
        tape: Tape = self._tape_type(self.variable_of, self.variable_behind)
        return tape


class Print:
    """Equal to another one of the same values. Holding them, it sees at once that nothing was
    written."""

    def __init__(self, copied: Any, to_numpy: Any) -> None:
        self._copied, self._to_numpy = copied, to_numpy

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Print):
            return False
        mine, theirs = self._copied, other._copied
        place = _address(mine)
        if mine is theirs or (place is not None and place == _address(theirs)):
            return True
        one, two = self._to_numpy(mine), self._to_numpy(theirs)
        alike = one.dtype == two.dtype and one.shape == two.shape
        return bool(alike and one.tobytes() == two.tobytes())

    __hash__ = object.__hash__


def _address(tensor: Any) -> Any:
    """Where the values of a tensor lie; None where that is not told (on another device)."""
    import numpy as np

    try:
        return np.asarray(memoryview(tensor)).__array_interface__["data"][0]
    except Exception:
        return None
