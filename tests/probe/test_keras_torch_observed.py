"""What the probe reports of Keras on torch: a layer is one call and one model, not two."""

from __future__ import annotations

import pytest

from .kernels import Seen, ops, said

pytestmark = pytest.mark.slow

CELLS = {
    "data": """
import os
os.environ["KERAS_BACKEND"] = "torch"
import numpy as np, torch, keras
from keras import layers, ops
x = np.random.default_rng(0).random((40, 16, 16, 3), dtype=np.float32)
y = np.random.default_rng(1).integers(0, 10, 40)
""",
    "functional": """
def bloque(h, canales):
    r = layers.Conv2D(canales, 3, padding="same", use_bias=False)(
        ops.silu(layers.BatchNormalization()(h)))
    return layers.add([h, r])
entrada = keras.Input((16, 16, 3))
red = keras.Model(entrada, layers.Dense(10)(layers.Flatten()(bloque(entrada, 3))))
""",
    "evaluated": """
red.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
red.evaluate(x, y, verbose=0)
""",
    "trained": """
optimizer = torch.optim.SGD(red.parameters(), 0.01)
for step in range(3):
    optimizer.zero_grad()
    out = red(torch.tensor(x[:16]), training=True)
    torch.nn.functional.cross_entropy(out, torch.tensor(y[:16])).backward()
    optimizer.step()
""",
    "mixed": """
class Red(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.capa, self.salida = layers.Dense(4), torch.nn.Linear(4, 2)
    def forward(self, x):
        return self.salida(self.capa(x))
mezcla = Red()
with torch.no_grad():
    mezcla(torch.ones(20, 6))
""",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return Seen(CELLS, tmp_path_factory.mktemp("submission"), tmp_path_factory.mktemp("evidence"))


def test_nothing_failed_and_nothing_is_damaged(seen: Seen) -> None:
    assert seen.evidence.faults == ()
    assert seen.evidence.damage == ()
    assert [c.error for c in seen.evidence.run.cells if c.error] == []


def test_one_model_of_keras(seen: Seen) -> None:
    modules = [m for m in seen.evidence.models if m.kind == "module"]
    assert [(m.class_name, m.framework) for m in modules] == [
        ("Functional", "keras"), ("Red", "torch"),
    ]  # fmt: skip


def test_moving_statistics_are_buffers(seen: Seen) -> None:
    state = next(s for s in seen.evidence.states if s.model == seen.uid("red"))
    buffers = [e.name.rsplit(".")[-1] for e in state.entries if e.role == "buffer"]
    assert buffers == ["moving_mean", "moving_variance"]


def test_layers_are_nodes_and_the_rest_is_said_in_torchs_words(seen: Seen) -> None:
    graph = seen.graph("red", "evaluated")
    wanted = ["K.BatchNormalization", "F.silu", "K.Conv2D", "K.Add", "K.Flatten", "K.Dense"]
    assert ops(graph) == wanted


def test_an_evaluation_is_one_pass(seen: Seen) -> None:
    assert [p.rows for p in seen.passes("evaluated")] == [(32, 8)]


def test_a_training_has_its_iteration(seen: Seen) -> None:
    (run,) = [r for r in seen.evidence.training if r.cell == seen.names.index("trained")]
    assert (run.model, run.backwards, run.steps, run.batch_rows) == (seen.uid("red"), 3, 3, 16)
    (tape,) = [g for g in seen.evidence.graphs if g.run == run.number]
    assert ops(tape)[-1] == "F.cross_entropy"
    assert said(tape, "K.BatchNormalization")[0]["training"] is True
    kernel = [leaf for leaf in tape.leaves if leaf.name.endswith("kernel")]
    assert all(leaf.role == "parameter" for leaf in kernel)
    assert seen.passes("trained") == []
