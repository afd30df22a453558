"""The result on a set of test images: by whatever way they were asked, and told from others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from graders.analysis import image_results
from graders.analysis.statement import Answer
from tests.analysis.pictured import Gallery, image_set, network, scaled


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path)


def right(gallery: Gallery, answers: torch.Tensor, order: np.ndarray | None = None) -> float:
    truth = gallery.set10.y_test if order is None else gallery.set10.y_test[order]
    return float((answers.argmax(1).numpy() == truth[: len(answers)]).mean())


def trained(gallery: Gallery) -> nn.Module:
    net = network()
    gallery.tune(lambda x: gallery.call(net, x), net.parameters())
    return net


def answer(gallery: Gallery, part: int = 0) -> Answer:
    reading = gallery.reading()
    return image_results.result_on_test(reading, reading.runs[part])


SHOWN: dict[str, Callable[[float], str]] = {
    "share": lambda a: f"test accuracy: {a:.4f}",
    "percent": lambda a: f"Acc. en test = {100 * a:.2f} %",
    "whole number": lambda a: f"Precisión final de la red sobre el conjunto de test: {a:.1%}",
    "two digits": lambda a: f"{a:.2f} de exactitud",
    "count": lambda a: f"Aciertos: {round(a * 120)} de 120",
    "report": lambda a: f"    accuracy                           {a:.2f}      120",
    "single precision": lambda a: f"{{'accuracy': {np.float32(a)!r}, 'loss': 1.2}}",
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Test CIFAR-10 (frozen): {a}", True),
        ("{a}", True),
        ("Resultado final: {p:.0f}%", True),
        ("of the first: {a}", None),
    ],
)
def test_few_images_have_few_digits(gallery: Gallery, text: str, holds: bool | None) -> None:
    gallery.sets["cifar10"] = image_set(test=100)
    gallery.t10 = scaled(gallery.set10.x_test)
    net = trained(gallery)
    share = right(gallery, gallery.answers(net, gallery.t10))
    gallery.show(text.format(a=share, p=100 * share))
    gallery.end_cell()
    assert len(str(share)) == 4
    assert answer(gallery).holds is holds


@pytest.mark.parametrize("how", SHOWN)
def test_a_result_shown(gallery: Gallery, how: str) -> None:
    net = trained(gallery)
    gallery.end_cell()
    gallery.show(SHOWN[how](right(gallery, gallery.answers(net, gallery.t10))))
    gallery.end_cell()
    found = answer(gallery)
    assert found.holds, found.words
    assert found.cells == (1,)


def test_in_another_order_and_in_part(gallery: Gallery) -> None:
    net = trained(gallery)
    order = np.random.default_rng(0).permutation(120)[:90]
    gallery.show(f"{right(gallery, gallery.answers(net, gallery.t10[order]), order):.4f}")
    gallery.end_cell()
    assert answer(gallery).holds


def test_the_mean_of_batches(gallery: Gallery) -> None:
    net = trained(gallery)
    answers = gallery.answers(net, gallery.t10, batch=50)
    truth = torch.tensor(gallery.set10.y_test)
    batches = [
        float((a.argmax(1) == t).float().mean())
        for a, t in zip(answers.split(50), truth.split(50), strict=True)
    ]
    gallery.show(f"{np.mean(batches):.6f}")
    gallery.end_cell()
    assert answer(gallery).holds


def test_after_training_images_in_one_pass(gallery: Gallery) -> None:
    net = trained(gallery)
    both = torch.cat([gallery.x10[:96], gallery.t10])
    answers = gallery.answers(net, both)[96:]
    gallery.show(f"{right(gallery, answers):.4f}")
    gallery.end_cell()
    assert answer(gallery).holds


def test_through_features_computed_once(gallery: Gallery) -> None:
    body, head = network()
    body.requires_grad_(False)
    made = {k: gallery.answers(body, x) for k, x in (("x", gallery.x10), ("t", gallery.t10))}
    gallery.end_cell()
    gallery.tune(lambda z: gallery.call(head, z), head.parameters(), made["x"], epochs=40, rate=0.1)
    gallery.end_cell()
    order = np.random.default_rng(0).permutation(120)
    gallery.show(f"{right(gallery, gallery.answers(head, made['t'][order]), order):.5f}")
    gallery.end_cell()
    reading = gallery.reading()
    (evaluation,) = image_results.evaluations_of(reading, reading.runs)
    assert evaluation.part == 1
    assert np.array_equal(evaluation.truth, gallery.set10.y_test[order])
    assert answer(gallery).holds


def test_a_backbone_and_its_head_take_turns(gallery: Gallery) -> None:
    body, head = network()
    with torch.no_grad():
        made = body(gallery.x10)
    gallery.tune(lambda z: gallery.call(head, z), head.parameters(), made, epochs=40, rate=0.1)
    gallery.end_cell()
    with torch.no_grad():
        parts = [gallery.call(head, 2 * gallery.call(body, x) / 2) for x in gallery.t10.split(3)]
        gallery.show(f"{right(gallery, torch.cat(parts)):.5f}")
    gallery.end_cell()
    assert answer(gallery).holds


def test_through_a_network_that_holds_the_head(gallery: Gallery) -> None:
    body, head = network()
    with torch.no_grad():
        made = body(gallery.x10)
    gallery.tune(lambda z: gallery.call(head, z), head.parameters(), made, epochs=40, rate=0.1)
    gallery.end_cell()
    net = nn.Sequential(body, nn.Identity(), head)
    gallery.show(f"{right(gallery, gallery.answers(net, gallery.t10)):.5f}")
    gallery.end_cell()
    assert answer(gallery).holds


def test_images_that_are_not_recognised_in_their_order(gallery: Gallery) -> None:
    net = trained(gallery)
    odd = gallery.t10.abs().sqrt() * gallery.t10.sign() + 0.2 * torch.randn_like(gallery.t10)
    gallery.show(f"{right(gallery, gallery.answers(net, odd)):.5f}")
    gallery.end_cell()
    assert answer(gallery).holds


def test_never_asked(gallery: Gallery) -> None:
    net = trained(gallery)
    gallery.show(f"accuracy {right(gallery, gallery.answers(net, gallery.x10)[:120]):.4f}")
    gallery.end_cell()
    assert answer(gallery).holds is False


def test_asked_before_the_training_only(gallery: Gallery) -> None:
    net = network()
    gallery.show(f"accuracy {right(gallery, gallery.answers(net, gallery.t10)):.4f}")
    gallery.end_cell()
    gallery.tune(lambda x: gallery.call(net, x), net.parameters())
    gallery.end_cell()
    assert answer(gallery).holds is False


def test_typed_in(gallery: Gallery) -> None:
    net = trained(gallery)
    share = f"{right(gallery, gallery.answers(net, gallery.t10)):.4f}"
    gallery.show(f"test accuracy: {share}", f"print('test accuracy: {share}')")
    gallery.end_cell()
    assert answer(gallery).holds is False


def test_shown_nowhere(gallery: Gallery) -> None:
    net = trained(gallery)
    gallery.answers(net, gallery.t10)
    gallery.show("loss 0.1234")
    gallery.end_cell()
    assert answer(gallery).holds is False


def test_a_figure_that_is_not_understood_is_left_to_a_person(gallery: Gallery) -> None:
    net = trained(gallery)
    gallery.answers(net, gallery.t10)
    gallery.show("test accuracy with augmentation at test time: 0.1234")
    gallery.end_cell()
    assert answer(gallery).holds is None


def test_of_two_trainings_each_has_its_own_result(gallery: Gallery) -> None:
    net = network()
    body, head = net
    gallery.tune(lambda x: head(body(x)), head.parameters())  # watched as a whole, not by calls
    gallery.tune(lambda x: gallery.call(net, x), head.parameters())
    gallery.end_cell()
    gallery.tune(lambda x: gallery.call(net, x), net.parameters())
    gallery.end_cell()
    gallery.show(f"acc {right(gallery, gallery.answers(net, gallery.t10)):.4f}")
    gallery.end_cell()
    reading = gallery.reading()
    first, second = reading.runs[-2:]
    assert image_results.result_on_test(reading, first).holds is False
    assert image_results.result_on_test(reading, [second]).holds


def test_without_the_set_nothing_is_said(gallery: Gallery) -> None:
    trained(gallery)
    gallery.end_cell()
    reading = gallery.reading()
    assert image_results.result_on_test(reading, reading.runs, "cifar1000").holds is None
    assert image_results.result_on_test(reading, ()).holds is False


def test_weights_from_nowhere_are_left_to_a_person(gallery: Gallery) -> None:
    net = trained(gallery)
    gallery.end_cell()
    mean = network()
    with torch.no_grad():
        for own, other in zip(mean.parameters(), net.parameters(), strict=True):
            own.copy_(0.9 * other + 0.1 * own)
    gallery.show(f"accuracy {right(gallery, gallery.answers(mean, gallery.t10)):.4f}")
    gallery.end_cell()
    assert answer(gallery).holds is None


def test_a_few_test_images_are_left_to_a_person(gallery: Gallery) -> None:
    gallery.sets["cifar10"] = image_set(test=400)
    gallery.t10 = scaled(gallery.set10.x_test)
    net = trained(gallery)
    gallery.show(f"accuracy {right(gallery, gallery.answers(net, gallery.t10[:30])):.4f}")
    gallery.end_cell()
    assert answer(gallery).holds is None
