from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders.analysis.network import Network
from graders.analysis.replay import Replay, to_double
from graders.evidence.reading import Blobs

Agree = Callable[..., Network]


@pytest.fixture
def agree(tmp_path: Path) -> Agree:
    """`agree(function, *rows)`: the network on the tape of function(*rows), after it was computed
    again in float64, on these rows and on others, with what Keras gives."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    from tests.analysis.lowering.recorder import record

    def agreeing(
        function: Callable[..., Any], *rows: np.ndarray, tolerance: float = 1e-5,
        variables: tuple[Any, ...] = (), others: bool = True,
    ) -> Network:  # fmt: skip
        graph, given = record(tmp_path, function, *rows, variables=variables)
        network = Network(graph, Blobs(tmp_path / "blobs"))
        left = [n.op for n in network.nodes if n.op.startswith(("K.", "tf."))]
        assert network.output is not None, left
        replay = Replay(network, Blobs(tmp_path / "blobs"))

        def computed(feed: tuple[np.ndarray, ...]) -> np.ndarray:
            values = dict(zip(graph.inputs, map(to_double, feed), strict=True))
            return replay.compute([network.output], values)[0].numpy()

        def close(found: np.ndarray, wanted: np.ndarray) -> None:
            assert found.shape == wanted.shape, left
            scale = max(float(np.abs(wanted).max(initial=0)), 1.0)
            assert np.abs(found - wanted).max(initial=0) < tolerance * scale, left

        close(computed(rows), given)
        if others:
            fresh = tuple(x[:-1] + np.asarray(0.25).astype(x.dtype) for x in rows)
            close(computed(fresh), np.asarray(function(*fresh)))
        return network

    return agreeing
