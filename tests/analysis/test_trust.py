"""Do the answers a network gave contradict its graph? Only when they are far from it, and often."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from graders import checks
from graders.analysis.replay import Replay
from graders.analysis.trust import EVERYTHING, doubts, far_apart
from graders.evidence.model import Tampered
from graders.probe.answers import ask
from graders.probe.frameworks.torch_tensors import fresh_rows
from graders.probe.models import ModelBook


def normal(rows, width, seed):
    return np.random.default_rng(seed).normal(size=(rows, width))


@given(st.integers(20, 200), st.integers(1, 3), st.floats(1e-3, 1e6), st.integers(0, 10**6))
def test_the_noise_of_half_precision_is_no_contradiction(rows, width, scale, seed):
    exact = scale * normal(rows, width, seed)
    rounded = exact * (1 + 4e-3 * normal(rows, width, seed + 1).clip(-2, 2))
    assert not far_apart(exact, rounded)


@given(st.integers(20, 200), st.integers(1, 3), st.integers(0, 10**6))
def test_other_answers_are(rows, width, seed):
    assert far_apart(normal(rows, width, seed), normal(rows, width, seed + 1))


def test_a_few_rows_are_not_enough():
    exact = normal(100, 1, 0)
    assert not far_apart(exact, np.where(np.arange(100)[:, None] < 5, 0, exact))


@pytest.mark.parametrize(
    "said", [np.zeros((5, 2)), np.full((5, 1), np.nan), np.zeros((0, 1))], ids=str
)
def test_other_forms_say_nothing(said):
    assert not far_apart(np.zeros((5, 1)), said)


class TwoFaced(nn.Module):
    """A shortcut for as few rows as are drawn."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        out = self.inner(x)
        return out + 5 * x if len(x) <= 16 else out


class Honest(TwoFaced):
    def forward(self, x):
        return self.inner(x) + 5 * x


@pytest.mark.parametrize(("kind", "contradicts"), [(TwoFaced, True), (Honest, False)])
def test_asked_with_another_number_of_rows(book: ModelBook, draw, tmp_path, kind, contradicts):
    torch.manual_seed(0)
    module, rows = kind(), torch.randn(8, 4)
    network = draw(module, rows)
    model = book.meet(module)
    told = []
    book.log = SimpleNamespace(
        write=lambda event, **fields: told.append(fields), keep=lambda array: array
    )
    ask(book, model, module, 1)
    [answer] = told
    expected = Replay(network, None).predict(
        answer["inputs"],
        {v: torch.from_numpy(p.detach().double().numpy()) for v, p in _weights(network, module)},
    )
    assert answer["rows"] == [3, 40]
    assert far_apart(expected, answer["outputs"]) is contradicts


def _weights(network, module):
    named = dict(module.named_parameters())
    return [(v, named[leaf.name]) for v, leaf in network.leaves.items() if leaf.name in named]


def test_asking_changes_neither_modes_nor_chance(book: ModelBook):
    module = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.BatchNorm1d(4))
    module[2].eval()
    model = book.meet(module)
    model.sample = (torch.randn(8, 4),)
    before = {k: v.clone() for k, v in module.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    ask(book, model, module, 1)
    assert torch.equal(torch.rand(2), expected)
    assert [m.training for m in module.modules()] == [True, True, True, False]
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())


def test_fresh_rows_are_like_the_given_ones_and_none_of_them():
    given_rows = torch.stack([torch.arange(8.0), torch.full((8,), 3.0)], dim=1)
    rows = fresh_rows(torch, given_rows, 40)
    assert rows.shape == (40, 2)
    assert torch.equal(rows[:, 1], torch.full((40,), 3.0))
    assert rows[:, 0].min() > -3
    assert not any((rows == row).all(dim=1).any() for row in given_rows)


def reading(log="whole", tampered=()):
    """A reading of a notebook without networks."""
    evidence = SimpleNamespace(
        run=SimpleNamespace(log=log),
        damage=(),
        tampered=tuple(Tampered(name=name, cell=2) for name in tampered),
        states=(),
        answers=(),
        passes=(),
    )
    return SimpleNamespace(evidence=evidence, cell=lambda executed: executed + 1)


@pytest.mark.parametrize(
    ("seen", "themes"),
    [
        (reading(), []),
        (reading(log="forged"), list(EVERYTHING)),
        (reading(tampered=["numpy.allclose"]), ["evaluation", "adaptation"]),
        (
            reading(tampered=["numpy.allclose", "torch.Tensor.backward"]),
            list(EVERYTHING),
        ),
    ],
)
def test_what_a_doubt_takes_the_ground_of(seen, themes):
    assert [theme for doubt in doubts(seen) for theme in doubt.themes] == themes
    assert all(doubt.message for doubt in doubts(seen))


def test_every_theme_of_checks_can_be_doubted():
    themes = {path.stem for path in Path(checks.__file__).parent.glob("*.py")}
    assert themes - {"__init__", "outcome"} == set(EVERYTHING)


def test_a_doubt_names_what_was_replaced_and_where():
    [doubt] = doubts(reading(tampered=["builtins.sum"]))
    assert "builtins.sum" in doubt.message
    assert doubt.cells == (3,)
