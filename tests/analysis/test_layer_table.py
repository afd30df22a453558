"""The table of Figure 1 is read from what the graph does; the first row that differs is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from torch import nn

from graders.analysis.layer_table import Row, table
from graders.analysis.parameter_counts import counts
from graders.analysis.statement import Answer
from graders.probe.models import ModelBook
from tests.analysis.pictures import FIGURE, Residual, Sheet, conv, network

SIDE = 32
ROWS: list[dict[str, Any]] = [
    {"kind": "conv", "shape": [32, 32, 16], "params": 432},
    {"kind": "residual_block", "shape": [32, 32, 64], "params": 47424},
    {"kind": "residual_block", "shape": [32, 32, 64], "params": 74240},
    {"kind": "residual_block", "shape": [32, 32, 64], "params": 74240},
    {"kind": "residual_block", "shape": [16, 16, 128], "params": 230144},
    {"kind": "residual_block", "shape": [16, 16, 128], "params": 295936},
    {"kind": "residual_block", "shape": [16, 16, 128], "params": 295936},
    {"kind": "residual_block", "shape": [8, 8, 256], "params": 919040},
    {"kind": "residual_block", "shape": [8, 8, 256], "params": 1181696},
    {"kind": "residual_block", "shape": [8, 8, 256], "params": 1181696},
    {"kind": "norm", "shape": [8, 8, 256], "params": 1024},
    {"kind": "activation", "shape": [8, 8, 256]},
    {"kind": "global_average", "shape": [256]},
    {"kind": "dense", "shape": [100], "params": 25700},
]
COUNTS = {"total": 4_327_508, "trainable": 4_322_100, "non_trainable": 5_408}


@pytest.fixture
def sheet(book: ModelBook, tmp_path: Path) -> Sheet:
    torch.manual_seed(0)
    return Sheet(book, tmp_path)


def asked(sheet: Sheet, net: nn.Module) -> tuple[Answer, Answer]:
    sheet.call(net, torch.randn(1, 3, SIDE, SIDE))
    reading = sheet.reading()
    return table(reading, ROWS), counts(reading, **COUNTS)


def figure(**given: Any) -> nn.Sequential:
    return network(widths=FIGURE, **given)


class Wrapped(nn.Module):
    """Scaling before, softmax after, the average by hand."""

    def __init__(self) -> None:
        super().__init__()
        *self.parts, self.norm, self.act, _pool, _flat, self.answer = list(figure())
        self.body = nn.ModuleList(self.parts)

    def forward(self, x):
        x = x * (2 / 255) - 1
        for part in self.body:
            x = part(x)
        h = self.norm(x)
        h = h * torch.sigmoid(h)
        return F.softmax(self.answer(h.flatten(2).sum(-1) / 64), dim=1)


class ByHand(nn.Module):
    """The last layer as a product and a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.body = figure()[:-1]
        self.w, self.b = nn.Parameter(torch.randn(256, 100)), nn.Parameter(torch.zeros(100))

    def forward(self, x):
        return self.body(x) @ self.w + self.b


@pytest.mark.parametrize("build", [figure, Wrapped, ByHand])
def test_the_figure(build: Any, sheet: Sheet) -> None:
    rows, numbers = asked(sheet, build())
    assert rows.holds is True, rows.words
    assert numbers.holds is True, numbers.words


def frozen() -> nn.Module:
    return figure().requires_grad_(False)


def test_frozen_parameters_are_trainable_ones(sheet: Sheet) -> None:
    assert asked(sheet, frozen())[1].holds is True


def with_unused() -> nn.Module:
    net = figure()
    net[2].short = conv(64, 64, 1)
    net[2].skip = lambda x: x
    return net


def narrow_block(into: int, out: int, stride: int) -> nn.Module:
    return Residual(into, out, stride)


DIFFERENT = {
    "8 blocks": (lambda: network(widths=FIGURE[:8]), "row 10 differs: batch normalisation"),
    "10 outputs": (lambda: figure(outputs=10), "row 14 differs: dense layer, output 10"),
    "a bias at the start": (
        lambda: figure(first=conv(3, 16, bias=True)),
        "row 1 differs: convolution, output 32x32x16, 448 parameters",
    ),
    "no stride": (
        lambda: network(widths=(*FIGURE[:3], (64, 128, 1), *FIGURE[4:])),
        "row 5 differs: residual block, output 32x32x128",
    ),
    "no activation at the end": (
        lambda: figure(act=nn.Identity),
        "row 12 differs: global average pooling",
    ),
    "maximum": (
        lambda: nn.Sequential(*list(figure())[:-3], nn.AdaptiveMaxPool2d(1), *list(figure())[-2:]),
        "row 13 differs",
    ),
    "two dense layers": (
        lambda: nn.Sequential(*list(figure())[:-1], nn.Linear(256, 256), nn.Linear(256, 100)),
        "row 14 differs: dense layer, output 256",
    ),
}


@pytest.mark.parametrize("difference", DIFFERENT)
def test_the_first_row_that_differs(difference: str, sheet: Sheet) -> None:
    build, words = DIFFERENT[difference]
    rows, _numbers = asked(sheet, build())
    assert rows.holds is False
    assert words in rows.words


def test_counts_say_what_there_is_more(sheet: Sheet) -> None:
    _rows, numbers = asked(sheet, figure(first=conv(3, 16, bias=True)))
    assert numbers.holds is False
    assert "+16 to what is asked" in numbers.words
    assert "biases of convolutions 16" in numbers.words


def test_layers_that_are_not_used_count(sheet: Sheet) -> None:
    rows, numbers = asked(sheet, with_unused())
    assert rows.holds is True
    assert numbers.holds is False
    assert "not used by the answer 4,096" in numbers.words


def test_a_backbone_without_its_last_layer_is_not_the_network(sheet: Sheet) -> None:
    net = figure()
    sheet.call(net, torch.randn(1, 3, SIDE, SIDE))
    holds, counted = asked(sheet, net[:-1])  # more outputs than the whole, and seen later
    assert holds.holds is True, holds.words
    assert counted.holds is True, counted.words


def test_the_network_with_most_outputs_is_compared(sheet: Sheet) -> None:
    sheet.call(figure(), torch.randn(1, 3, SIDE, SIDE))
    assert asked(sheet, figure(outputs=10))[0].holds is True


def test_nothing_seen(sheet: Sheet) -> None:
    reading = sheet.reading()
    assert table(reading, ROWS).holds is None
    assert counts(reading, **COUNTS).holds is None


@pytest.mark.parametrize("row", [{"kind": "convolution", "shape": [1]}, {"kind": "conv", "x": 1}])
def test_a_row_that_is_none(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a row is"):
        Row.asked(row)
