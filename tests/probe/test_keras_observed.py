"""What the probe reports of Keras on TensorFlow: one notebook in a kernel, written in many ways."""

from __future__ import annotations

import pytest

from graders.evidence import Blobs

from .kernels import Seen, ops, said

pytestmark = pytest.mark.slow

CELLS = {
    "data": """
import numpy as np, tensorflow as tf, keras
from tensorflow.keras import layers, Model
rng = np.random.default_rng(0)
x = rng.random((40, 16, 16, 3), dtype=np.float32); y = rng.integers(0, 10, 40)
""",
    "subclassed": """
class ResidualBlock(Model):
    def __init__(self, input_channels, output_channels, strides=(1, 1)):
        super().__init__()
        self.bn = layers.BatchNormalization()
        self.convs = [layers.Conv2D(output_channels, 3, strides=strides, padding="same",
                                    use_bias=False),
                      layers.Conv2D(output_channels, 3, padding="same", use_bias=False)]
        self.act = layers.Activation("silu")
        self.proj = None
        if input_channels != output_channels:
            self.proj = layers.Conv2D(output_channels, 1, strides=strides, use_bias=False)
    def call(self, x):
        y = self.convs[1](tf.nn.silu(self.convs[0](self.act(self.bn(x)))))
        return y + (x if self.proj is None else self.proj(x))
red = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(4, 3, padding="same"),
                        ResidualBlock(4, 4), ResidualBlock(4, 6, (2, 2)),
                        layers.GlobalAveragePooling2D(), layers.Dense(10)])
""",
    "evaluated": """
red.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"])
scores = red.evaluate(x, y, verbose=0)
probabilities = red.predict(x, batch_size=16, verbose=0)
one_by_one = np.concatenate([red(x[i:i + 20], training=False) for i in (0, 20)])
def batches():
    yield x[:8], y[:8]
    yield x[8:12], y[8:12]
from_generator = red.evaluate(batches(), verbose=0)
""",
    "compiled": """
@tf.function
def test_step(images, labels):
    return tf.argmax(red(images, training=False), -1)
@tf.function(jit_compile=True)
def by_xla(images):
    return tf.argmax(red(images), -1)
for function in (lambda a: test_step(a, 0), by_xla):
    for a in tf.data.Dataset.from_tensor_slices(x).batch(16):
        function(a)
""",
    "functional": """
def bloque(entrada, canales):
    h = layers.Conv2D(canales, 3, padding="same", use_bias=False)(entrada)
    h = layers.LeakyReLU()(layers.BatchNormalization()(h))
    return layers.add([entrada, h])
entrada = keras.Input((16, 16, 3))
base = keras.Model(entrada, bloque(layers.Conv2D(4, 1)(entrada), 4))
base.trainable = False
cabeza = keras.Sequential([layers.Flatten(), layers.Dense(3)])
fina = keras.Model(entrada, cabeza(base(entrada, training=False)))
""",
    "by hand": """
class Capa(layers.Layer):
    def build(self, shape):
        self.w = tf.Variable(tf.random.normal((3, 3, shape[-1], 5)))
        self.escala = self.add_weight(shape=(5,), name="escala", initializer="ones")
    def call(self, x):
        return tf.nn.conv2d(x, self.w, 1, "SAME") * self.escala
class Mia(Model):
    def __init__(self):
        super().__init__()
        self.capa, self.norma = Capa(), layers.BatchNormalization()
        self.d, self.sin_usar = layers.Dense(2, activation=tf.nn.relu), layers.Dense(7)
        self.drop = layers.Dropout(0.5)
    def call(self, x):
        h = self.norma(self.capa(x), training=True)
        self.add_loss(tf.reduce_mean(h))
        return self.d(tf.reduce_mean(self.drop(h, training=True), axis=[1, 2]))
mia = Mia()
mia(x)
kept = [v.numpy() for v in mia.variables], len(mia.losses)
""",
    "nothing moved": """
same = all((a == b.numpy()).all() for a, b in zip(kept[0], mia.variables))
print(same, len(mia.losses) == kept[1], mia.sin_usar.built, layers.Dense(1).name)
""",
    "randomness": """
keras.utils.set_random_seed(7)
first = [float(tf.random.normal(())), float(keras.random.normal(()))]
""",
    "after randomness": """
then = [float(tf.random.normal(())), float(keras.random.normal(()))]
keras.utils.set_random_seed(7)
again = [float(tf.random.normal(())), float(keras.random.normal(())),
         float(tf.random.normal(())), float(keras.random.normal(()))]
print(again == first + then)
""",
    "compiled call": """
class Compilada(Model):
    def __init__(self):
        super().__init__()
        self.d = layers.Dense(2)
    @tf.function
    def call(self, x):
        return self.d(tf.reshape(x, (tf.shape(x)[0], -1)))
compilada = Compilada()
compilada(x)
""",
    "two inputs": """
a, b = keras.Input((4,)), keras.Input((4,))
dos = keras.Model([a, b], layers.Dense(2)(layers.Concatenate()([a, b])))
dos.predict([np.ones((20, 4)), np.zeros((20, 4))], verbose=0)
""",
    "saved": """
red.save_weights("red.weights.h5")
base.export("exported")
""",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return Seen(CELLS, tmp_path_factory.mktemp("submission"), tmp_path_factory.mktemp("evidence"))


def test_nothing_failed_and_nothing_is_damaged(seen: Seen) -> None:
    assert seen.evidence.faults == ()
    assert seen.evidence.damage == ()
    assert [c.error for c in seen.evidence.run.cells if c.error] == []


def test_models_are_met_once_and_say_whose_they_are(seen: Seen) -> None:
    modules = [m for m in seen.evidence.models if m.kind == "module"]
    assert {m.framework for m in modules} == {"keras"}
    assert next(m.names for m in modules if m.class_name == "Sequential") == ("red",)
    assert not any(m.class_name in ("Conv2D", "ResidualBlock", "Dense") for m in modules)


def test_a_state_names_weights_by_their_path(seen: Seen) -> None:
    state = next(s for s in seen.evidence.states if s.model == seen.uid("red"))
    names = [e.name for e in state.entries]
    assert names[:2] == ["conv2d.kernel", "conv2d.bias"]
    assert "residual_block.batch_normalization.moving_mean" in names
    roles = {e.name.rsplit(".")[-1]: e.role for e in state.entries}
    assert roles["gamma"] == "parameter"
    assert roles["moving_variance"] == "buffer"
    assert len(names) == len(set(names)) == 17


def test_what_is_frozen_keeps_its_role(seen: Seen) -> None:
    state = [s for s in seen.evidence.states if s.model == seen.uid("fina")][-1]
    learnt = {e.name for e in state.parameters if e.requires_grad}
    assert learnt == {"sequential_1.dense_1.kernel", "sequential_1.dense_1.bias"}
    assert sum(e.role == "parameter" for e in state.entries) == 7


def test_layers_are_nodes_and_the_rest_are_operations(seen: Seen) -> None:
    graph = seen.graph("red")
    assert ops(graph).count("K.Conv2D") == 6
    assert ops(graph).count("tf.AddV2") == 2
    assert ops(graph).count("tf.Sigmoid") == 2
    assert graph.values[graph.inputs[0]].shape == (4, 16, 16, 3)
    strided = [n["config"]["dict"] for n in said(graph, "K.Conv2D")]
    assert [c["strides"] for c in strided].count({"tuple": [2, 2]}) == 2
    norm = said(graph, "K.BatchNormalization")[0]
    assert list(norm["weights"]["dict"]) == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert norm["training"] is False
    assert {n.scope for n in graph.nodes} >= {"residual_block", "residual_block.activation"}


def test_a_network_drawn_before_it_was_called_is_a_guess(seen: Seen) -> None:
    assert seen.graph("red", "subclassed").guessed
    assert not seen.graph("red", "evaluated").guessed


def test_functional_parts_are_entered(seen: Seen) -> None:
    graph = seen.graph("fina")
    assert [op for op in ops(graph) if op == "K.Add"] == ["K.Add"]
    (add,) = [n for n in graph.nodes if n.op == "K.Add"]
    assert len(add.args[0]["list"]) == 2
    assert not any(n["trainable"] for n in said(graph, "K.BatchNormalization"))


def test_a_layer_written_by_hand_is_recorded_and_owns_its_variables(seen: Seen) -> None:
    graph = seen.graph("mia")
    assert ops(graph)[0] == "tf.Conv2D"
    assert "tf.Relu" in ops(graph)
    (mean,) = [n for n in graph.nodes if n.op == "tf.Mean" and n.outs[0] in graph.values]
    assert mean.args[1] == {"list": [1, 2]}
    (norm,) = said(graph, "K.BatchNormalization")
    assert norm["training"] is True
    owned = {leaf.name: leaf.role for leaf in graph.leaves}
    assert owned["capa.w"] == owned["capa.escala"] == "parameter"


def test_a_compiled_call_is_drawn_as_it_was_written(seen: Seen) -> None:
    graph = seen.graph("compilada")
    assert ops(graph)[-1] == "K.Dense"
    assert "tf.Reshape" in ops(graph)
    assert [p.rows for p in seen.passes("compiled call")] == [(40,)]


def test_evaluations_are_passes_however_they_are_run(seen: Seen) -> None:
    made = seen.passes("evaluated")
    assert [p.rows for p in made] == [(32, 8), (16, 16, 8), (20, 20), (8, 4)]
    blobs = Blobs(seen.folder / "blobs")
    first = blobs.load(made[0].outputs or "")
    for other in made[1:3]:
        assert abs(blobs.load(other.outputs or "") - first).max() < 1e-4
    assert not any(p.training or p.grad for p in made)


def test_evaluations_in_compiled_functions_are_passes(seen: Seen) -> None:
    assert [p.rows for p in seen.passes("compiled")] == [(16, 16, 8)] * 2


def test_drawing_leaves_nothing_behind(seen: Seen) -> None:
    assert seen.printed("nothing moved").split()[:3] == ["True", "True", "False"]
    assert "True" in seen.printed("after randomness")


def test_networks_of_two_inputs(seen: Seen) -> None:
    graph = seen.graph("dos")
    assert len(graph.inputs) == 2
    assert [p.rows for p in seen.passes("two inputs")] == [(20,)]


def test_a_saved_network_has_its_state(seen: Seen) -> None:
    saved = [s for s in seen.evidence.states if s.why == "save"]
    assert seen.uid("red") in {s.model for s in saved}
