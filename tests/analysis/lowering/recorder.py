"""Records what a Keras network on TensorFlow does, as the probe's tapes are: layers and operations.

A second, simpler recorder than the probe's: what is tested here is what a tape says, not how it is
made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from graders.evidence.arrays import digest_of
from graders.evidence.model import Graph

CONTAINERS = ("Sequential", "Functional", "Model")


class Recorder:
    """One tape; `graph` turns it into evidence whose arrays lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        import keras
        import tensorflow as tf

        self.tf, self.keras = tf, keras
        self.folder = folder / "blobs"
        self.folder.mkdir(exist_ok=True)
        self.nodes: list[dict[str, Any]] = []
        self.values: list[dict[str, Any]] = []
        self.leaves: list[dict[str, Any]] = []
        self._where: dict[int, int] = {}
        self._kept: list[Any] = []
        self._inside = 0

    # -- values ----------------------------------------------------------------------------
    def value(self, tensor: Any, role: str = "constant", name: str = "") -> int:
        key = id(tensor)
        if key not in self._where:
            array = np.asarray(tensor).copy()
            number = self._new(tensor, array.shape, array.dtype.name, role == "parameter")
            digest = digest_of(array)
            np.save(self.folder / f"{digest}.npy", array)
            self.leaves.append(
                {"value": number, "uid": number, "role": role, "name": name, "digest": digest,
                 "rows_kept": len(array) if array.ndim else 0}
            )  # fmt: skip
        return self._where[key]

    def _new(self, tensor: Any, shape: Any, dtype: str, grad: bool) -> int:
        self._where[id(tensor)] = number = len(self.values)
        self._kept.append(tensor)
        self.values.append({"shape": list(shape), "dtype": dtype, "requires_grad": grad})
        return number

    def _made(self, tensor: Any) -> int:
        return self._new(tensor, tensor.shape, tensor.dtype.name, True)

    # -- recording -------------------------------------------------------------------------
    @contextmanager
    def recording(self) -> Iterator[None]:
        from tensorflow.python.framework import op_callbacks

        original = self.keras.Layer.__call__

        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            name = type(layer).__name__
            own = type(layer).__module__.startswith("keras.src.layers")
            if not own or self._inside or name in CONTAINERS:
                return original(layer, *args, **kwargs)
            inputs = self._encode(args[0])
            self._inside += 1
            try:
                result = original(layer, *args, **kwargs)
                self.nodes.append(self._layer(layer, inputs, kwargs, self._made(result)))
            finally:
                self._inside -= 1
            return result

        self.keras.Layer.__call__ = call
        op_callbacks.add_op_callback(self._operation)
        try:
            yield
        finally:
            op_callbacks.remove_op_callback(self._operation)
            self.keras.Layer.__call__ = original

    def _layer(self, layer: Any, inputs: Any, kwargs: Any, out: int) -> dict[str, Any]:
        weights = {}
        for variable in layer.weights:
            role = "parameter" if "moving" not in variable.path else "buffer"
            weights[variable.path.split("/")[-1]] = {"t": self.value(variable.value, role)}
        training = bool(kwargs.get("training"))
        if type(layer).__name__ == "BatchNormalization":
            training &= layer.trainable
        return {
            "op": f"K.{type(layer).__name__}",
            "args": [inputs],
            "named": {
                "weights": {"dict": weights}, "config": self._encode(layer.get_config()),
                "training": training, "trainable": layer.trainable,
            },
            "outs": [out], "scope": layer.name,
        }  # fmt: skip

    def _operation(self, op_type, inputs, attrs, outputs, op_name=None, graph=None):  # type: ignore[no-untyped-def]  # TensorFlow's signature
        if self._inside:
            return outputs
        if isinstance(op_type, bytes):
            op_type = op_type.decode()
        self._inside += 1  # reading a variable is an operation too
        try:
            encoded = [self._operand(x) for x in inputs]
        finally:
            self._inside -= 1
        named = dict(zip(attrs[::2], attrs[1::2], strict=True)) if attrs else {}
        made = list(outputs)
        self.nodes.append(
            {
                "op": f"tf.{op_type}", "args": encoded,
                "named": {k: self._encode(v) for k, v in named.items()},
                "outs": [self._made(x) for x in made], "scope": "",
            }
        )  # fmt: skip
        return made

    def _operand(self, tensor: Any) -> Any:
        if tensor.dtype == self.tf.resource:
            tensor = next(v for v in self.variables if v.handle is tensor)
            return {"t": self.value(tensor, "parameter")}
        return {"t": self.value(tensor)}

    variables: tuple[Any, ...] = ()

    def _encode(self, thing: Any) -> Any:
        if isinstance(thing, self.tf.Tensor):
            return {"t": self.value(thing)}
        if isinstance(thing, (tuple, list)):
            kind = "list" if isinstance(thing, list) else "tuple"
            return {kind: [self._encode(x) for x in thing]}
        if isinstance(thing, dict):
            return {"dict": {str(k): self._encode(v) for k, v in thing.items()}}
        if isinstance(thing, bytes):
            return thing.decode()
        if isinstance(thing, (bool, int, str)) or thing is None:
            return thing
        if isinstance(thing, float):
            return thing if np.isfinite(thing) else {"float": str(thing)}
        return {"opaque": type(thing).__name__}

    # -- result ----------------------------------------------------------------------------
    def graph(self, inputs: list[Any], outputs: list[Any], loss: Any = None) -> Graph:
        given = [self.value(x) for x in inputs]
        for leaf in self.leaves:
            if leaf["value"] in given:
                leaf["role"] = "input"
        return Graph.model_validate(
            {
                "cell": 0, "moment": 1, "model": 1, "nodes": self.nodes, "leaves": self.leaves,
                "why": "forward" if loss is None else "training",
                "values": dict(enumerate(self.values)), "inputs": given,
                "outputs": [self.value(x) for x in outputs],
                "loss": None if loss is None else self.value(loss),
            }
        )  # fmt: skip


def record(
    folder: Path,
    function: Callable[..., Any],
    *rows: np.ndarray,
    variables: tuple[Any, ...] = (),
) -> tuple[Graph, np.ndarray]:
    """The tape of `function(*rows)`, and what it gave."""
    recorder = Recorder(folder)
    recorder.variables = variables
    given = [recorder.tf.constant(x) for x in rows]
    function(*given)  # built, if it builds
    for tensor in given:
        recorder.value(tensor)
    with recorder.recording():
        result = function(*given)
    return recorder.graph(given, [result]), np.asarray(result)
