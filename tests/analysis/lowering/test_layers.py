"""Whole layers of Keras, said in torch's words, compute what Keras computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analysis.lowering.conftest import Agree

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)


def _rows(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype("float32")


IMAGE, SEQUENCE, ROW, VOLUME = _rows(3, 9, 7, 6), _rows(3, 8, 6), _rows(4, 6), _rows(2, 5, 6, 4, 2)
WHOLE = RNG.integers(0, 9, (4, 5))
BYTES = RNG.integers(0, 255, (3, 6, 6, 3)).astype("uint8")


def scrambled(layer: Any) -> Any:
    """The layer with other weights than those it begins with."""
    for variable in layer.weights:
        numbers = RNG.normal(size=variable.shape)
        if "variance" in variable.path:
            numbers = np.abs(numbers) + 0.3
        if "float" in variable.dtype:
            variable.assign(numbers)
    return layer


ACTIVATIONS = (
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh "
    "leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink "
    "softmax softplus softsign swish tanh tanh_shrink"
).split()
LAYERS: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "groups": (lambda k: k.Conv2D(6, 3, groups=3, padding="same"), IMAGE),
    "dilation": (lambda k: k.Conv2D(6, (3, 2), dilation_rate=(2, 1)), IMAGE),
    "causal": (lambda k: k.Conv1D(6, 3, dilation_rate=2, padding="causal"), SEQUENCE),
    "conv3d": (lambda k: k.Conv3D(3, 3, strides=2, padding="same"), VOLUME),
    "separable": (
        lambda k: k.SeparableConv2D(5, 3, strides=2, padding="same", depth_multiplier=2),
        IMAGE,
    ),
    "separable1d": (lambda k: k.SeparableConv1D(5, 3), SEQUENCE),
    "depthwise1d": (lambda k: k.DepthwiseConv1D(3, padding="same"), SEQUENCE),
    "transpose1d": (lambda k: k.Conv1DTranspose(3, 3, strides=2, padding="same"), SEQUENCE),
    "batch norm": (lambda k: k.BatchNormalization(), IMAGE),
    "batch norm, axis 1": (lambda k: k.BatchNormalization(axis=1), IMAGE),
    "batch norm, axis 2": (lambda k: k.BatchNormalization(axis=2, scale=False), IMAGE),
    "batch norm of rows": (lambda k: k.BatchNormalization(center=False), ROW),
    "layer norm": (lambda k: k.LayerNormalization(epsilon=1e-5), IMAGE),
    "layer norm, axes": (lambda k: k.LayerNormalization(axis=[1, 2, 3]), IMAGE),
    "group norm": (lambda k: k.GroupNormalization(3), IMAGE),
    "instance norm": (lambda k: k.GroupNormalization(-1), IMAGE),
    "rms norm": (lambda k: k.RMSNormalization(), ROW),
    "unit norm": (lambda k: k.UnitNormalization(), ROW),
    "given statistics": (lambda k: k.Normalization(mean=[1.0] * 6, variance=[2.0] * 6), IMAGE),
    "rescaling": (lambda k: k.Rescaling(1 / 127.5, offset=-1), BYTES),
    "rescaling by channel": (lambda k: k.Rescaling([1.0, 2, 3, 4, 5, 6]), IMAGE),
    "relu": (lambda k: k.ReLU(), IMAGE),
    "relu6": (lambda k: k.ReLU(6.0), IMAGE),
    "relu to 2": (lambda k: k.ReLU(2.0), IMAGE),
    "relu, slope": (lambda k: k.ReLU(negative_slope=0.1), IMAGE),
    "leaky relu": (lambda k: k.LeakyReLU(0.1), ROW),
    "elu": (lambda k: k.ELU(0.5), ROW),
    "softmax": (lambda k: k.Softmax(axis=1), IMAGE),
    "prelu": (lambda k: k.PReLU(), IMAGE),
    "prelu of channels": (lambda k: k.PReLU(shared_axes=[1, 2]), IMAGE),
    "prelu of rows": (lambda k: k.PReLU(), ROW),
    "flatten": (lambda k: k.Flatten(), IMAGE),
    "reshape": (lambda k: k.Reshape((-1, 3)), IMAGE),
    "permute": (lambda k: k.Permute((3, 1, 2)), IMAGE),
    "repeat": (lambda k: k.RepeatVector(3), ROW),
    "zero padding": (lambda k: k.ZeroPadding2D(((1, 2), (0, 3))), IMAGE),
    "cropping": (lambda k: k.Cropping2D(((1, 2), (0, 3))), IMAGE),
    "cropping1d": (lambda k: k.Cropping1D((1, 2)), SEQUENCE),
    "larger": (lambda k: k.UpSampling2D((2, 3)), IMAGE),
    "larger, smooth": (lambda k: k.UpSampling2D(2, interpolation="bilinear"), IMAGE),
    "longer": (lambda k: k.UpSampling1D(3), SEQUENCE),
    "resizing": (lambda k: k.Resizing(5, 6), IMAGE),
    "resizing, nearest": (lambda k: k.Resizing(5, 6, interpolation="nearest"), IMAGE),
    "global mean": (lambda k: k.GlobalAveragePooling2D(), IMAGE),
    "global mean, kept": (lambda k: k.GlobalAveragePooling2D(keepdims=True), IMAGE),
    "global largest": (lambda k: k.GlobalMaxPooling2D(), IMAGE),
    "mean over time": (lambda k: k.GlobalAveragePooling1D(), SEQUENCE),
    "mean of a volume": (lambda k: k.GlobalAveragePooling3D(), VOLUME),
    "pool3d": (lambda k: k.MaxPooling3D(2), VOLUME),
    "embedding": (lambda k: k.Embedding(10, 4), WHOLE),
    "einsum": (lambda k: k.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d"), SEQUENCE),
    "dense over time": (lambda k: k.Dense(5, activation="softmax"), SEQUENCE),
    "dense, no bias": (lambda k: k.Dense(3, use_bias=False), ROW),
    "dropout": (lambda k: k.Dropout(0.3), ROW),
    "spatial dropout": (lambda k: k.SpatialDropout2D(0.3), IMAGE),
    "noise": (lambda k: k.GaussianNoise(0.3), ROW),
    "identity": (lambda k: k.Identity(), IMAGE),
    **{f"activation {a}": (lambda k, a=a: k.Activation(a), ROW) for a in ACTIVATIONS},
    **{f"conv, {a}": (lambda k, a=a: k.Conv2D(4, 2, activation=a), IMAGE) for a in ACTIVATIONS},
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(agree: Agree, name: str) -> None:
    from keras import layers

    make, rows = LAYERS[name]
    layer = make(layers)
    layer(rows)
    network = agree(scrambled(layer), rows)
    assert not any(n.op.startswith("K.") for n in network.nodes)


MERGES = {
    **{n: (n, {}) for n in "Add Subtract Multiply Average Maximum Minimum".split()},
    **{f"concatenate, axis {a}": ("Concatenate", {"axis": a}) for a in (1, 2, 3, -1)},
}


@pytest.mark.parametrize("name", MERGES)
def test_a_layer_that_merges(agree: Agree, name: str) -> None:
    from keras import layers

    kind, options = MERGES[name]
    agree(lambda a, b: getattr(layers, kind)(**options)([a, b]), IMAGE, IMAGE * 2 + 1)


@pytest.mark.parametrize("axes", [1, 2, (1, 1)])
def test_products_along_an_axis(agree: Agree, axes: Any) -> None:
    from keras import layers

    agree(lambda x: layers.Dot(axes=axes)([x, x]), SEQUENCE)
    agree(lambda x: layers.Dot(axes=-1, normalize=True)([x, x * x + 1]), ROW)


def test_keras_own_low_rank_adapters_are_adapters(agree: Agree) -> None:
    from keras import layers

    from graders.analysis.adapters import adapted_layers

    layer = layers.Dense(5)
    layer(ROW)
    layer.enable_lora(2, lora_alpha=3)
    (found,) = adapted_layers(agree(scrambled(layer), ROW))
    assert found.w_transposed


def test_statistics_that_were_learnt(agree: Agree) -> None:
    from keras import layers

    layer = layers.Normalization()
    layer.adapt(ROW * 3 + 1)
    agree(layer, ROW)


@pytest.mark.parametrize("kind", ["RandomFlip", "RandomContrast"])
def test_augmentation_outside_training_is_nothing(agree: Agree, kind: str) -> None:
    from keras import layers

    layer = layers.RandomFlip() if kind == "RandomFlip" else layers.RandomContrast(0.3)
    network = agree(lambda x: layer(x, training=False), BYTES.astype("float32"))
    assert [n.op for n in network.nodes] == ["T.identity"]


# -- random settings ------------------------------------------------------------------------
WINDOWS = "Conv2D DepthwiseConv2D Conv2DTranspose MaxPooling2D AveragePooling2D"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(WINDOWS.split()),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["same", "valid"]),
    image=st.tuples(st.integers(4, 9), st.integers(4, 9)),
    bias=st.booleans(),
)
def test_windows_of_any_size(
    agree: Agree, kind: str, size: Any, strides: Any, padding: str, image: Any, bias: bool
) -> None:
    from keras import layers

    if kind in ("Conv2D", "DepthwiseConv2D", "Conv2DTranspose") and len({*strides}) > 1:
        strides = (strides[0], strides[0])  # as TensorFlow asks of its convolutions by channel
    options: dict[str, Any] = {"strides": strides, "padding": padding}
    if kind.endswith("Pooling2D"):
        layer = getattr(layers, kind)(size, **options)
    elif kind == "DepthwiseConv2D":
        layer = layers.DepthwiseConv2D(size, depth_multiplier=2, use_bias=bias, **options)
    else:
        layer = getattr(layers, kind)(5, size, use_bias=bias, **options)
    rows = _rows(3, *image, 4)
    layer(rows)
    agree(scrambled(layer), rows)


PIECES = {
    "conv": lambda k, x: k.Conv2D(x.shape[-1], 3, padding="same", activation="silu")(x),
    "strides": lambda k, x: k.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x),
    "norm": lambda k, x: k.BatchNormalization()(x),
    "activation": lambda k, x: k.Activation("swish")(x),
    "dropout": lambda k, x: k.Dropout(0.2)(x),
    "pool": lambda k, x: k.MaxPooling2D(2, padding="same")(x),
    "skip": lambda k, x: k.Add()([x, k.Conv2D(x.shape[-1], 1)(k.ReLU()(x))]),
    "dense skip": lambda k, x: k.Concatenate()([x, k.Conv2D(4, 3, padding="same")(x)]),
    "squeeze": lambda k, x: k.Multiply()(
        [x, k.Dense(x.shape[-1], "sigmoid")(k.GlobalAveragePooling2D(keepdims=True)(x))]
    ),
}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=6), st.booleans())
def test_networks_of_any_pieces(agree: Agree, pieces: list[str], flat: bool) -> None:
    import keras

    inputs = keras.Input((8, 6, 3))
    x = keras.layers.Rescaling(2.0, offset=-1.0)(inputs)
    for piece in pieces:
        x = PIECES[piece](keras.layers, x)
    x = keras.layers.Flatten()(x) if flat else keras.layers.GlobalAveragePooling2D()(x)
    model = scrambled_a_little(keras.Model(inputs, keras.layers.Dense(4)(x)))
    network = agree(lambda x: model(x, training=False), _rows(4, 8, 6, 3))
    turns = [n for n in network.nodes if n.op == "T.permute" and n.outs[0] in network.alive]
    assert len(turns) <= 1 + flat + 2 * pieces.count("squeeze")


def scrambled_a_little(model: Any) -> Any:
    for variable in model.weights:
        numbers = np.asarray(variable.value)
        variable.assign(numbers + np.abs(RNG.normal(scale=0.1, size=numbers.shape)))
    return model
