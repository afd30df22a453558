"""Where does the probe touch TensorFlow's training? Gradient tapes, optimizers, functions."""

from __future__ import annotations

import functools
import threading
from typing import Any

from .tape_training import TapeTraining
from .watch import Watch


class TapeHooks:
    """Watches gradients, steps of Keras' optimizers and calls of compiled functions in the main
    thread."""

    def __init__(self, tensorflow: Any, training: TapeTraining, watch: Watch) -> None:
        self.tf, self.training, self.watch = tensorflow, training, watch

    def install(self) -> None:
        self._watch_gradients()
        self._watch_steps()
        self._watch_tracing()
        self._watch_calls()

    def _ours(self) -> bool:
        return self.watch.ours or threading.get_ident() != self.watch.thread

    def _watch_gradients(self) -> None:
        training, watch = self.training, self.watch
        original = self.tf.GradientTape.gradient

        @functools.wraps(original)
        def gradient(tape: Any, target: Any, sources: Any, *args: Any, **kwargs: Any) -> Any:
            if self._ours():
                return original(tape, target, sources, *args, **kwargs)
            watch.guard("before_gradient", training.before_gradient, target, sources)
            found = original(tape, target, sources, *args, **kwargs)
            watch.guard("after_gradient", training.after_gradient, found)
            return found

        self.tf.GradientTape.gradient = not_converted(gradient)

    def _watch_steps(self) -> None:
        """Every optimizer of Keras' ends in this method; one that wraps another one too."""
        from keras.src.optimizers.base_optimizer import BaseOptimizer

        training, watch = self.training, self.watch
        original = BaseOptimizer.apply

        @functools.wraps(original)
        def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
            if self._ours():
                return original(optimizer, grads, trainable_variables)
            grads = list(grads)
            if trainable_variables is not None:
                trainable_variables = list(trainable_variables)
            watch.guard("before_step", training.before_step, optimizer, grads, trainable_variables)
            done = original(optimizer, grads, trainable_variables)
            watch.guard("after_step", training.after_step)
            return done

        BaseOptimizer.apply = not_converted(apply)

    def _watch_tracing(self) -> None:
        from tensorflow.python.framework import func_graph

        compiled = self.training.compiled
        original = func_graph.func_graph_from_py_func

        @functools.wraps(original)
        def traced(*args: Any, **kwargs: Any) -> Any:
            if self._ours():
                return original(*args, **kwargs)
            self.watch.guard("tracing", compiled.tracing_began)
            try:
                return original(*args, **kwargs)
            finally:
                self.watch.guard("traced", compiled.tracing_ended)

        func_graph.func_graph_from_py_func = traced

    def _watch_calls(self) -> None:
        from tensorflow.python.eager import context
        from tensorflow.python.eager.polymorphic_function.concrete_function import (
            ConcreteFunction,
        )

        watch, compiled = self.watch, self.training.compiled
        original = ConcreteFunction._call_flat
        eagerly = context.executing_eagerly

        @functools.wraps(original)
        def call(function: Any, tensor_inputs: Any, captured_inputs: Any) -> Any:
            if not compiled.any or not eagerly() or self._ours():
                return original(function, tensor_inputs, captured_inputs)
            known = compiled.compiled(function, captured_inputs)
            if known is None:
                return original(function, tensor_inputs, captured_inputs)
            watch.guard("before_call", compiled.before_call, known)
            try:
                return original(function, tensor_inputs, captured_inputs)
            finally:
                watch.guard("after_call", compiled.after_call, known)

        ConcreteFunction._call_flat = call


def not_converted(function: Any) -> Any:
    """AutoGraph leaves this function as it is, also in a loop that it converts."""
    function.autograph_info__ = {}
    return function
