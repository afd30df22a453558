"""The same questions about the residual block, asked of networks written in Keras."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders.analysis.block_layers import activations, biases
from graders.analysis.block_sizes import reductions
from graders.analysis.block_structure import skips, structure
from graders.analysis.layer_table import Row, rows_of
from graders.analysis.parameter_counts import counts
from graders.analysis.reading import Reading
from graders.evidence.model import Evidence
from graders.evidence.run_record import RunRecord

pytestmark = pytest.mark.slow

WIDTHS = ((16, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1))
PICTURES = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
QUESTIONS: dict[str, Callable[[Reading], Any]] = {
    "structure": structure,
    "skips": skips,
    "biases": biases,
    "activations": lambda reading: activations(reading, "SiLU"),
    "reductions": reductions,
}


def conv(out: int, kernel: int = 3, strides: int = 1, bias: bool = False) -> Any:
    import keras

    return keras.layers.Conv2D(out, kernel, strides=strides, padding="same", use_bias=bias)


def block(run: Any = None, change: Any = None, act: Any = "silu") -> Any:
    """A class of blocks as in the statement's Figure 3; `run(self, x)` may take the call's place,
    `change(self, into, out, strides)` add layers."""
    import keras

    class ResidualBlock(keras.Model):
        def __init__(self, into: int, out: int, strides: int = 1) -> None:
            super().__init__()
            self.channels = into, out, strides
            self.bn1, self.bn2 = (keras.layers.BatchNormalization() for _ in range(2))
            self.a1, self.a2 = (keras.layers.Activation(act) for _ in range(2))
            self.c1, self.c2 = conv(out, strides=strides), conv(out)
            self.short = conv(out, 1, strides) if into != out else None
            if change is not None:
                change(self, into, out, strides)

        def call(self, x: Any) -> Any:
            if run is not None:
                return run(self, x)
            return branch(self, x) + skip(self, x)

    return ResidualBlock


def branch(m: Any, x: Any) -> Any:
    return m.c2(m.a2(m.bn2(m.c1(m.a1(m.bn1(x))))))


def skip(m: Any, x: Any) -> Any:
    return x if m.short is None else m.short(x)


def sequential(made: Any) -> Any:
    import keras

    k = keras.layers
    return keras.Sequential(
        [k.Input((16, 16, 3)), conv(16), *(made(*w) for w in WIDTHS), k.BatchNormalization(),
         k.Activation("silu"), k.GlobalAveragePooling2D(), k.Dense(100)]
    )  # fmt: skip


def functional() -> Any:
    import keras

    k = keras.layers
    inputs = k.Input((16, 16, 3))
    x = conv(16)(k.Rescaling(2.0, offset=-1.0)(inputs))
    for into, out, strides in WIDTHS:
        h = conv(out, strides=strides)(keras.activations.swish(k.BatchNormalization()(x)))
        h = conv(out)(k.Activation("swish")(k.BatchNormalization()(h)))
        x = k.Add()([conv(out, 1, strides)(x) if into != out else x, h])
    x = keras.ops.mean(keras.ops.silu(k.BatchNormalization()(x)), axis=(1, 2))
    return keras.Model(inputs, k.Dense(100, activation="softmax")(x))


def by_tensorflow(m: Any, x: Any) -> Any:
    import tensorflow as tf

    h = m.c1(tf.nn.silu(m.bn1(x)))
    h = m.bn2(h)
    return tf.add(m.c2(h * tf.math.sigmoid(h)), skip(m, x))


def by_formula(m: Any, x: Any) -> Any:
    def act(z: Any) -> Any:
        return z / (1 + np.e ** (-z))

    return m.c2(act(m.bn2(m.c1(act(m.bn1(x)))))) + skip(m, x)


def padded_skip(m: Any, x: Any) -> Any:
    import tensorflow as tf

    into, out, strides = m.channels
    short = tf.nn.avg_pool2d(x, strides, strides, "SAME") if strides > 1 else x
    return branch(m, x) + tf.pad(short, [[0, 0], [0, 0], [0, 0], [0, out - into]])


def post(m: Any, x: Any) -> Any:
    return m.a2(m.bn2(m.c2(m.a1(m.bn1(m.c1(x))))) + skip(m, x))


def with_bias(m: Any, into: int, out: int, strides: int) -> None:
    m.c2 = conv(out, bias=True)


def twice_strided(m: Any, into: int, out: int, strides: int) -> None:
    m.c2 = conv(out, strides=strides)
    m.short = conv(out, 1, strides**2) if into != out else None


HONEST = {
    "sequential": lambda: sequential(block()),
    "functional": functional,
    "tensorflow": lambda: sequential(block(by_tensorflow)),
    "formula": lambda: sequential(block(by_formula)),
}
WRONG = {
    "post-activation": (lambda: sequential(block(post)), {"structure"}),
    "relu": (lambda: sequential(block(act="relu")), {"activations"}),
    "bias": (lambda: sequential(block(change=with_bias)), {"biases"}),
    "stride twice": (lambda: sequential(block(change=twice_strided)), {"reductions"}),
    "padding": (lambda: sequential(block(padded_skip)), {"skips", "reductions"}),
}


def seen(folder: Path, model: Any) -> Reading:
    from tests.analysis.lowering.recorder import record

    graph, _answer = record(folder, lambda x: model(x, training=False), PICTURES)
    return Reading(Evidence(run=RunRecord(ended="finished"), graphs=(graph,)), folder, {})


@pytest.fixture(autouse=True)
def on_tensorflow() -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"


@pytest.mark.parametrize("style", HONEST)
def test_honest_networks(style: str, tmp_path: Path) -> None:
    reading = seen(tmp_path, HONEST[style]())
    for name, ask in QUESTIONS.items():
        assert ask(reading).holds is True, (name, ask(reading).words)
    rows = rows_of(reading.conv_net)
    assert [row.kind for row in rows] == [
        "conv", *["residual_block"] * 4, "norm", "activation", "global_average", "dense",
    ]  # fmt: skip
    assert rows[3] == Row("residual_block", (8, 8, 128), 230144)
    assert counts(reading, 661588, 660020, 1568).holds is True, counts(reading, 0, 0, 0).words


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_networks(fault: str, tmp_path: Path) -> None:
    build, broken = WRONG[fault]
    reading = seen(tmp_path, build())
    for name, ask in QUESTIONS.items():
        answer = ask(reading)
        assert answer.holds is (name not in broken), (name, answer.words)


def test_layers_that_cannot_be_computed_again_are_undecided(tmp_path: Path) -> None:
    """A layer around a function of the notebook's, recorded here as one node."""
    reading = seen(tmp_path, sequential(block(act=lambda x: x / (1 + np.e ** (-x)))))
    found = {name: ask(reading).holds for name, ask in QUESTIONS.items()}
    assert found == {
        "structure": None, "skips": True, "biases": True, "activations": None, "reductions": True,
    }  # fmt: skip
