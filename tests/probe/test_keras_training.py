"""What the probe reports of trainings in Keras: loops of every kind, on TensorFlow and on torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pytest

from graders import evidence, runner
from graders.evidence import Blobs, Evidence
from graders.evidence.model import Graph, TrainingRun
from graders.intake.submission import Submission
from graders.rubric.model import Run
from graders.sandbox import choose

CELLS = {
    "data": """
import functools, keras, numpy as np, tensorflow as tf
from keras import layers
keras.utils.set_random_seed(0)
X = np.random.default_rng(0).normal(size=(230, 8)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")
ds = tf.data.Dataset.from_tensor_slices((X, Y)).batch(50)
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
def net(outputs=2):
    return keras.Sequential([keras.Input((8,)), layers.Dense(16, use_bias=False),
                             layers.BatchNormalization(), layers.Activation("silu"),
                             layers.Dense(outputs)])
def step_of(model, optimizer):
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss
    return step
""",
    "eager": """
step = step_of(net(), keras.optimizers.Adam(1e-2))
for epoch in range(2):
    for x, y in ds:
        step(x, y)
""",
    "compiled": """
model = net()
falling = keras.optimizers.schedules.PiecewiseConstantDecay([4], [0.1, 0.01])
optimizer = keras.optimizers.SGD(falling)
compiled = tf.function(step_of(model, optimizer))
seen = [float(compiled(x, y)) for _ in range(2) for x, y in ds]  # the last batch is traced anew
""",
    "compiled again": """
for x, y in ds:
    compiled(x, y)
""",
    "compiled loop": """
@tf.function
def epoch(rows):
    for x, y in rows:
        inner(x, y)
inner = step_of(net(), keras.optimizers.Adam(1e-2))
for _ in range(3):
    epoch(ds)
""",
    "two optimizers, compiled by XLA": """
both = net()
one, two = keras.optimizers.SGD(1e-2), keras.optimizers.Adam(1e-3)
body, head = both.trainable_variables[:3], both.trainable_variables[3:]
@tf.function(jit_compile=True)
def halves(x, y):
    with tf.GradientTape() as tape:
        loss = loss_of(y, both(x, training=False))
    found = tape.gradient(loss, body + head)
    one.apply_gradients(zip(found[:3], body))
    two.apply_gradients(zip(found[3:], head))
for _ in range(3):
    halves(X[:50], Y[:50])
""",
    "fit": """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = net()
    def call(self, x, training=False):
        return self.inner(x, training=training)
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}
subclass = Net()
subclass.compile(optimizer=keras.optimizers.Adam(1e-2), loss=loss_of)
def entrenar():
    return functools.partial(getattr(subclass, "fit"), X, Y, epochs=2, batch_size=50, verbose=0)()
entrenar();
""",
    "its own train_step": """
for x, y in ds:
    subclass.train_step((x, y))
""",
    "train_on_batch": """
given = net()
given.compile(optimizer="sgd", loss=loss_of)
for x, y in ds:
    given.train_on_batch(x, y)
""",
    "never applied": """
idle = net()
for x, y in ds:
    with tf.GradientTape() as tape:
        loss = loss_of(y, idle(x, training=True))
    gradients = tape.gradient(loss, idle.trainable_variables)
""",
    "by hand": """
hand = net()
@tf.function
def update(x, y):
    with tf.GradientTape() as tape:
        loss = loss_of(y, hand(x, training=True))
    for v, g in zip(hand.trainable_variables, tape.gradient(loss, hand.trainable_variables)):
        v.assign_sub(0.1 * g)
for x, y in ds:
    update(x, y)
""",
    "head on frozen features": """
backbone, head = net(5), keras.Sequential([keras.Input((5,)), layers.Dense(2)])
backbone.trainable = False
small = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-2), initial_scale=4.0)
for x, y in ds:
    features = backbone(x, training=False)
    with tf.GradientTape() as tape:
        loss = small.scale_loss(loss_of(y, head(features, training=True)))
    small.apply_gradients(zip(tape.gradient(loss, head.trainable_variables),
                              head.trainable_variables))
""",
    "head on a frozen backbone, compiled": """
noise, last = layers.GaussianNoise(0.01), layers.Dense(2)
last.build((None, 5))
adam = keras.optimizers.Adam(1e-2)
@tf.function
def tune(x, y):
    features = backbone(noise(x, training=True), training=False)
    with tf.GradientTape() as tape:
        loss = loss_of(y, last(features))
    adam.apply(tape.gradient(loss, last.trainable_variables), last.trainable_variables)
for x, y in ds:
    tune(x, y)
    adam.learning_rate.assign(adam.learning_rate / 2)
""",
    "randomness": """
tf.random.set_seed(3)
@tf.function
def noisy():
    first = tf.random.normal(())
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(X[:4], training=True))
    tape.gradient(loss, model.trainable_variables)
    return first, tf.random.normal(())
watched = [float(n) for n in noisy()]
tf.random.set_seed(3)
@tf.function
def plain():
    return tf.random.normal(()), tf.random.normal(())
print(watched == [float(n) for n in plain()])
""",
}

TORCH_CELLS = {
    "data": """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, torch, numpy as np
keras.utils.set_random_seed(0)
X = np.random.default_rng(0).normal(size=(200, 8)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
def net():
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="silu"),
                             keras.layers.Dense(2)])
""",
    "own loop": """
model, optimizer = net(), keras.optimizers.Adam(1e-2)
for i in range(0, 200, 50):
    loss = loss_of(Y[i:i+50], model(X[i:i+50], training=True))
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        optimizer.apply([v.value.grad for v in model.trainable_weights], model.trainable_weights)
""",
    "torch's optimizer": """
model = net()
adam = torch.optim.AdamW(model.parameters(), lr=1e-2)
for i in range(0, 200, 50):
    adam.zero_grad()
    loss_of(Y[i:i+50], model(X[i:i+50], training=True)).backward()
    adam.step()
""",
    "fit": """
model = net()
model.compile(optimizer="sgd", loss=loss_of)
model.fit(X, Y, epochs=2, batch_size=50, verbose=0);
""",
}

Runs = Callable[[str], list[TrainingRun]]


def _run(cells: dict[str, str], root: Path, out: Path) -> Evidence:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip()) for source in cells.values()]
    )
    nbformat.write(notebook, root / "a.ipynb")
    submission = Submission(id="a", root=root, notebooks=(Path("a.ipynb"),))
    runner.run(submission, Run(), {}, out, choose("none"))
    return evidence.read(out)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Evidence:
    return _run(CELLS, tmp_path_factory.mktemp("submission"), folder)


@pytest.fixture(scope="module")
def runs_in(seen: Evidence) -> Runs:
    return lambda name: [r for r in seen.training if r.cell == list(CELLS).index(name)]


@pytest.fixture(scope="module")
def tape_of(seen: Evidence) -> Callable[[TrainingRun], Graph]:
    def found(run: TrainingRun) -> Graph:
        (tape,) = [g for g in seen.graphs if g.run == run.number]
        return tape

    return found


pytestmark = pytest.mark.slow


def test_nothing_failed(seen: Evidence) -> None:
    assert seen.faults == ()
    assert [c.error.name for c in seen.run.cells if c.error] == []


@pytest.mark.parametrize(
    ("cell", "optimizer", "passes", "steps", "drivers", "compiled"),
    [
        ("eager", "Adam", 10, 10, {""}, False),
        ("compiled", "SGD", 10, 10, {""}, True),
        ("compiled again", "SGD", 5, 5, {""}, True),
        ("compiled loop", "Adam", 15, 15, {""}, True),
        ("fit", "Adam", 10, 10, {"keras.fit"}, True),
        ("its own train_step", "Adam", 5, 5, {""}, False),
        ("train_on_batch", "SGD", 5, 5, {"keras.train_on_batch"}, True),
        ("never applied", "", 5, 0, set(), False),
        ("by hand", "", 5, 0, set(), True),
        ("head on frozen features", "SGD", 5, 5, {""}, False),
    ],
)
def test_a_run(
    cell: str,
    optimizer: str,
    passes: int,
    steps: int,
    drivers: set[str],
    compiled: bool,
    runs_in: Runs,
    folder: Path,
) -> None:
    (run,) = runs_in(cell)
    assert (run.optimizer, run.backwards, run.steps) == (optimizer, passes, steps)
    assert (set(run.drivers), run.compiled) == (drivers, compiled)
    assert sum(run.drivers.values()) == steps
    assert len(Blobs(folder / "blobs").load(run.losses)) == passes
    moved = {r.start != r.end for r in run.reached}
    assert moved == {cell != "never applied"}


def test_losses_and_rates(runs_in: Runs, seen: Evidence, folder: Path) -> None:
    (run,) = runs_in("compiled")
    losses = Blobs(folder / "blobs").load(run.losses)
    assert losses[-1] < losses[0]
    assert run.rates == ((1, (0.1,)), (6, (0.01,)))
    (run,) = runs_in("train_on_batch")
    assert run.rates == ((1, (0.01,)),)


def test_two_optimizers_are_two_runs(runs_in: Runs) -> None:
    one, two = runs_in("two optimizers, compiled by XLA")
    assert [(r.optimizer, r.backwards, r.steps) for r in (one, two)] == [
        ("SGD", 3, 3),
        ("Adam", 3, 3),
    ]
    assert [len(r.reached) for r in (one, two)] == [3, 2]
    assert all(r.start != r.end for run in (one, two) for r in run.reached)


def test_norms_and_the_model(runs_in: Runs, seen: Evidence) -> None:
    for cell, by_batch in (("eager", True), ("compiled loop", True), ("fit", True)):
        (run,) = runs_in(cell)
        assert {v for s in run.samples for v in s.norms_training.values()} == {by_batch}
    (one, _two) = runs_in("two optimizers, compiled by XLA")
    assert {v for s in one.samples for v in s.norms_training.values()} == {False}
    (run,) = runs_in("head on frozen features")
    (model,) = [m for m in seen.models if m.uid == run.model]
    assert "head" in model.names


@pytest.mark.parametrize("cell", ["eager", "compiled", "compiled loop", "fit", "by hand"])
def test_rows_and_the_tape(
    cell: str, runs_in: Runs, tape_of: Callable[[TrainingRun], Graph], folder: Path
) -> None:
    blobs = Blobs(folder / "blobs")
    x = np.random.default_rng(0).normal(size=(230, 8)).astype("float32")
    known = {row.tobytes(): int(row[0] > 0) for row in x}
    (run,) = runs_in(cell)
    assert run.batch_rows in (46, 50)
    assert run.input_rows == 230 * (run.backwards // 5)
    assert all(row.tobytes() in known for row in blobs.load(run.inputs or ""))
    tape = tape_of(run)
    ops = [node.op for node in tape.nodes]
    assert ops[:4] == ["K.Dense", "K.BatchNormalization", "K.Activation", "K.Dense"]
    assert "tf.SparseSoftmaxCrossEntropyWithLogits" in ops
    (given,) = [leaf for leaf in tape.leaves if leaf.role == "input"]
    rows = blobs.load(given.digest)
    wanted = [known[row.tobytes()] for row in rows]
    found = [blobs.load(leaf.digest) for leaf in tape.leaves if leaf.role == "constant"]
    assert any(a.shape == (len(rows),) and list(a) == wanted for a in found)


def test_a_backbone_outside_of_a_compiled_gradient(
    runs_in: Runs, tape_of: Callable[[TrainingRun], Graph], folder: Path
) -> None:
    (run,) = runs_in("head on a frozen backbone, compiled")
    assert [r.shape for r in run.reached] == [(5, 2), (2,)]
    assert run.rates[0] == (1, (0.01,))
    assert run.rates[-1][1] == (0.000625,)  # noted when the function was looked at
    assert Blobs(folder / "blobs").load(run.inputs or "").shape[1] == 8  # not the features
    tape = tape_of(run)
    layers = [node for node in tape.nodes if node.op == "K.Dense"]
    assert [tape.values[node.outs[0]].requires_grad for node in layers] == [False, False, True]


def test_random_numbers_are_the_students(seen: Evidence) -> None:
    assert "True" in "".join(o.text for o in seen.run.cells[-1].outputs)


def test_on_torch(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = _run(TORCH_CELLS, tmp_path_factory.mktemp("torch"), tmp_path_factory.mktemp("out"))
    assert found.faults == ()
    assert [c.error for c in found.run.cells if c.error] == []
    assert [
        (r.cell, r.optimizer, r.backwards, r.steps, set(r.drivers)) for r in found.training
    ] == [
        (1, "Adam", 4, 4, {""}),
        (2, "AdamW", 4, 4, {""}),
        (3, "SGD", 8, 8, {"keras.fit"}),
    ]
    assert all(r.start != r.end for run in found.training for r in run.reached)
    assert [len(r.reached) for r in found.training] == [4, 4, 4]
    assert {g.run for g in found.graphs} >= {r.number for r in found.training}
