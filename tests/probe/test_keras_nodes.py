"""Which layers are one node of a tape? Keras's own that hold no other and no function of a
student's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graders.probe.keras_nodes import is_leaf, settings


def layer(home: str, **held: Any) -> Any:
    kind = type("Conv2D", (), {"__module__": home})
    made = kind()
    vars(made).update({"_layers": [], **held})
    return made


def silu(x: Any) -> Any:
    return x


RELU = SimpleNamespace(__module__="keras.src.activations.activations")
CONV = "keras.src.layers.convolutional.conv2d"


@pytest.mark.parametrize(
    ("made", "one"),
    [
        (layer(CONV), True),
        (layer(CONV, activation=None), True),
        (layer(CONV, activation=silu), False),
        (
            layer(CONV, activation=type("F", (), {"__module__": "keras.src.activations.relu"})()),
            True,
        ),
        (layer(CONV, _layers=[object()]), False),
        (layer(CONV, lora_enabled=True), False),
        (layer("__main__"), False),
        (layer("keras.src.models.sequential"), False),
        (layer("keras.src.layers.core.lambda_layer"), False),
    ],
)
def test_one_node(made: Any, one: bool) -> None:
    assert is_leaf(made) is one


def test_settings_are_plain_values() -> None:
    config = {"filters": 3, "strides": (2, 2), "kernel_initializer": {"class_name": "Zeros"}}
    made = SimpleNamespace(
        get_config=lambda: config, dtype_policy=SimpleNamespace(name="mixed_float16")
    )
    assert settings(made) == {"filters": 3, "strides": (2, 2), "dtype": "mixed_float16"}
