"""Keras was imported: what computes for it, and who watches?"""

from __future__ import annotations

import sys
from typing import Any

from .compiled_evaluations import CompiledEvaluations
from .frameworks.keras_layers import KerasLayers
from .frameworks.seam import Tensors
from .keras_evaluations import KerasEvaluations
from .keras_observer import KerasObserver
from .keras_steps import watch_steps
from .watch import Watch


def arrive(keras: Any, watch: Watch) -> None:
    """Watch Keras on TensorFlow or on torch; on anything else nothing is seen."""
    tensors = _tensors_of(keras.backend.backend(), watch)
    if tensors is None:
        return
    framework = KerasLayers(keras, tensors)
    watch.add(framework, first=True)  # on torch a layer is a module too
    observer = KerasObserver(keras, watch, framework)
    observer.install()
    compiled = keras.backend.backend() == "tensorflow"
    KerasEvaluations(observer).install(keras.Model, compiled)
    if compiled:
        observer.compiled = CompiledEvaluations(sys.modules["tensorflow"], framework, watch)
        observer.compiled.install()
        _watch_tapes(tensors, watch)
    else:
        watch_steps(watch)


def _watch_tapes(tensors: Any, watch: Watch) -> None:
    from .tape_hooks import TapeHooks
    from .tape_training import TapeTraining

    training = TapeTraining(tensors, watch)
    watch.trainings.append(training)
    # While a function is traced inside an iteration, what is recorded is the function's.
    watch.iterations[:0] = [training.compiled.iteration, training.iteration]
    TapeHooks(tensors.tf, training, watch).install()


def _tensors_of(backend: str, watch: Watch) -> Tensors | None:
    if backend == "tensorflow":
        from .frameworks.tensorflow_tensors import TensorFlowTensors

        return TensorFlowTensors(sys.modules["tensorflow"])
    if backend == "torch":
        _call_layers_once(sys.modules["torch"])
        # torch came first, as Keras imports it.
        return next((f.tensors for f in watch.book.frameworks if f.name == "torch"), None)
    return None


def _call_layers_once(torch: Any) -> None:
    """On torch a layer calls itself as a module: that second call is not another one."""
    from keras.src.backend.torch.layer import TorchLayer

    call = torch.nn.Module.__call__
    TorchLayer.__call__ = getattr(call, "__wrapped__", call)
