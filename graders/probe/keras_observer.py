"""Where does the probe touch Keras's layers? Calls of them, and the files they are saved to."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any

from . import keras_nodes
from .compiled_evaluations import CompiledEvaluations
from .frameworks.keras_layers import KerasLayers
from .watch import Watch

SAVING = ("save", "save_weights", "export")
LOADING = ("load_weights",)
ARRAYS = ("numpy", "pandas")
FLOATS = ("float16", "float32", "float64")


class KerasObserver:
    """Watches the calls of layers in the main thread, whatever computes for Keras."""

    def __init__(self, keras: Any, watch: Watch, framework: KerasLayers) -> None:
        from keras.src.backend import KerasTensor
        from keras.src.backend.common.stateless_scope import in_stateless_scope
        from keras.src.backend.common.symbolic_scope import in_symbolic_scope

        self.keras, self.watch, self.framework = keras, watch, framework
        self._symbol, self._stateless, self._symbolic = (
            KerasTensor,
            in_stateless_scope,
            in_symbolic_scope,
        )
        self.compiled: CompiledEvaluations | None = None
        self._told = 0  # depth of compiled steps that tell themselves what they saw
        self.traced: tuple[Any, Any, Any] | None = None  # last root call in a function's graph

    def install(self) -> None:
        self._watch_calls()
        self._watch_files()

    def _watch_calls(self) -> None:
        observer, watch = self, self.watch
        layer_type = self.keras.layers.Layer
        original = layer_type.__call__
        main, this_thread = watch.thread, threading.get_ident
        modes, norm_type = self.framework.modes, self.keras.layers.BatchNormalization

        @functools.wraps(original)
        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            if this_thread() != main:
                return original(layer, *args, **kwargs)
            tape = watch.tape()
            if watch.busy or watch.ours:
                if isinstance(layer, norm_type):
                    modes[layer] = keras_nodes.in_training(layer, kwargs) and layer.trainable
                if tape is None:
                    return original(layer, *args, **kwargs)
                watch.busy += 1
                try:
                    return observer._recorded(tape, original, layer, args, kwargs)
                finally:
                    watch.busy -= 1
            training = modes[layer] = keras_nodes.in_training(layer, kwargs)
            watch.busy = 1
            try:
                if tape is None:
                    out = original(layer, *args, **kwargs)
                else:
                    args = tuple(observer._as_taken(layer, a) for a in args)
                    out = observer._recorded(tape, original, layer, args, kwargs)
            finally:
                watch.busy = 0
            watch.guard("call", observer._called, layer, (*args, *kwargs.values()), out, training)
            return out

        call.autograph_info__ = {}  # type: ignore[attr-defined]  # AutoGraph leaves it as it is
        layer_type.__call__ = call

    def _is_symbolic(self, args: Any, kwargs: Any) -> bool:
        """Keras only asks for shapes: nothing is computed."""
        if self._stateless() or self._symbolic():
            return True
        return any(isinstance(x, self._symbol) for a in (*args, *kwargs.values()) for x in each(a))

    def is_graphs(self, thing: Any) -> bool:
        """A tensor of a function that is being traced."""
        return hasattr(thing, "graph") and not self.framework.tensors.is_tensor(thing)

    def _recorded(self, tape: Any, original: Any, layer: Any, args: Any, kwargs: Any) -> Any:
        """A call under a tape: one node, or entered with the layer's path for a scope."""
        if tape.paused:
            return original(layer, *args, **kwargs)
        if self._is_symbolic(args, kwargs):
            tape.paused = True
            try:
                return original(layer, *args, **kwargs)
            finally:
                tape.paused = False
        tape.scope.append(self.watch.book.path_of(layer))
        try:
            if keras_nodes.is_leaf(layer):
                return keras_nodes.record(
                    tape, layer, args, kwargs, lambda: original(layer, *args, **kwargs)
                )
            return original(layer, *args, **kwargs)
        finally:
            tape.scope.pop()

    def _called(self, layer: Any, args: tuple[Any, ...], out: Any, training: bool) -> None:
        """A root call has ended."""
        if self._is_symbolic(args, {}):
            return
        tensors = self.framework.tensors
        answers = each(out)
        given = tuple(
            self.as_tensor(x)
            for a in args
            for x in each(a)
            if x is not None and not isinstance(x, bool)
        )
        if any(tensors.is_tensor(x) for x in answers):
            self.watch.passes.called(self.framework, layer, given, out, training)
        else:
            self._traced(layer, given, out, training)
        iteration = self.watch.open_iteration()
        model = self.watch.book.known(layer)
        if iteration is not None and model is not None:
            found = iteration.tape.tensors_in(list(answers))
            iteration.root_called(model, given, out, any(map(tensors.has_history, found)))

    def _as_taken(self, layer: Any, thing: Any) -> Any:
        """The tensor that the layer makes of an array, made before it: there a tape begins."""
        if not is_array(thing):
            return thing
        dtype = layer.input_dtype if getattr(thing, "dtype", None) in FLOATS else None
        return self.keras.ops.convert_to_tensor(thing, dtype=dtype)

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Within, compiled evaluations tell themselves what they see."""
        self._told += 1
        try:
            yield
        finally:
            self._told -= 1

    def _traced(self, layer: Any, given: tuple[Any, ...], out: Any, training: bool) -> None:
        """A root call in the graph of a function."""
        self.traced = (layer, given, out)
        if self._told or not self.framework.has_parameters(layer):
            return
        self.watch.book.meet(layer)
        if self.compiled is None:
            return
        answer = next((x for x in each(out) if self.is_graphs(x)), None)
        if answer is None or self.framework.tensors.has_history(answer):
            return
        tape = self.watch.tape()
        if tape is None:
            self.compiled.traced(layer, given, answer, training)
            return
        paused, tape.paused = tape.paused, True
        try:
            self.compiled.traced(layer, given, answer, training)
        finally:
            tape.paused = paused

    def as_tensor(self, thing: Any) -> Any:
        """What a layer makes of the arrays it is given."""
        if is_array(thing):
            return self.keras.ops.convert_to_tensor(thing)
        return thing

    def _watch_files(self) -> None:
        """Before a model is saved its weights are noted; loading ends a pass."""
        for names, action in ((SAVING, self.watch.saved), (LOADING, self.watch.passes.interrupted)):
            for name in names:
                original = getattr(self.keras.Model, name, None)
                if original is not None:
                    setattr(self.keras.Model, name, self._before(original, action))

    def _before(self, original: Any, action: Any) -> Any:
        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.watch.guard(original.__name__, action)
            return original(*args, **kwargs)

        return watched


def is_array(thing: Any) -> bool:
    """Numbers that are no framework's tensor yet."""
    return hasattr(thing, "__array__") and type(thing).__module__.startswith(ARRAYS)


def each(thing: Any) -> Any:
    """What a list holds, or the thing itself."""
    if isinstance(thing, dict):
        return tuple(thing.values())
    return thing if isinstance(thing, (list, tuple)) else (thing,)
