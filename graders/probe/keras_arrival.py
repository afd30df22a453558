"""Keras was imported: what computes for it, and who watches?"""

from __future__ import annotations

import sys
from typing import Any

from .frameworks.keras_layers import KerasLayers
from .frameworks.seam import Tensors
from .keras_observer import KerasObserver
from .watch import Watch


def arrive(keras: Any, watch: Watch) -> None:
    """Watch Keras on TensorFlow or on torch; on anything else nothing is seen."""
    tensors = _tensors_of(keras.backend.backend(), watch)
    if tensors is None:
        return
    framework = KerasLayers(keras, tensors)
    watch.add(framework, first=True)  # on torch a layer is a module too
    KerasObserver(keras, watch, framework).install()


def _tensors_of(backend: str, watch: Watch) -> Tensors | None:
    if backend == "tensorflow":
        from .frameworks.tensorflow_tensors import TensorFlowTensors

        return TensorFlowTensors(sys.modules["tensorflow"])
    if backend == "torch":
        # torch came first, as Keras imports it.
        return next((f.tensors for f in watch.book.frameworks if f.name == "torch"), None)
    return None
