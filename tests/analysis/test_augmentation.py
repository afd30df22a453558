"""Images changed at random, and images that only seem to be: through whatever way they came."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from graders.analysis.augmentation import augmented, random_layers
from graders.analysis.lowering import lower
from graders.analysis.network import Network
from graders.analysis.statement import Answer
from graders.evidence.model import Graph
from tests.analysis.pictured import Gallery, Prepare, network


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path)


def mirrored(x: torch.Tensor) -> torch.Tensor:
    return torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)


def moved(x: torch.Tensor) -> torch.Tensor:
    padded = nn.functional.pad(x, (4, 4, 4, 4))
    down, across = torch.randint(0, 9, (2, len(x)))
    return torch.stack(
        [p[:, d : d + 32, a : a + 32] for p, d, a in zip(padded, down, across, strict=True)]
    )


def turned(x: torch.Tensor) -> torch.Tensor:
    angle = (torch.rand(len(x)) - 0.5) * 0.8
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).reshape(-1, 2, 2)
    grid = nn.functional.affine_grid(
        torch.cat([turn, torch.zeros(len(x), 2, 1)], 2), list(x.shape), align_corners=False
    )
    return nn.functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def lightened(x: torch.Tensor) -> torch.Tensor:
    return x + 0.2 * torch.randn(len(x), 1, 1, 1)


CHANGED: dict[str, Prepare] = {
    "mirrored": mirrored,
    "moved": moved,
    "turned": turned,
    "lightened": lightened,
    "moved and mirrored": lambda x: moved(mirrored(x)),
    "channels scaled after it": lambda x: mirrored(x) * torch.tensor([1, 2, 3.0])[:, None, None],
}
AS_THEY_STAND: dict[str, Prepare] = {
    "as given": lambda x: x,
    "scaled by mean and spread": lambda x: (x - 0.1) / torch.tensor([0.4, 0.5, 0.6])[:, None, None],
    "each by its own": lambda x: (
        (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True)
    ),
    "larger": lambda x: nn.functional.interpolate(x, scale_factor=2, mode="bilinear"),
}


def answer(gallery: Gallery) -> Answer:
    gallery.end_cell()
    reading = gallery.reading()
    return augmented(reading, reading.runs)


@pytest.mark.parametrize("how", CHANGED)
def test_changed_in_the_loop(gallery: Gallery, how: str) -> None:
    net = network()
    gallery.tune(lambda x: gallery.call(net, x), net.parameters(), prepare=CHANGED[how])
    found = answer(gallery)
    assert found.holds, found.words


@pytest.mark.parametrize("how", AS_THEY_STAND)
def test_the_same_each_time(gallery: Gallery, how: str) -> None:
    net = network()
    gallery.tune(lambda x: gallery.call(net, x), net.parameters(), prepare=AS_THEY_STAND[how])
    found = answer(gallery)
    assert found.holds is False, found.words


def test_all_mirrored_is_left_to_a_person(gallery: Gallery) -> None:
    net = network()
    gallery.tune(lambda x: gallery.call(net, x), net.parameters(), prepare=lambda x: x.flip(3))
    assert answer(gallery).holds is None


def test_other_images_are_left_to_a_person(gallery: Gallery) -> None:
    net = network()
    noise = torch.rand_like(gallery.x10)
    gallery.tune(lambda x: gallery.call(net, x), net.parameters(), noise)
    assert answer(gallery).holds is None


def tuned_on_features(gallery: Gallery, x: torch.Tensor, y: torch.Tensor) -> None:
    body, head = network()
    body.requires_grad_(False)
    made = gallery.answers(body, x)
    gallery.end_cell()
    gallery.answers(body, moved(gallery.t10))  # the test images changed: nothing of training
    gallery.tune(lambda z: gallery.call(head, z), head.parameters(), made, y=y)


def test_features_of_changed_copies(gallery: Gallery) -> None:
    x = torch.cat([gallery.x10, moved(mirrored(gallery.x10))])
    tuned_on_features(gallery, x, gallery.y10.repeat(2))
    found = answer(gallery)
    assert found.holds, found.words


def test_features_of_images_as_they_stand(gallery: Gallery) -> None:
    tuned_on_features(gallery, gallery.x10, gallery.y10)
    found = answer(gallery)
    assert found.holds is False, found.words


@pytest.mark.parametrize(("change", "holds"), [(moved, True), (lambda x: x, False)])
def test_features_computed_in_the_loop(
    gallery: Gallery, change: Callable[[torch.Tensor], torch.Tensor], holds: bool
) -> None:
    body, head = network()

    def given(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            made = gallery.call(body, change(x))
        return gallery.call(head, made)

    gallery.tune(given, head.parameters())
    found = answer(gallery)
    assert found.holds is holds, found.words


@pytest.mark.parametrize(("change", "holds"), [(moved, True), (lambda x: x, False)])
def test_features_that_are_not_found_again(
    gallery: Gallery, change: Callable[[torch.Tensor], torch.Tensor], holds: bool
) -> None:
    body, head = network()
    made = 3 * gallery.answers(body, change(gallery.x10)) - 1
    gallery.end_cell()
    gallery.answers(body, gallery.t10)
    gallery.tune(lambda z: gallery.call(head, z), head.parameters(), made)
    found = answer(gallery)
    assert found.holds is holds, found.words


def test_changed_copies_that_were_not_trained_on(gallery: Gallery) -> None:
    body, head = network()
    both = gallery.answers(body, torch.cat([gallery.x10, moved(gallery.x10)]))
    gallery.end_cell()
    gallery.tune(lambda z: gallery.call(head, z), head.parameters(), both[: len(gallery.x10)])
    found = answer(gallery)
    assert found.holds is False, found.words


def test_nothing_is_said_of_nothing(gallery: Gallery) -> None:
    gallery.end_cell()
    reading = gallery.reading()
    assert augmented(reading, ()).holds is False
    assert augmented(reading, None, "other").holds is None


def lowered(training: bool) -> Network:
    """A Keras network that mirrors its images itself, as its tape says it."""
    weights = {"dict": {"kernel": {"t": 1}}}
    config = {
        "dict": {
            "strides": {"tuple": [1, 1]},
            "dilation_rate": {"tuple": [1, 1]},
            "padding": "same",
            "groups": 1,
            "data_format": "channels_last",
            "activation": "linear",
            "use_bias": False,
        }
    }
    nodes = [
        {
            "op": "K.RandomFlip",
            "args": [{"t": 0}],
            "outs": [2],
            "named": {"weights": {"dict": {}}, "config": {"dict": {}}, "training": training},
        },
        {
            "op": "K.Conv2D",
            "args": [{"t": 2}],
            "outs": [3],
            "named": {"weights": weights, "config": config, "training": training},
        },
    ]
    shapes = {0: (4, 8, 8, 3), 1: (3, 3, 3, 5), 2: (4, 8, 8, 3), 3: (4, 8, 8, 5)}
    leaves = [
        {"value": v, "uid": v, "role": role, "digest": f"{v:032x}", "rows_kept": 4}
        for v, role in ((0, "input"), (1, "parameter"))
    ]
    graph = Graph.model_validate(
        {
            "why": "forward",
            "nodes": nodes,
            "values": {v: {"shape": s, "dtype": "float32"} for v, s in shapes.items()},
            "leaves": leaves,
            "inputs": [0],
            "outputs": [3],
        }
    )
    return Network(lower(graph))


@pytest.mark.parametrize("training", [True, False])
def test_layers_of_keras_inside_the_network(training: bool) -> None:
    run: Any = SimpleNamespace(run=SimpleNamespace(cell=0), network=lowered(training))
    assert list(random_layers(run)) == (["RandomFlip"] if training else [])
