"""How is TensorFlow recorded? Each of its operations, eager or while a function is traced.

TensorFlow tells callbacks of every operation. Reading a variable is no operation of the network:
what is read is the variable's value. Writing to one is an update and makes no value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tape import Tape
from .tensorflow_attributes import plain_attributes, settings_of

SAME = frozenset("Identity ReadVariableOp EnsureShape".split())  # hand on what they are given
UPDATES = frozenset(
    "AssignVariableOp AssignAddVariableOp AssignSubVariableOp VarHandleOp VarIsInitializedOp "
    "DestroyResourceOp NoOp Placeholder Const Assert".split()
)
Find = Callable[[Any], Any]
MAX_INLINE = 64  # elements of a setting (axes, a shape) that is written down


def make_tape(tensorflow: Any) -> Callable[[Find, Find], Any]:
    """The class of TensorFlow's tapes: `new_tape(variable_of, variable_behind) -> Tape`, given who
    knows the variable that has a handle, and the one that a tensor was read from."""
    from tensorflow.python.eager import record
    from tensorflow.python.framework import op_callbacks, tensor_util
    from tensorflow.python.framework.ops import EagerTensor

    tensor_type, variable_type = tensorflow.Tensor, tensorflow.Variable

    class TensorFlowTape(Tape):
        def __init__(self, variable_of: Find, variable_behind: Find) -> None:
            super().__init__()
            self._variable_of, self._variable_behind = variable_of, variable_behind
            self._kept: list[Any] = []  # tensors that are another one's value: ids stay unique
            self._captured: dict[int, Any] = {}  # id of a graph's placeholder -> what it stands for

        def __enter__(self) -> Any:
            op_callbacks.add_op_callback(self._called)
            return self

        def __exit__(self, *_: Any) -> Any:
            op_callbacks.remove_op_callback(self._called)

        def is_tensor(self, thing: Any) -> bool:
            return isinstance(thing, (tensor_type, variable_type))

        def described(self, tensor: Any) -> dict[str, Any]:
            shape = tensor.shape
            known = [] if shape.rank is None else [0 if n is None else n for n in shape.as_list()]
            if isinstance(tensor, variable_type):
                grad = bool(tensor.trainable)
            else:
                grad = bool(record.should_record_backprop([tensor]))
            return {"shape": known, "dtype": tensor.dtype.name, "requires_grad": grad}

        def value(self, tensor: Any) -> int:
            known = self._where.get(id(tensor))
            if known is not None:
                return known
            if isinstance(tensor, variable_type):
                return self.new_value(tensor)
            if isinstance(tensor, EagerTensor):
                source = self._source(tensor)
            else:
                source = self._outer(tensor)
            if source is None or source is tensor:
                return self.new_value(tensor)
            self.alias(tensor, self.value(source))
            return self._where[id(tensor)]

        def _source(self, tensor: Any) -> Any:
            """The variable that an eager operation read before we could see it."""
            if not tensor.dtype.is_floating:
                return None
            paused, self.paused = self.paused, True
            try:
                return self._variable_behind(tensor)
            finally:
                self.paused = paused

        def alias(self, tensor: Any, value: int) -> None:
            """This tensor is only another name of a value."""
            self._where[id(tensor)] = value
            self._kept.append(tensor)

        def array_of(self, tensor: Any) -> Any:
            """Values of a tensor of a graph, where they are fixed; else an array without rows."""
            import numpy as np

            fixed = tensor_util.constant_value(tensor)
            if isinstance(fixed, np.ndarray) and not fixed.dtype.hasobject:
                return fixed
            shape = self.described(tensor)["shape"]
            return np.zeros([0, *shape[1:]] if shape else [], dtype=np.float32)

        def _outer(self, tensor: Any) -> Any:
            """What a placeholder in a function's graph stands for, outside of it."""
            known = self._captured.get(id(tensor))
            if known is not None:
                return known
            graph = getattr(tensor, "graph", None)
            for outside, inside in getattr(graph, "captures", ()):
                self._captured[id(inside)] = outside
                self._kept.append(inside)
            return self._captured.get(id(tensor), tensor)

        def _variable(self, handle: Any) -> Any:
            while not isinstance(handle, EagerTensor):
                outer = self._outer(handle)
                if outer is handle:
                    return None
                handle = outer
            return self._variable_of(handle)

        def _called(
            self, op: Any, inputs: Any, attrs: Any, outputs: Any, *_: Any, **__: Any
        ) -> None:
            if self.paused or self.full or not outputs:
                return
            try:
                self._record(op.decode() if isinstance(op, bytes) else op, inputs, attrs, outputs)
            except Exception:
                self.add("opaque", [], {}, [])

        def _record(self, op: str, inputs: Any, attrs: Any, outputs: Any) -> None:
            if op in UPDATES:
                return
            if op == "ReadVariableOp":
                variable = self._variable(inputs[0])
                if variable is not None:
                    self.alias(outputs[0], self.value(variable))
                    return
            elif op in SAME:
                self.alias(outputs[0], self.value(inputs[0]))
                return
            args = [
                self._argument(tensor, setting)
                for tensor, setting in zip(inputs, settings_of(op, len(inputs)), strict=True)
            ]
            learnt = bool(record.should_record_backprop(list(inputs)))
            outs = [self._made(tensor, learnt) for tensor in outputs]
            self.add("tf." + op, args, self.encode(plain_attributes(attrs))["dict"], outs)

        def _made(self, tensor: Any, learnt: bool) -> int:
            value = self.new_value(tensor)
            # A graph's operation is entered on the gradient tape only after we are told of it.
            if learnt and tensor.dtype.is_floating:
                self.values[value]["requires_grad"] = True
            return value

        def _argument(self, tensor: Any, setting: bool) -> Any:
            """A value, or what a number or a setting (axes, a shape) says."""
            if id(tensor) not in self._where and (setting or tensor.shape.rank == 0):
                fixed = tensor_util.constant_value(tensor)
                if fixed is not None and fixed.dtype.kind in "biuf" and fixed.size <= MAX_INLINE:
                    return self.encode(fixed.tolist())
            return self.encode(tensor)

    return TensorFlowTape
