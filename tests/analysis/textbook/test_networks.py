"""The networks of notebooks 10.2 and 10.5, in the ways that people write them, and with faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn

from graders.analysis.image_files import ImageSet
from graders.analysis.reading import Reading
from graders.analysis.signal_files import SignalSet
from graders.analysis.textbook.network_training import as_given, trained
from graders.analysis.textbook.networks import built, wanted
from tests.analysis.watched import Notebook

LENGTH, SIDE, ROWS = 40, 28, 640


def signals() -> SignalSet:
    """Of class c, a bump at 4 c."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 10, ROWS + 200)
    x = rng.normal(0, 0.3, (len(y), LENGTH))
    for step in range(4):
        x[np.arange(len(y)), 4 * y + step] += 2
    return SignalSet(x[:ROWS], y[:ROWS], x[ROWS:], y[ROWS:])


def images() -> ImageSet:
    """Of class c, a bright square at its place among ten."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 10, ROWS + 200)
    x = rng.integers(0, 60, (len(y), SIDE, SIDE, 1), dtype=np.uint8)
    for row, label in enumerate(y):
        down, across = divmod(int(label), 4)
        x[row, 9 * down : 9 * down + 6, 7 * across : 7 * across + 6] = 255
    return ImageSet(x[:ROWS], y[:ROWS], x[ROWS:], y[ROWS:])


SIGNALS, IMAGES = signals(), images()


def convolutions(*, channels: int = 15, relu: Callable[[], nn.Module] = nn.ReLU) -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(1, channels, 3, 2), relu(),
        nn.Conv1d(channels, 15, 3, 2, padding="valid"), nn.ReLU(),
        nn.Conv1d(15, 15, kernel_size=3, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(60, 10),
    )  # fmt: skip


class ByHand(nn.Module):
    """Clamped, its last layer a matrix, no biases in the convolutions."""

    def __init__(self) -> None:
        super().__init__()
        sizes = zip((1, 15, 15), (15, 15, 15), strict=True)
        self.layers = nn.ModuleList(nn.Conv1d(a, b, 3, stride=2, bias=False) for a, b in sizes)
        self.w, self.b = nn.Parameter(torch.randn(60, 10) / 8), nn.Parameter(torch.zeros(10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x).clamp(min=0)
        return x.reshape(len(x), -1) @ self.w + self.b


class Digits(nn.Module):
    """Notebook 10.5's network; `pool`, `drop`, `end` and `order` can be had otherwise."""

    def __init__(
        self,
        *,
        pool: Callable[[torch.Tensor], torch.Tensor] = lambda x: F.max_pool2d(x, 2),
        drop: nn.Module | None = None,
        late_drop: nn.Module | None = None,
        end: Callable[[torch.Tensor], torch.Tensor] = lambda x: F.log_softmax(x, 1),
        relu_first: bool = False,
        channels: int = 20,
    ) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 10, 5), nn.Conv2d(10, channels, 5)
        self.drop = nn.Dropout2d() if drop is None else drop
        self.late = nn.Identity() if late_drop is None else late_drop
        self.fc1, self.fc2 = nn.Linear(16 * channels, 50), nn.Linear(50, 10)
        self.pool, self.end, self.relu_first = pool, end, relu_first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self._small(self.one(x))
        x = self._small(self.drop(self.two(x)))
        x = self.late(torch.relu(self.fc1(x.view(x.size(0), -1))))
        return self.end(self.fc2(x))

    def _small(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(F.relu(x)) if self.relu_first else F.relu(self.pool(x))


class DropLast(Digits):
    """Dropout behind the second pooling, pools as modules, a softmax taken as it is."""

    def __init__(self) -> None:
        super().__init__(pool=nn.MaxPool2d(2), end=nn.Softmax(dim=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self._small(self.one(x))
        x = self.drop(self._small(self.two(x)))
        return self.end(self.fc2(F.relu(self.fc1(torch.flatten(x, 1)))))


def nll(z: torch.Tensor, t: torch.Tensor, _x: torch.Tensor) -> torch.Tensor:
    return F.nll_loss(z, t)


def entropy(z: torch.Tensor, t: torch.Tensor, _x: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(z, t)


def read(
    folder: Path,
    net: nn.Module,
    *,
    loss: Callable[..., torch.Tensor] = nll,
    epochs: int = 3,
    rate: float = 3e-3,
    shuffled: bool = False,
) -> Reading:
    """What is seen of a network's training, on the data that its first layer is for."""
    notebook = Notebook(folder)
    if any(isinstance(module, nn.Conv1d) for module in net.modules()):
        x, y = torch.tensor(SIGNALS.x_train, dtype=torch.float32)[:, None], SIGNALS.y_train
    else:
        pixels = IMAGES.x_train.transpose(0, 3, 1, 2) / 255
        x, y = torch.tensor((pixels - 0.13) / 0.31, dtype=torch.float32), IMAGES.y_train
    labels = torch.tensor(np.random.default_rng(3).permutation(y) if shuffled else y)
    notebook.train(net, x, labels, epochs=epochs, rate=rate, loss=loss)
    found = notebook.reading()
    found.signals, found.images = {"mnist1d": SIGNALS}, {"mnist": IMAGES}
    return found


@pytest.mark.parametrize(
    ("name", "net", "loss"),
    [
        ("nb10_2", convolutions, entropy),
        ("nb10_2", ByHand, entropy),
        ("nb10_5", Digits, nll),
        ("nb10_5", lambda: Digits(relu_first=True), nll),
        ("nb10_5", lambda: Digits(end=lambda x: x), entropy),
        ("nb10_5", DropLast, nll),
    ],
)
def test_honest_networks(name: str, net: Callable[[], nn.Module], loss, tmp_path: Path) -> None:
    reading = read(tmp_path, net(), loss=loss)
    found = built(reading, wanted(name))
    assert found.holds, found.observed
    learnt = trained(reading, wanted(name))
    assert learnt.holds, learnt.observed
    assert "of the test part" in learnt.observed


WITHOUT_RELU = "no ReLU between layers 1 and 2"


@pytest.mark.parametrize(
    ("name", "net", "loss", "said"),
    [
        ("nb10_2", lambda: convolutions(channels=16), entropy, "16 x 1 x 3"),
        ("nb10_2", lambda: convolutions(relu=nn.Identity), entropy, WITHOUT_RELU),
        ("nb10_2", lambda: convolutions(relu=nn.Tanh), entropy, "else than a ReLU"),
        ("nb10_2", lambda: nn.Sequential(convolutions(), nn.Softmax(1)), entropy, "last layer"),
        ("nb10_5", lambda: Digits(pool=lambda x: F.avg_pool2d(x, 2)), nll, "mean of each square"),
        ("nb10_5", lambda: Digits(end=lambda x: x), nll, "no softmax"),
        ("nb10_5", lambda: Digits(end=lambda x: F.log_softmax(x, 0)), nll, "no softmax"),
        ("nb10_5", lambda: Digits(end=lambda x: F.softmax(x, 0)), nll, "over the rows"),
        ("nb10_5", lambda: Digits(drop=nn.Identity()), nll, "no dropout behind layer 2"),
        ("nb10_5", lambda: Digits(channels=32), nll, "32 x 10"),
    ],
)
def test_faults_of_a_network(name: str, net, loss, said: str, tmp_path: Path) -> None:
    judgement = built(read(tmp_path, net(), loss=loss, epochs=1), wanted(name))
    assert judgement.holds is False
    assert said in judgement.observed


@pytest.mark.parametrize(
    "net",
    [lambda: Digits(drop=nn.Dropout()), lambda: Digits(late_drop=nn.Dropout())],
    ids=["of single numbers", "one more"],
)
def test_other_dropouts_are_left_to_a_person(net, tmp_path: Path) -> None:
    assert built(read(tmp_path, net(), epochs=1), wanted("nb10_5")).holds is None


def test_steps_that_are_too_small_teach_nothing(tmp_path: Path) -> None:
    reading = read(tmp_path, Digits(), rate=1e-7)
    assert trained(reading, wanted("nb10_5")).holds is False


def test_labels_of_other_rows_teach_nothing(tmp_path: Path) -> None:
    reading = read(tmp_path, convolutions(), loss=entropy, shuffled=True, epochs=6)
    assert trained(reading, wanted("nb10_2")).holds is False


def test_a_network_that_learnt_something_else_is_left_to_a_person(tmp_path: Path) -> None:
    reading = read(tmp_path, convolutions(), loss=entropy)
    turned = SignalSet(SIGNALS.x_train, SIGNALS.y_train, SIGNALS.x_test, 9 - SIGNALS.y_test)
    reading.signals = {"mnist1d": turned}
    assert trained(reading, wanted("nb10_2")).holds is None


def test_an_attempt_that_is_not_quite_the_network_is_still_trained(tmp_path: Path) -> None:
    reading = read(tmp_path, convolutions(channels=16), loss=entropy)
    assert trained(reading, wanted("nb10_2")).holds


def test_the_network_that_was_handed_out_is_another_one(tmp_path: Path) -> None:
    class HandedOut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 2, 3), nn.Linear(338, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.log_softmax(self.fc(F.relu(F.max_pool2d(self.conv(x), 2)).flatten(1)), 1)

    reading = read(tmp_path, HandedOut())
    judgement = trained(reading, wanted("nb10_5"))
    assert judgement.holds is False
    assert judgement.observed == "another network was trained"
    assert built(reading, wanted("nb10_5")).holds is False


def test_nothing_seen(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path)
    notebook.end_cell()
    for name in ("nb10_2", "nb10_5"):
        assert built(notebook.reading(), wanted(name)).holds is False
        assert trained(notebook.reading(), wanted(name)).holds is False


def test_rows_are_scaled_as_the_network_was_given_them() -> None:
    pixels = np.array([[0.0, 255.0, 51.0, 102.0]])
    sample = np.linspace(-0.4, 2.8, 20).reshape(5, 1, 2, 2)
    given = as_given(pixels, sample, pixels=True)
    assert given is not None
    np.testing.assert_allclose(given, [[[[-0.4, 2.8], [0.24, 0.88]]]])
    rows = np.random.default_rng(0).normal(size=(400, 6))
    np.testing.assert_array_equal(as_given(rows, rows[:300, None], pixels=False), rows[:, None])
    np.testing.assert_allclose(as_given(rows, 3 * rows + 1, pixels=False), 3 * rows + 1)
    assert as_given(rows, rows[:, :5], pixels=False) is None
