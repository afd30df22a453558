"""What training noise may move is undecided near the line, not met one day and lost the next."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graders.analysis import learning, measured
from graders.analysis.ablation import ConnectionBook
from graders.analysis.adaptation import _lost_in_rounding
from graders.analysis.evaluations import either_way, scored
from graders.analysis.merging import Target
from graders.analysis.runs import TrainedRun, trend
from graders.evidence.model import Reached, TrainingRun
from graders.evidence.reading import Blobs


def run(losses: list[float]) -> TrainedRun:
    reached = (Reached(uid=1, shape=(2, 2), start="a" * 32, end="b" * 32),)
    seen = TrainingRun.model_construct(
        number=0, cell=0, reached=reached, steps=40, backwards=40, optimizer="Adam"
    )
    book = ConnectionBook(Blobs(Path()), frozenset())
    return TrainedRun(seen, None, (), (), np.array(losses), book)


def reading(trained: TrainedRun) -> Any:
    """One in which nothing but the run was seen."""
    return SimpleNamespace(
        runs=(trained,),
        cell=lambda n: n,
        rows_of=lambda _run: None,
        places=lambda _run: None,
        sample_of=lambda _run: None,
        tables={},
        evidence=SimpleNamespace(graphs=()),
    )


@pytest.mark.parametrize(
    ("last", "fell"), [(0.98, True), (0.995, None), (1.0, False), (1.2, False), (0.2, True)]
)
def test_a_loss_that_hardly_fell(last: float, fell: bool | None) -> None:
    assert trend(np.array([1.0] * 20 + [last] * 20)).fell is fell


@pytest.mark.parametrize(
    ("skill", "holds"), [(0.5, False), (0.54, False), (0.56, None), (0.59, None), (0.61, True)]
)
def test_a_loss_that_did_not_fall_beside_what_the_network_can_do(
    monkeypatch: pytest.MonkeyPatch, skill: float, holds: bool | None
) -> None:
    found = [SimpleNamespace(values={"balanced_accuracy": (skill,)})]
    monkeypatch.setattr(learning, "predictions_on", lambda _reading: found)
    base = run([1.0] * 20 + [1.1] * 20)
    assert learning.trained(reading(base), base, role="train").holds is holds


@pytest.mark.parametrize(("last", "holds"), [(1.1, True), (1.3, None), (1.6, False)])
def test_a_fine_tuning_that_gets_worse(last: float, holds: bool | None) -> None:
    tuning = run([1.0] * 20 + [last] * 20)
    assert learning.trained(reading(tuning), tuning, role="extra").holds is holds


@pytest.mark.parametrize(("right", "ways"), [(90, 1), (57, 2), (43, 2), (5, 1)])
def test_hardly_better_than_chance_either_class_may_be_the_first(right: int, ways: int) -> None:
    truth = np.arange(100) % 2 == 0
    guess = truth.copy()
    guess[right:] ^= True
    found = scored(guess.astype(float)[:, None], truth, 0, 0)
    assert found is not None
    accuracies = [w.values["accuracy"][0] for w in either_way(found)]
    assert len(accuracies) == ways
    assert right / 100 in accuracies or ways == 1


def test_rows_known_by_their_number_alone_are_not_another_file() -> None:
    seen = SimpleNamespace(model=1, cell=3, moment=9)
    evaluation = SimpleNamespace(seen=seen, table="test", sure=False, rows=300)
    base = SimpleNamespace(run=SimpleNamespace(model=1, last_moment=5))
    found: Any = SimpleNamespace(base=base, evaluations=(evaluation,), cell=lambda n: n)
    assert measured._not_on_test(found).holds is None


@pytest.mark.parametrize(("size", "lost"), [(0.0, True), (1e-8, True), (1e-3, False)])
def test_an_adapter_lost_in_rounding(size: float, lost: bool) -> None:
    assert _lost_in_rounding(Target("", np.ones((3, 3)), np.full((3, 3), size), 0.5)) is lost
