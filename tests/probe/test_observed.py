"""What the probe reports of a real kernel's run: one notebook, looked at from many sides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pytest

from graders import evidence, runner
from graders.evidence import Blobs, Evidence
from graders.evidence.model import TrainingRun
from graders.intake.submission import Submission
from graders.rubric.model import Run
from graders.sandbox import choose

CELLS = {
    "data": """
import torch, numpy as np
from torch import nn
torch.manual_seed(0)
X = torch.randn(300, 6); y = (X[:, 0] + X[:, 1] > 0).float()
""",
    "net": """
net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 1))
torch.save(net.state_dict(), "early.pt")
""",
    "train": """
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(5):
    for i in range(0, 300, 50):
        opt.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(net(X[i:i+50]).squeeze(1), y[i:i+50])
        loss.backward(); opt.step()
print("loss", loss.item())
""",
    "evaluate": """
net.eval()
with torch.no_grad():
    first = torch.cat([net(X[i:i+100]) for i in range(0, 300, 100)])
from sklearn.metrics import accuracy_score
acc = accuracy_score(y, (first.squeeze(1) > 0).float())
print(acc)
""",
    "by hand": """
w = torch.zeros(6, requires_grad=True); b = torch.zeros(1, requires_grad=True)
for _ in range(20):
    p = torch.sigmoid(X @ w + b)
    cost = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()
    cost.backward()
    with torch.no_grad():
        w -= 0.5 * w.grad; b -= 0.5 * b.grad
        w.grad.zero_(); b.grad.zero_()
""",
    "two runs in one cell": """
frozen = nn.Linear(6, 4).requires_grad_(False); head = nn.Linear(4, 1)
both = nn.Sequential(frozen, head)
for kind in (torch.optim.SGD, torch.optim.RMSprop):
    optimizer = kind(head.parameters(), lr=0.01)
    for _ in range(4):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(both(X).squeeze(1), y).backward()
        optimizer.step()
""",
    "changed in place": """
with torch.no_grad():
    before = both(X)
    head.weight.data += 1.0
    after = both(X)
same = torch.allclose(before, after)
""",
    "an error": """
raise_this
""",
    "randomness": """
torch.manual_seed(5); a = torch.rand(1); np.random.seed(5); b2 = np.random.rand()
""",
    "after randomness": """
numbers = [torch.rand(1).item(), np.random.rand()]
torch.manual_seed(5); torch.rand(1); np.random.seed(5); np.random.rand()
untouched = numbers == [torch.rand(1).item(), np.random.rand()]
print(untouched)
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("submission")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip()) for source in CELLS.values()]
    )
    nbformat.write(notebook, root / "a.ipynb")
    out = tmp_path_factory.mktemp("evidence")
    submission = Submission(id="a", root=root, notebooks=(Path("a.ipynb"),))
    runner.run(submission, Run(), {}, out, choose("none"))
    return out


@pytest.fixture(scope="module")
def seen(folder: Path) -> Evidence:
    return evidence.read(folder)


@pytest.fixture(scope="module")
def runs_in(seen: Evidence) -> Callable[[str], list[TrainingRun]]:
    return lambda name: [r for r in seen.training if r.cell == list(CELLS).index(name)]


pytestmark = pytest.mark.slow


def test_nothing_of_the_probe_failed(seen: Evidence) -> None:
    assert seen.faults == ()
    assert [c.error.name for c in seen.run.cells if c.error] == ["NameError"]


def test_a_training_run(runs_in: Callable[[str], list[TrainingRun]], folder: Path) -> None:
    (run,) = runs_in("train")
    assert (run.backwards, run.steps, run.optimizer, run.batch_rows) == (30, 30, "Adam", 50)
    assert run.rates[0][1] == (0.01,)
    assert all(r.start != r.end for r in run.reached)
    assert len(run.reached) == 4
    assert not any(run.drivers.keys() - {""})
    losses = Blobs(folder / "blobs").load(run.losses)
    assert len(losses) == 30
    assert losses[-1] < losses[0]


def test_the_tape_of_an_iteration(
    seen: Evidence, runs_in: Callable[[str], list[TrainingRun]]
) -> None:
    (run,) = runs_in("train")
    (tape,) = [g for g in seen.graphs if g.run == run.number]
    ops = [n.op for n in tape.nodes]
    assert ops.count("F.linear") == 2
    assert ops[-1] == "F.binary_cross_entropy_with_logits"
    assert "F.relu" in ops


def test_training_without_an_optimizer(runs_in: Callable[[str], list[TrainingRun]]) -> None:
    (run,) = runs_in("by hand")
    assert (run.backwards, run.steps, run.optimizer) == (20, 0, "")
    assert sorted(r.shape for r in run.reached) == [(1,), (6,)]
    assert all(r.start != r.end for r in run.reached)


def test_two_optimizers_are_two_runs(runs_in: Callable[[str], list[TrainingRun]]) -> None:
    found = runs_in("two runs in one cell")
    assert [(r.optimizer, r.steps, r.backwards) for r in found] == [
        ("SGD", 4, 4),
        ("RMSprop", 4, 4),
    ]
    assert all(len(r.reached) == 2 for r in found)  # the frozen layer gets no gradient


def test_an_evaluation_in_batches_is_one_pass(seen: Evidence, folder: Path) -> None:
    cell = list(CELLS).index("evaluate")
    (made,) = [p for p in seen.passes if p.cell == cell]
    assert made.rows == (100, 100, 100)
    outputs = Blobs(folder / "blobs").load(made.outputs or "")
    assert outputs.shape == (300, 1)
    (metric,) = seen.metrics
    assert metric.name == "accuracy_score"
    assert metric.result == pytest.approx(np.mean((outputs[:, 0] > 0) == _labels(seen, folder)))


def _labels(seen: Evidence, folder: Path) -> np.ndarray:
    return Blobs(folder / "blobs").load(seen.metrics[0].arrays["y_true"].digest) > 0.5


def test_a_change_in_place_parts_two_passes(seen: Evidence) -> None:
    cell = list(CELLS).index("changed in place")
    made = [p for p in seen.passes if p.cell == cell]
    assert [p.rows for p in made] == [(300,), (300,)]
    assert made[0].outputs != made[1].outputs
    (comparison,) = [c for c in seen.comparisons if c.cell == cell]
    assert comparison.result is False
    assert {r.digest for r in comparison.arrays.values()} == {p.outputs for p in made}


def test_the_saved_file_is_kept(seen: Evidence, folder: Path) -> None:
    (file,) = seen.files
    assert file.path == "early.pt"
    assert (folder / "files" / f"{file.digest}.bin").stat().st_size == file.size


def test_random_numbers_are_the_students(seen: Evidence) -> None:
    last = seen.run.cells[-1]
    assert "True" in "".join(o.text for o in last.outputs)
