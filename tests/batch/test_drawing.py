"""Which picture a network makes: what is shown of a convolutional one, and what is not."""

from __future__ import annotations

from typing import Any

from graders.analysis.network import Network
from graders.analysis.residual import residual_blocks
from graders.batch.drawing import draw
from graders.evidence.model import Graph
from graders.language import speaking

SIZES = {
    0: (5, 8, 8, 3), 1: (3, 3, 3, 4), 2: (5, 4, 4, 4), 3: (3, 3, 4, 4), 4: (5, 4, 4, 4),
    5: (1, 1, 3, 4), 6: (5, 4, 4, 4), 7: (5, 4, 4, 4),
}  # fmt: skip


def _conv(given: int, kernel: int, out: int, strides: int, activation: str) -> dict[str, Any]:
    config = {"strides": {"tuple": [strides] * 2}, "padding": "same", "activation": activation}
    named = {"weights": {"dict": {"kernel": {"t": kernel}}}, "config": {"dict": config}}
    return {"op": "K.Conv2D", "args": [{"t": given}], "outs": [out], "named": named}


def _block() -> Network:
    """Two convolutions of Keras beside a projection."""
    nodes = [
        _conv(0, 1, 2, 2, "silu"),
        _conv(2, 3, 4, 1, "linear"),
        _conv(0, 5, 6, 2, "linear"),
        {"op": "K.Add", "args": [{"list": [{"t": 4}, {"t": 6}]}], "outs": [7], "named": {}},
    ]
    leaves = [
        {"value": k, "uid": k, "role": "parameter" if k else "input", "digest": "0" * 32,
         "rows_kept": 0}
        for k in (0, 1, 3, 5)
    ]  # fmt: skip
    values = {k: {"shape": v, "dtype": "float32"} for k, v in SIZES.items()}
    return Network(
        Graph.model_validate(
            {"why": "forward", "nodes": nodes, "inputs": [0], "outputs": [7], "values": values,
             "leaves": leaves}
        )
    )  # fmt: skip


def test_pictures_are_drawn_as_a_person_would() -> None:
    network = _block()
    with speaking("en"):
        drawn = draw(network, residual_blocks(network), (), "network", ())
    assert drawn is not None
    assert [(n.label, n.detail, n.block) for n in drawn.nodes] == [
        ("Input", "8×8×3", None),
        ("Conv", "3→4 3×3 /2", 0),
        ("SiLU", "", 0),
        ("Conv", "4→4 3×3", 0),
        ("Conv", "3→4 1×1 /2", 0),
        ("+", "", 0),
        ("Output", "4×4×4", None),
    ]
