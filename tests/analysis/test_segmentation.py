"""Networks that give masks: which are trained, which differ, what is shown of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from graders.analysis.reading import Reading
from graders.analysis.segmentation import better, differ, plotted, trained
from graders.evidence.reading import read
from graders.evidence.run_record import CellRecord, Output, RunRecord
from tests.analysis.watched import Notebook

SIDE = 16
BASELINES = {"iou": 0.6}


def discs(rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright discs on noise, and their masks."""
    generator = torch.Generator().manual_seed(0)
    axis = torch.arange(SIDE, dtype=torch.float32)
    centres = torch.randint(4, SIDE - 4, (rows, 2, 1, 1), generator=generator)
    near = (axis[:, None] - centres[:, 0]) ** 2 + (axis[None] - centres[:, 1]) ** 2
    masks = (near < 10).float()[:, None]
    return torch.rand(rows, 3, SIDE, SIDE, generator=generator) * 0.4 + masks * 0.6, masks


def conv(into: int, out: int, size: int = 3) -> nn.Conv2d:
    return nn.Conv2d(into, out, size, padding=size // 2)


def small(filters: int = 4, size: int = 3, between: type[nn.Module] = nn.ReLU) -> nn.Module:
    return nn.Sequential(conv(3, filters, size), between(), conv(filters, 1))


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.deep = conv(3, 4), conv(4, 8)
        self.up, self.last = nn.ConvTranspose2d(8, 4, 2, stride=2), conv(8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = torch.relu(self.down(x))
        b = torch.relu(self.deep(nn.functional.max_pool2d(a, 2)))
        return self.last(torch.cat([a, self.up(b)], dim=1))


class Lab(Notebook):
    """Trains on discs; `show` is what the last cell printed, `draw` a figure of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.images, self.masks = discs(48)
        self.texts: dict[int, tuple[str, str]] = {}

    def segment(self, net: nn.Module, **how: Any) -> nn.Module:
        self.train(net, self.images, self.masks, batch=16, epochs=4, rate=1e-2, **how)
        return net

    def ask(self, net: nn.Module) -> nn.Module:
        """Asks it for masks, without gradients; in a cell of its own."""
        with torch.no_grad():
            self._called(net, self.images, net(self.images))
        self.end_cell()
        return net

    def show(self, text: str, source: str = "print(x)") -> None:
        self.texts[self.cells.current - 1] = (text, source)

    def draw(self, **axes: Any) -> None:
        self.log.write("figure", cell=self.cells.current, moment=self.cells.tick(), axes=[axes])
        self.end_cell()

    def reading(self) -> Reading:
        self.log.flush()
        cells = tuple(
            CellRecord(
                index=i,
                notebook="a",
                source=self.texts.get(i, ("", ""))[1],
                executed=True,
                outputs=(Output(kind="stream", text=self.texts[i][0]),) if i in self.texts else (),
            )
            for i in range(self.cells.current)
        )
        record = RunRecord(ended="finished", cells=cells)
        (self.folder / "run.json").write_text(record.model_dump_json())
        return Reading(read(self.folder), self.folder, {})


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_a_network_that_gives_masks_is_trained(lab: Lab) -> None:
    lab.segment(UNet())
    found = trained(lab.reading())
    assert found.holds
    assert "conv 3-4 3x3" in found.words


def test_a_classifier_gives_no_masks(lab: Lab) -> None:
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1)
    net = nn.Sequential(conv(3, 4), nn.ReLU(), *head)
    lab.train(net, lab.images, lab.masks.mean(dim=(2, 3)), batch=16)
    assert trained(lab.reading()).holds is False


def test_nothing_trained(lab: Lab) -> None:
    assert trained(lab.reading()).holds is False


def test_an_autoencoder_is_left_to_a_person(lab: Lab) -> None:
    net = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 3))
    lab.train(net, lab.images, lab.images, batch=16, loss=lambda z, t, _x: ((z - t) ** 2).mean())
    assert trained(lab.reading()).holds is None


def test_three_classes_of_a_picture_with_three_channels(lab: Lab) -> None:
    net = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 3))
    classes = lab.masks[:, 0].long() * 2
    lab.train(
        net, lab.images, classes, batch=16, loss=lambda z, t, _x: nn.functional.cross_entropy(z, t)
    )
    assert trained(lab.reading()).holds


@pytest.mark.parametrize(
    ("nets", "holds"),
    [
        ([small(), small(8)], True),
        ([small(), small(size=5)], True),
        ([small(), UNet()], True),
        ([small(), small()], False),
        ([small()], False),
        ([small(), small(between=nn.LeakyReLU)], None),
    ],
)
def test_architectures(lab: Lab, nets: list[nn.Module], holds: bool | None) -> None:
    for net in nets:
        lab.segment(net)
    assert differ(lab.reading(), 2).holds is holds


def test_other_batches_and_epochs_are_no_other_architecture(lab: Lab) -> None:
    lab.segment(small())
    lab.train(small(), lab.images, lab.masks, batch=8, epochs=6)
    assert differ(lab.reading(), 2).holds is False


@pytest.mark.parametrize(
    ("text", "source", "holds"),
    [
        ("IoU: 0.712", "print(f'IoU: {iou(net):.3f}')", True),
        ("IoU: 71.2 %", "print(x)", True),
        ("IoU: 0.412", "print(x)", False),
        ("IoU: 0.601", "print(x)", None),
        ("IoU: 0.712", "print('IoU: 0.712')", None),
        ("dice 0.9", "print(x)", None),
        ("[0.31, 0.93, 0.42]", "print(net.evaluate(x, y))  # loss, accuracy, iou", None),
        ("accuracy: 0.95 - iou: 0.41", "print(x)", False),
        ("iou: 0.91 - val_iou: 0.44", "print(x)", False),
        ("red  IoU\nbase 0.55\nunet 0.74", "print(table)", None),
        ("loss 0.2", "print(x)", False),
        ("jaccard = 0.58\njaccard = 0.73", "print(x)", True),
    ],
)
def test_scores(lab: Lab, text: str, source: str, holds: bool | None) -> None:
    lab.ask(lab.segment(small()))
    lab.show(text, source)
    assert better(lab.reading(), BASELINES, False).holds is holds


def test_a_score_of_no_evaluation_is_left_to_a_person(lab: Lab) -> None:
    lab.segment(small())
    lab.show("IoU: 0.712")
    assert better(lab.reading(), BASELINES, False).holds is None


def test_an_example_is_no_bar(lab: Lab) -> None:
    lab.ask(lab.segment(small()))
    lab.show("IoU: 0.412")
    found = better(lab.reading(), BASELINES, True)
    assert found.holds is None
    assert "example" in found.words


@pytest.mark.parametrize(
    ("axes", "holds"),
    [
        ({"bars": 2}, True),
        ({"lines": [9, 9]}, True),
        ({"points": [1, 1]}, True),
        ({"lines": [2]}, True),
        ({"lines": [9]}, None),
        ({"images": 3}, False),
        (None, False),
    ],
)
def test_figures(lab: Lab, axes: dict[str, Any] | None, holds: bool | None) -> None:
    for net in (small(), UNet()):
        lab.segment(net)
    if axes is not None:
        lab.draw(**axes)
    assert plotted(lab.reading()).holds is holds


def test_a_figure_after_each_training_compares_nothing(lab: Lab) -> None:
    for net in (small(), UNet()):
        lab.segment(net)
        lab.draw(lines=[9, 9])
    assert plotted(lab.reading()).holds is None
