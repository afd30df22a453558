"""Starts the observers: each as soon as the library it watches is imported."""

from __future__ import annotations

import os
from typing import Any

from .cells import Cells
from .figures import Figures
from .imports import when_imported
from .log import EventLog
from .metrics import Metrics
from .namespace import Namespace
from .questions import Questions
from .saves import Saves
from .tampering import Tampering
from .watch import Watch


def install(out_dir: str, config: dict[str, Any], key: bytes = b"") -> Questions:
    """Watch the running IPython shell; facts go to out_dir, sealed with the key.

    Gives back who puts questions to what the notebook made.
    """
    from IPython import get_ipython

    log = EventLog(out_dir, key)
    cells = Cells(get_ipython(), log)
    tampering = Tampering(log, cells)
    tampering.shell(get_ipython())
    metrics = Metrics(log, cells)
    watch = Watch(log, cells)
    namespace = Namespace(log, cells, watch.book)

    def torch_came(torch: Any) -> None:
        from .torch_observer import TorchObserver

        TorchObserver(torch, watch).install()
        metrics.torch(torch)
        tampering.torch(torch)
        tampering.ourselves()

    def keras_came(keras: Any) -> None:
        from .keras_arrival import arrive

        arrive(keras, watch)
        tampering.keras(keras)
        tampering.ourselves()

    def metrics_came(module: Any) -> None:
        metrics.sklearn(module)
        tampering.metrics(module)

    def numpy_came(module: Any) -> None:
        metrics.numpy(module)
        tampering.numpy(module)

    cells.add(namespace)  # first: it shows the book the models in variables
    cells.add(metrics)
    figures = Figures(log, cells)
    cells.add(figures)
    cells.add(Saves(log, cells, out_dir, config.get("workdir") or os.getcwd()))
    cells.add(watch)
    when_imported("torch", torch_came)
    when_imported("keras", keras_came)
    when_imported("sklearn.metrics", metrics_came)
    when_imported("matplotlib.backend_bases", figures.matplotlib)
    when_imported("torchmetrics", metrics.torchmetrics)
    when_imported("numpy", numpy_came)
    when_imported("numpy.testing", metrics.numpy_testing)
    tampering.ourselves()
    cells.add(tampering)
    return Questions(get_ipython(), log)
