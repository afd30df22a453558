"""Operations of TensorFlow, said in torch's words, compute what TensorFlow computes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.analysis.lowering.conftest import Agree

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(1)


def _numbers(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype("float32")


ROW, IMAGE, PLACES = _numbers(4, 6), _numbers(4, 9, 7, 6), np.array([1, 2, 3, 4])


@pytest.fixture
def v() -> Any:
    """Variables by name."""
    import keras
    import tensorflow as tf

    sizes = {
        "W": (6, 5), "b": (5,), "A": (6, 2), "B": (2, 5), "K": (3, 3, 6, 4), "kb": (4,),
        "D": (3, 3, 6, 2), "E": (10, 4), "mean": (6,), "gamma": (6,),
    }  # fmt: skip
    held = {name: tf.Variable(_numbers(*size)) for name, size in sizes.items()}
    held["variance"] = tf.Variable(np.abs(_numbers(6)) + 0.5)
    return SimpleNamespace(**held, own=keras.Variable(_numbers(6, 5)))


Case = Callable[[Any, Any, Any, Any], Any]  # tf, keras.ops, variables, rows
OF_ROWS: dict[str, Case] = {
    "linear": lambda tf, ops, v, x: x @ v.W + v.b,
    "keras linear": lambda tf, ops, v, x: ops.matmul(x, v.own),
    "low rank": lambda tf, ops, v, x: x @ v.W + 0.5 * (x @ v.A) @ v.B,
    "turned": lambda tf, ops, v, x: tf.matmul(x, tf.transpose(v.W), transpose_b=True),
    "einsum": lambda tf, ops, v, x: tf.einsum("bi,io->bo", x, v.W),
    "tensordot": lambda tf, ops, v, x: tf.tensordot(x, v.W, 1),
    "functions": lambda tf, ops, v, x: (
        tf.exp(-tf.abs(x))
        + tf.sqrt(tf.square(x) + 1.0)
        + tf.math.log1p(tf.abs(x))
        + tf.math.rsqrt(x * x + 1)
        + tf.math.reciprocal(x * x + 1)
        + tf.pow(x * x + 1.0, 1.5)
    ),
    "activations": lambda tf, ops, v, x: (
        tf.nn.relu(x)
        + tf.nn.relu6(x)
        + tf.nn.elu(x)
        + tf.nn.selu(x)
        + tf.sigmoid(x)
        + tf.tanh(x)
        + tf.nn.softplus(x)
        + tf.nn.softsign(x)
        + tf.nn.leaky_relu(x)
        + tf.nn.silu(x)
        + tf.nn.gelu(x)
        + ops.hard_sigmoid(x)
        + ops.softsign(x)
    ),
    "softmax": lambda tf, ops, v, x: tf.nn.softmax(x) + tf.nn.log_softmax(x) + ops.softmax(x),
    "numbers": lambda tf, ops, v, x: 1.0 - x / 2.0 + 2.0 / (x * x + 1.0) + (1.0 + x),
    "limits": lambda tf, ops, v, x: tf.maximum(x, 0.0) - tf.minimum(0.5, x),
    "choice": lambda tf, ops, v, x: tf.where(x > 0, x, 0.1 * x) + tf.cast(x < 1, tf.float32),
    "sums": lambda tf, ops, v, x: (
        tf.reduce_mean(x, 1, keepdims=True)
        + tf.reduce_sum(x, -1, keepdims=True)
        + tf.reduce_max(x, 1, keepdims=True)
    ),
    "own norm": lambda tf, ops, v, x: (
        (x - ops.mean(x, axis=1, keepdims=True))
        / ops.sqrt(ops.var(x, axis=1, keepdims=True) + 1e-3)
    ),
    "mean by hand": lambda tf, ops, v, x: tf.reduce_sum(x, 1) / tf.cast(tf.shape(x)[1], tf.float32),
    "length": lambda tf, ops, v, x: ops.normalize(x, axis=-1) + ops.norm(x, axis=1)[:, None],
    "form": lambda tf, ops, v, x: tf.reshape(x, (tf.shape(x)[0], 3, 2)),
    "form and back": lambda tf, ops, v, x: tf.reshape(tf.reshape(x, (-1, 2)), (-1, 6)),
    "pieces": lambda tf, ops, v, x: tf.concat(
        [x[:, 1:3], x[:, ::2], x[..., :1], x[:, 2, None]], axis=1
    ),
    "splits": lambda tf, ops, v, x: tf.concat(
        [*tf.split(x, 3, axis=1)[::-1], tf.split(x, [2, 4], 1)[1]], 1
    ),
    "stacked": lambda tf, ops, v, x: tf.stack([x, x * 2], axis=1),
    "unstacked": lambda tf, ops, v, x: tf.unstack(x, axis=1)[2],
    "spread": lambda tf, ops, v, x: tf.tile(x, [1, 2]) + tf.pad(x, [[0, 0], [2, 4]]),
    "columns": lambda tf, ops, v, x: tf.gather(x, [2, 0], axis=1),
    "backwards": lambda tf, ops, v, x: tf.reverse(x, [1]) + tf.add_n([x, x * 2, x]),
    "cut off": lambda tf, ops, v, x: tf.stop_gradient(x) * 2.0 + tf.nn.l2_loss(v.W),
}
OF_IMAGES: dict[str, Case] = {
    "conv": lambda tf, ops, v, x: tf.nn.conv2d(x, v.K, 2, "SAME"),
    "conv, explicit": lambda tf, ops, v, x: tf.nn.conv2d(
        x, v.K, 1, [[0, 0], [1, 2], [0, 1], [0, 0]]
    ),
    "conv of keras": lambda tf, ops, v, x: ops.conv(x, v.K, strides=2, padding="same"),
    "conv by channel": lambda tf, ops, v, x: tf.nn.depthwise_conv2d(x, v.D, [1, 2, 2, 1], "SAME"),
    "conv, bias": lambda tf, ops, v, x: tf.nn.relu(
        tf.nn.bias_add(tf.nn.conv2d(x, v.K, 1, "SAME"), v.kb)
    ),
    "conv + bias": lambda tf, ops, v, x: tf.nn.conv2d(x, v.K, 1, "SAME") + v.kb,
    "norm by hand": lambda tf, ops, v, x: tf.nn.batch_normalization(
        x, v.mean, v.variance, v.mean, v.gamma, 1e-3
    ),
    "fused norm": lambda tf, ops, v, x: tf.compat.v1.nn.fused_batch_norm(
        x, v.gamma, v.mean, v.mean, v.variance, is_training=False
    )[0],
    "pools": lambda tf, ops, v, x: (
        tf.nn.max_pool2d(x, 3, 2, "SAME") + tf.nn.avg_pool2d(x, 2, 2, "SAME")
    ),
    "mean over places": lambda tf, ops, v, x: tf.reduce_mean(
        tf.nn.conv2d(x, v.K, 1, "SAME"), [1, 2]
    ),
    "padded skip": lambda tf, ops, v, x: x + tf.pad(
        tf.nn.conv2d(x, v.K, 1, "SAME"), [[0, 0], [0, 0], [0, 0], [0, 2]]
    ),
    "channels first and back": lambda tf, ops, v, x: tf.transpose(
        tf.transpose(x, [0, 3, 1, 2]) * 2.0, [0, 2, 3, 1]
    ),
    "mirrored": lambda tf, ops, v, x: tf.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]], "REFLECT"),
    "resized": lambda tf, ops, v, x: tf.image.resize(x, (5, 6)),
    "cropped": lambda tf, ops, v, x: x[:, 1:-1, 1:-1, :] + tf.slice(x, [0, 1, 1, 0], [-1, 7, 5, 6]),
    "scaled": lambda tf, ops, v, x: (x - 127.5) / 127.5 + (x - v.mean) / v.variance,
    "concatenated": lambda tf, ops, v, x: tf.concat([x, tf.nn.conv2d(x, v.K, 1, "SAME")], -1),
    "flat": lambda tf, ops, v, x: tf.reshape(
        tf.nn.conv2d(x, v.K, 1, "SAME"), (tf.shape(x)[0], -1)
    ),
}  # fmt: skip
OF_PLACES: dict[str, Case] = {
    "embedding": lambda tf, ops, v, x: tf.nn.embedding_lookup(v.E, x),
    "gather": lambda tf, ops, v, x: tf.gather(v.E, x),
    "one-hot": lambda tf, ops, v, x: tf.one_hot(x, 10) @ v.E,
    "which": lambda tf, ops, v, x: tf.argmax(tf.one_hot(x, 10), 1),
}
CASES = {**OF_ROWS, **OF_IMAGES, **OF_PLACES}


@pytest.mark.parametrize("name", CASES)
def test_an_operation(agree: Agree, v: Any, name: str) -> None:
    import tensorflow as tf
    from keras import ops

    rows = ROW if name in OF_ROWS else IMAGE if name in OF_IMAGES else PLACES
    variables = tuple(getattr(x, "value", x) if x is v.own else x for x in vars(v).values())
    network = agree(lambda x: CASES[name](tf, ops, v, x), rows, variables=variables)
    assert not any(n.op.startswith("tf.") for n in network.nodes)


def test_a_bias_is_part_of_its_convolution(agree: Agree, v: Any) -> None:
    import tensorflow as tf

    function = lambda x: tf.nn.bias_add(tf.nn.conv2d(x, v.K, 1, "SAME"), v.kb)  # noqa: E731 - one line says it
    network = agree(function, IMAGE, variables=(v.K, v.kb))
    (conv,) = [n for n in network.nodes if n.op == "F.conv2d"]
    assert conv.args[2] is not None


def test_low_rank_by_hand_is_an_adapter(agree: Agree, v: Any) -> None:
    from graders.analysis.adapters import adapted_layers

    network = agree(lambda x: x @ v.W + 0.5 * (x @ v.A) @ v.B, ROW, variables=(v.W, v.A, v.B))
    assert len(adapted_layers(network)) == 1
