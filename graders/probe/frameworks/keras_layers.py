"""What does the probe ask of Keras's layers? The same whatever computes for them."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from .seam import Entry, Tensors

LIBRARY = ("keras.src.layers.", "keras.layers.")


class KerasLayers:
    """Answers for `keras.Layer`; see `seam.Framework`."""

    name = "keras"

    def __init__(self, keras: Any, tensors: Tensors) -> None:
        self.keras, self.tensors = keras, tensors
        self._layer = keras.layers.Layer
        # In which mode models and normalisations were last called: layers have none themselves.
        self.modes: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()

    def is_model(self, thing: Any) -> bool:
        return isinstance(thing, self._layer)

    def is_layer(self, thing: Any) -> bool:
        return type(thing).__module__.startswith(LIBRARY)

    def has_parameters(self, model: Any) -> bool:
        return any(
            entry.role == "parameter"
            for _path, part in self.parts(model)
            for entry in self._own_entries(part)
        )

    def entries(self, model: Any) -> list[Entry]:
        found: dict[int, Entry] = {}
        for path, part in self.parts(model):
            for name, role, tensor, learns in self._own_entries(part):
                if tensor is not None:
                    named = f"{path}.{name}".lstrip(".")
                    able = bool(role == "parameter" and model.trainable and learns)
                    found.setdefault(id(tensor), Entry(named, role, tensor, able))
        return list(found.values())

    def _own_entries(self, layer: Any) -> Iterator[Entry]:
        """Variables of the layer itself; those of a student's layer may be the backend's own."""
        for variable in layer._trainable_variables:
            yield Entry(last_name(variable), "parameter", backing(variable), variable.trainable)
        for variable in layer._non_trainable_variables:
            yield Entry(last_name(variable), "buffer", backing(variable), False)
        if type(layer).__module__.startswith("keras."):
            return
        held = vars(layer)
        for name, thing in [*held.items(), *held.get("_parameters", {}).items()]:
            listed = isinstance(thing, (list, tuple))
            for place, item in enumerate(thing if listed else (thing,)):
                if self.tensors.is_weight(item):
                    role = "parameter" if self.tensors.learns(item) else "buffer"
                    yield Entry(
                        f"{name}.{place}" if listed else name, role, item, role == "parameter"
                    )

    def parts(self, model: Any) -> Iterable[tuple[str, Any]]:
        return _parts(model, "", set())

    def in_training(self, model: Any) -> bool:
        return self.modes.get(model, False)

    def can_be_called(self, model: Any) -> bool:
        return type(model).call is not self._layer.call and bool(model.built)

    @contextlib.contextmanager
    def evaluating(self, model: Any) -> Iterator[None]:
        with self.tensors.randomness_kept(), self._as_before(model), self._eagerly():
            yield

    @contextlib.contextmanager
    def _as_before(self, model: Any) -> Iterator[None]:
        """Afterwards no statistic has moved, no seed was used, no loss added, no name taken."""
        from keras.src.backend.common import global_state
        from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

        layers = [part for _path, part in self.parts(model)]
        losses = [(layer, list(layer._losses)) for layer in layers]
        names = global_state.get_global_attribute("object_name_uids")
        taken = dict(names) if names is not None else None
        seeds = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
        variables = [v for layer in layers for v in layer._non_trainable_variables]
        variables += [generator.state for layer in layers for generator in layer._seed_generators]
        variables += [v for layer in layers for metric in layer._metrics for v in metric.variables]
        variables += [seeds.state] if seeds is not None else []
        tensors = [t for t in map(backing, variables) if t is not None]
        kept = [(t, self.tensors.copied(t), self.tensors.mark(t)) for t in tensors]
        try:
            yield
        finally:
            for tensor, copied, mark in kept:
                if copied is not None and self.tensors.mark(tensor) != mark:
                    self._put_back(tensor, copied)
            for layer, held in losses:
                layer._losses.clear()
                layer._losses.extend(held)
            if seeds is None:
                global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)
            if names is not None and taken is not None:
                names.clear()
                names.update(taken)

    @contextlib.contextmanager
    def _eagerly(self) -> Iterator[None]:
        """No gradients are kept; functions are run rather than compiled, so that all is seen."""
        import sys

        if self.keras.backend.backend() == "torch":
            with sys.modules["torch"].no_grad():
                yield
            return
        from tensorflow.python.eager import record

        tf = sys.modules["tensorflow"]
        before = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(True)
        try:
            with record.stop_recording():
                yield
        finally:
            tf.config.run_functions_eagerly(before)

    def _put_back(self, tensor: Any, copied: Any) -> None:
        if self.keras.backend.backend() == "torch":
            tensor.data.copy_(copied)
        else:
            tensor.assign(copied)

    def call(self, model: Any, inputs: tuple[Any, ...]) -> Any:
        mode = {"training": False} if model._call_has_training_arg else {}
        if len(inputs) > 1 and (hasattr(model, "inputs") or self._takes(model) < len(inputs)):
            return model(list(inputs), **mode)
        return model(*inputs, **mode)

    def _takes(self, model: Any) -> int:
        """How many inputs its `call` names."""
        names = model._call_signature.parameters
        return sum(name not in ("training", "mask") for name in names)

    def likely_inputs(self, model: Any) -> Iterator[tuple[Any, ...]]:
        import numpy as np

        if not all(part.built for _path, part in self.parts(model)):
            return  # noise would settle the shape of what is not built yet
        shapes = (getattr(model, "_build_shapes_dict", None) or {}).values()
        rng = np.random.default_rng(0)
        for shape in [getattr(model, "input_shape", None), *shapes]:
            if isinstance(shape, (tuple, list)) and all(
                size is None or isinstance(size, int) for size in shape
            ):
                sizes = [4, *(32 if size is None else size for size in shape[1:])]
                noise = rng.standard_normal(sizes).astype(np.float32)
                yield (self.keras.ops.convert_to_tensor(noise),)


def backing(variable: Any) -> Any:
    """The framework's own object behind a variable, which lives as long; None before there is
    one."""
    return getattr(variable, "_value", None)


def last_name(variable: Any) -> str:
    """`kernel`, `bias`, `moving_mean`, ..."""
    return str(variable.path).rsplit("/", 1)[-1]


def _parts(layer: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield path, layer
    taken: dict[str, int] = {}
    for inner in layer._layers:
        count = taken[inner.name] = taken.get(inner.name, 0) + 1
        name = inner.name if count == 1 else f"{inner.name}#{count}"
        yield from _parts(inner, f"{path}.{name}".lstrip("."), seen)
