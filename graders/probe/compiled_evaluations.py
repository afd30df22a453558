"""Which rows did a compiled function show a network, and what did it answer?

A function of the notebook's that TensorFlow compiled, `test_step(images, labels)` say, calls no
layer when it runs. So what its network is given and answers is also assigned, in the traced graph,
to variables of ours, which only refers to it; they are read when the function has run.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

from .frameworks.keras_layers import KerasLayers
from .watch import Watch


class Tap:
    """One call of a network in a function's graph."""

    def __init__(
        self, tf: Any, model: Any, given: list[Any], out: Any, *, training: bool, fixed: bool
    ) -> None:
        """`fixed`: XLA compiles the function, in which a variable keeps its shape."""
        self._raw, self._int = tf.raw_ops, tf.int64
        self.model, self.training = weakref.ref(model), training
        self._dtypes = [tensor.dtype for tensor in (*given, out)]
        with tf.init_scope():
            self.handles = [self._variable(tf, tensor, fixed) for tensor in (*given, out)]
            self.counter = self._variable(tf, tf.zeros([], tf.int64), True)
        for handle, tensor in zip(self.handles, (*given, out), strict=True):
            self._raw.AssignVariableOp(resource=handle, value=tensor)
        self._raw.AssignAddVariableOp(resource=self.counter, value=tf.ones([], tf.int64))
        self._seen = 0

    def _variable(self, tf: Any, like: Any, fixed: bool) -> Any:
        """Without a name that a function takes for its own."""
        from tensorflow.python.eager import context

        handle = self._raw.VarHandleOp(
            dtype=like.dtype,
            shape=like.shape if fixed else tf.TensorShape(None),
            shared_name=context.anonymous_name(),
        )
        zeros = tf.zeros(like.shape if fixed else [0], like.dtype)
        self._raw.AssignVariableOp(resource=handle, value=zeros)
        return handle

    def read(self) -> tuple[list[Any], Any] | None:
        """What the network was given and answered; None when it was not called just once since
        this was last asked (in a compiled loop, whose earlier batches are gone)."""
        count = int(self._raw.ReadVariableOp(resource=self.counter, dtype=self._int))
        calls, self._seen = count - self._seen, count
        if calls != 1:
            return None
        values = [
            self._raw.ReadVariableOp(resource=handle, dtype=dtype)
            for handle, dtype in zip(self.handles, self._dtypes, strict=True)
        ]
        return values[:-1], values[-1]


class CompiledEvaluations:
    """Taps root calls in functions' graphs, and reads them after each call from outside."""

    def __init__(self, tensorflow: Any, framework: KerasLayers, watch: Watch) -> None:
        self.tf, self.framework, self.watch = tensorflow, framework, watch
        self._taps: dict[int, Tap] = {}  # by id of the counter
        self._under_tape: Callable[[], bool] = lambda: False  # outside, gradients are kept
        self._known: weakref.WeakKeyDictionary[Any, list[Tap]] = weakref.WeakKeyDictionary()

    def install(self) -> None:
        from tensorflow.python.eager import context, record
        from tensorflow.python.eager.polymorphic_function.concrete_function import (
            ConcreteFunction,
        )

        self._under_tape = record.could_possibly_record
        watch, eagerly = self.watch, context.executing_eagerly
        original = ConcreteFunction._call_flat

        def call(function: Any, tensor_inputs: Any, captured_inputs: Any) -> Any:
            result = original(function, tensor_inputs, captured_inputs)
            if self._taps and eagerly() and not watch.ours:
                watch.guard("compiled evaluation", self._ran, function, captured_inputs)
            return result

        ConcreteFunction._call_flat = call

    def traced(self, model: Any, given: tuple[Any, ...], out: Any, training: bool) -> None:
        """A network is called in the graph that is being traced, and no gradient is asked for."""
        graph = self.tf.compat.v1.get_default_graph()
        graphs = [graph]
        while getattr(graphs[-1], "outer_graph", None) is not None:
            graphs.append(graphs[-1].outer_graph)
        if any(str(getattr(g, "name", "")).startswith("Dataset") for g in graphs):
            return  # run by threads of a data set's own
        inputs = [t for t in given if getattr(t, "graph", None) is graph]
        fixed = self._by_xla()
        known = all(t.shape.is_fully_defined() for t in (*inputs, out))
        if inputs and getattr(out, "graph", None) is graph and (known or not fixed):
            tap = Tap(self.tf, model, inputs, out, training=training, fixed=fixed)
            self._taps[id(tap.counter)] = tap

    def _by_xla(self) -> bool:
        """One of the functions that are being traced is to be compiled by XLA."""
        from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

        frame: FrameType | None = sys._getframe()
        while frame is not None:
            owner = frame.f_locals.get("self")
            if isinstance(owner, Function) and owner._jit_compile:
                return True
            frame = frame.f_back
        return False

    def _ran(self, function: Any, captured: Any) -> None:
        taps = self._known.get(function)
        if taps is None:
            found = (self._taps.get(id(tensor)) for tensor in captured)
            taps = self._known[function] = [tap for tap in found if tap is not None]
        for tap in taps:
            model, seen = tap.model(), tap.read()
            if seen is not None and model is not None:
                given, out = seen
                self.watch.passes.called(
                    self.framework,
                    model,
                    tuple(given),
                    out,
                    tap.training,
                    grad=self._under_tape(),
                )
