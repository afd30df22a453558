"""What the probe saw of a Keras network is what it sees of the port of it to torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from torch import nn

from graders.analysis.losses import view_loss
from graders.analysis.network import Network
from graders.analysis.operations import kind
from graders.analysis.reading import Reading
from graders.analysis.replay import Replay
from graders.evidence.reading import read

pytestmark = pytest.mark.slow

NETWORK = """
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
import numpy as np, keras
from keras import layers
class Bloque(keras.Model):
    def __init__(self, entra, sale, strides=1):
        super().__init__()
        self.n1, self.n2 = layers.BatchNormalization(), layers.BatchNormalization()
        self.c1 = layers.Conv2D(sale, 3, strides, padding="same", use_bias=False)
        self.c2 = layers.Conv2D(sale, 3, padding="same", use_bias=False)
        self.p = layers.Conv2D(sale, 1, strides, use_bias=False) if entra != sale else None
    def call(self, x):
        h = self.c1(keras.activations.silu(self.n1(x)))
        h = self.c2(keras.activations.silu(self.n2(h)))
        return h + (x if self.p is None else self.p(x))
red = keras.Sequential([
    layers.Input((8, 8, 3)), layers.Conv2D(4, 3, padding="same"), Bloque(4, 4), Bloque(4, 8, 2),
    layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax"),
])
X = np.random.default_rng(0).normal(size=(64, 8, 8, 3))
Y = (X.mean((1, 2, 3)) > 0).astype("int64")
red(X[:8].astype("float32"))
perdida = keras.losses.SparseCategoricalCrossentropy()
opt = keras.optimizers.Adam(1e-2)
# %%
"""
STEPS = """
import tensorflow as tf
@tf.function
def paso(x, y):
    with tf.GradientTape() as cinta:
        l = perdida(y, red(x, training=True))
    opt.apply_gradients(zip(cinta.gradient(l, red.trainable_variables), red.trainable_variables))
for _ in range(3):
    paso(tf.constant(X[:32], tf.float32), tf.constant(Y[:32]))
"""


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.n1, self.n2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.c1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.c2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        other = inputs != outputs
        self.p = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if other else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.c1(F.silu(self.n1(x)))
        h = self.c2(F.silu(self.n2(h)))
        return h + self.p(x)


def _port() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, 1, 1), Block(4, 4), Block(4, 8, 2), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, 2), nn.Softmax(1),
    )  # fmt: skip


def _form(network: Network) -> list[tuple[str, tuple[int, ...]]]:
    """Operations with the shapes of what they make, changes of form aside."""
    return [
        (kind(n), network.shape(n.outs[0])[1:])
        for n in network.nodes
        if n.outs and n.outs[0] in network.alive
        and kind(n) not in ("shape", "transpose", "pad")
    ]  # fmt: skip


def test_keras_is_seen_as_torch_is(tmp_path: Path, draw: Callable[..., Network]) -> None:
    out = tmp_path / "out"
    cells = tmp_path / "cells.py"
    cells.write_text(NETWORK + STEPS, "utf-8")
    script = Path(__file__).with_name("probed.py")
    done = subprocess.run([sys.executable, script, out, cells], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    reading = Reading(read(out / "facts"), out / "facts", {})
    assert not reading.evidence.faults
    assert not reading.evidence.damage
    drawn = reading.drawn[0]
    port = draw(_port().eval(), torch.randn(4, 3, 8, 8))
    assert sorted(_form(drawn.network)) == sorted(_form(port))
    assert [b.shortcut for b in drawn.blocks] == ["identity", "projection"]
    (run,) = reading.runs
    assert run.run.steps == 3
    assert run.network is not None
    assert len(run.network.layers) == len(port.layers)
    assert view_loss(Replay(run.network, reading.blobs)).asks == "separate"
