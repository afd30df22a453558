"""The residual block of the assignment in the ways that students write it, and what it is not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from torch import nn

from graders.analysis.block_layers import activations, biases
from graders.analysis.block_sizes import reductions
from graders.analysis.block_structure import skips, structure
from graders.probe.models import ModelBook
from tests.analysis.pictures import WIDTHS, Residual, Sheet, conv, network

QUESTIONS = {
    "structure": structure,
    "skips": skips,
    "biases": biases,
    "activations": lambda reading: activations(reading, "SiLU"),
    "reductions": reductions,
}


@pytest.fixture
def sheet(book: ModelBook, tmp_path: Path) -> Sheet:
    torch.manual_seed(0)
    return Sheet(book, tmp_path)


def written(run: Any, made: Any = None) -> Any:
    """A network whose blocks compute `run(block, x)`; `made(block, into, out, stride)` adds
    layers."""

    def block(into: int, out: int, stride: int) -> nn.Module:
        layer = Residual(into, out, stride, run)
        if made is not None:
            made(layer, into, out, stride)
        return layer

    return lambda: network(block)


# -- honest ---------------------------------------------------------------------------------
def own_silu(x):
    return x * torch.sigmoid(x)


def by_formula(x):
    return x / (1 + torch.exp(-x))


def by_tanh(x):
    return 0.5 * x * (1 + torch.tanh(x / 2))


def body(act):
    return lambda m, x: m.conv2(act(m.bn2(m.conv1(act(m.bn1(x)))))) + m.skip(x)


def projection_of_the_activated(m, x):
    h = m.act(m.bn1(x))
    short = m.short(h) if m.short is not None else x
    return short + m.conv2(m.act(m.bn2(m.conv1(h))))


def projection_of_the_normalised(m, x):
    h = m.bn1(x)
    short = m.short(h) if m.short is not None else x
    return torch.add(m.conv2(F.silu(m.bn2(m.conv1(F.silu(h))))), short)


def plus_equals(m, x):
    identity = x
    out = F.silu(m.bn1(x), inplace=True)
    out = m.conv1(out)
    out = F.silu(m.bn2(out), inplace=True)
    out = m.conv2(out)
    out += m.skip(identity)
    return out


def with_dropout(m, x):
    h = F.dropout(F.silu(m.bn1(x)), 0.1, m.training)
    return m.skip(x) + m.conv2(F.silu(m.bn2(m.conv1(h))))


def all_by_functions(m, x):
    def norm(layer, y):
        return F.batch_norm(
            y, layer.running_mean, layer.running_var, layer.weight, layer.bias, layer.training
        )

    h = F.conv2d(F.silu(norm(m.bn1, x)), m.conv1.weight, None, m.conv1.stride, 1)
    h = F.conv2d(own_silu(norm(m.bn2, h)), m.conv2.weight, padding="same")
    return h + (x if m.short is None else F.conv2d(x, m.short.weight, stride=m.short.stride))


def channels_last(m, x):
    h = m.act(m.bn1(x)).permute(0, 2, 3, 1)
    h = m.conv1(h.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).contiguous()
    h = m.bn2(h.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    h = own_silu(h)
    h = m.conv2(h.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    return (h + m.skip(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def padded_by_hand(m, x):
    h = m.act(m.bn1(x))
    if m.conv1.stride == (2, 2):  # as TensorFlow lays its zeros
        h = F.conv2d(F.pad(h, (0, 1, 0, 1)), m.conv1.weight, stride=2)
    else:
        h = m.conv1(h)
    return m.conv2(m.act(m.bn2(h))) + m.skip(x)


class Listed(nn.Module):
    """Layers in lists, the whole network in one forward, flattened by view and averaged by mean."""

    def __init__(self, act=own_silu) -> None:
        super().__init__()
        self.start = conv(3, 16)
        self.norms, self.convs, self.shorts = nn.ModuleList(), nn.ModuleList(), nn.ModuleDict()
        for number, (into, out, stride) in enumerate(WIDTHS):
            self.norms += [nn.BatchNorm2d(into), nn.BatchNorm2d(out)]
            self.convs += [conv(into, out, stride=stride), conv(out, out)]
            if into != out:
                self.shorts[str(number)] = conv(into, out, 1, stride)
        self.last, self.answer, self.act = nn.BatchNorm2d(128), nn.Linear(128, 100), act

    def forward(self, x):
        x = self.start(x / 127.5 - 1)
        for number in range(len(WIDTHS)):
            short = x
            if str(number) in self.shorts:
                short = self.shorts[str(number)](x)
            for half in range(2):
                x = self.convs[2 * number + half](self.act(self.norms[2 * number + half](x)))
            x = x + short
        x = self.act(self.last(x))
        return F.softmax(self.answer(x.view(x.size(0), x.size(1), -1).mean(-1)), dim=-1)


def split_stride():
    """The stride in the second convolution."""

    def made(m, into, out, stride):
        m.conv1, m.conv2 = conv(into, out), conv(out, out, stride=stride)

    return written(None, made)()


class SharedActivation(nn.Module):
    """Branch and skip in nested Sequentials."""

    act = nn.SiLU()

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Sequential(nn.BatchNorm2d(into), self.act, conv(into, out, stride=stride)),
            nn.Sequential(nn.BatchNorm2d(out), self.act, conv(out, out)),
        )
        self.way = nn.Identity() if into == out else nn.Sequential(conv(into, out, 1, stride))

    def forward(self, x):
        return sum([self.branch(x), self.way(x)])


def equal_channels_with_stride():
    """A block that halves the picture and keeps its channels needs a projection."""

    def made(m, into, out, stride):
        if into == out and stride == 2:
            m.short = conv(into, out, 1, 2)

    return network(
        lambda *a: written_block(None, made, *a), widths=((16, 64, 1), (64, 64, 2), (64, 64, 1))
    )


def written_block(run, made, into, out, stride):
    layer = Residual(into, out, stride, run)
    made(layer, into, out, stride)
    return layer


HONEST = {
    "as drawn": network,
    "x sigmoid(x)": written(body(own_silu)),
    "x / (1 + e^-x)": written(body(by_formula)),
    "tanh": written(body(by_tanh)),
    "swish with beta 1": written(body(lambda x: x * torch.sigmoid(1.0 * x))),
    "projection of the activated": written(projection_of_the_activated),
    "projection of the normalised": written(projection_of_the_normalised),
    "in place": written(plus_equals),
    "dropout": written(with_dropout),
    "functions": written(all_by_functions),
    "channels last": written(channels_last),
    "padded by hand": written(padded_by_hand),
    "in lists": Listed,
    "nested": lambda: network(SharedActivation),
    "stride in the second": split_stride,
    "equal channels, stride 2": equal_channels_with_stride,
    "mean": lambda: nn.Sequential(*list(network())[:-3], Mean(), network()[-1]),
    "average pool": lambda: nn.Sequential(*list(network())[:-3], Averages(4), network()[-1]),
    "compared with a copy": lambda: Twice(network()),
}


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(-1).mean(-1)


class Averages(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        return F.avg_pool2d(x, self.size)[:, :, 0, 0]


class Twice(nn.Module):
    """Something is computed beside the network and dropped."""

    def __init__(self, net):
        super().__init__()
        self.net, self.other = net, conv(3, 8, bias=True)

    def forward(self, x):
        F.relu(self.other(x)).mean()
        return self.net(x)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("style", HONEST)
def test_honest_blocks(style: str, question: str, sheet: Sheet) -> None:
    sheet.call(HONEST[style]())
    answer = QUESTIONS[question](sheet.reading())
    assert answer is not None
    assert answer.holds is True, answer.words


# -- wrong ----------------------------------------------------------------------------------
def post_activation(m, x):
    h = m.act(m.bn2(m.conv1(x)))
    return m.act(m.bn4(m.conv2(h)) + m.skip(x))


def with_second_norm(m, into, out, stride):
    m.bn4 = nn.BatchNorm2d(out)


def conv_first(m, x):
    return m.act(m.bn4(m.conv2(m.act(m.bn2(m.conv1(x)))))) + m.skip(x)


def with_bias(m, into, out, stride):
    if out == 128 and into == 64:
        m.conv2 = conv(out, out, bias=True)


def with_zero_bias(m, into, out, stride):
    m.conv2 = conv(out, out, bias=True)
    nn.init.zeros_(m.conv2.bias)
    m.conv2.bias.requires_grad_(False)


def with_vector(m, into, out, stride):
    m.vector = nn.Parameter(torch.zeros(out, 1, 1))


def projection_everywhere(m, into, out, stride):
    m.short = conv(into, out, 1, stride)


def both_strided(m, into, out, stride):
    if stride == 2:
        m.conv2 = conv(out, out, stride=2)
        m.short = conv(into, out, 1, 4)


def no_projection(m, into, out, stride):
    m.short = None


def channel_pad(m, x):
    out, stride = m.conv1.out_channels, m.conv1.stride[0]
    short = x
    if stride == 2:
        short = F.avg_pool2d(x, 2)
    short = F.pad(short, (0, 0, 0, 0, 0, out - x.shape[1]))
    return m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x)))))) + short


def sliced(m, x):
    short = x[:, :, ::2, ::2] if m.conv1.stride[0] == 2 else x
    short = F.pad(short, (0, 0, 0, 0, 0, m.conv1.out_channels - x.shape[1]))
    return m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x)))))) + short


def tiled(m, x):
    short = x[:, :, :: m.conv1.stride[0], :: m.conv1.stride[0]]
    short = torch.cat([short] * (m.conv1.out_channels // x.shape[1]), dim=1)
    return m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x)))))) + short


def zeros_beside(m, x):
    h = m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x))))))
    s = m.conv1.stride[0]
    return h + torch.cat([x[:, :, ::s, ::s], torch.zeros_like(h[:, x.shape[1] :])], dim=1)


def stacked(m, x):
    h = m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x))))))
    return torch.stack([h, m.skip(x)]).sum(0)


def pooled(m, x):
    """Max pooling in place of the stride, in the branch and on the skip."""
    h = F.conv2d(m.act(m.bn1(x)), m.conv1.weight, padding=1)
    short = x if m.short is None else F.conv2d(x, m.short.weight)
    if m.conv1.stride[0] == 2:
        h, short = F.max_pool2d(h, 2), F.max_pool2d(short, 2)
    return m.conv2(m.act(m.bn2(h))) + short


def interpolated(m, x):
    h = F.conv2d(m.act(m.bn1(x)), m.conv1.weight, padding=1)
    short = x if m.short is None else F.conv2d(x, m.short.weight)
    if m.conv1.stride[0] == 2:
        h, short = F.interpolate(h, scale_factor=0.5), F.interpolate(short, scale_factor=0.5)
    return m.conv2(m.act(m.bn2(h))) + short


def sliced_projection(m, x):
    short = x
    if m.short is not None:
        s = m.conv1.stride[0]
        short = F.conv2d(x[:, :, ::s, ::s], m.short.weight)
    return m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x)))))) + short


def wide_kernel(m, into, out, stride):
    m.conv2 = conv(out, out, 5)


def bottleneck(m, into, out, stride):
    m.conv1, m.bn2, m.conv2 = conv(into, 8, stride=stride), nn.BatchNorm2d(8), conv(8, out)


def zero_skip(m, x):
    return m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x)))))) + 0 * m.skip(x)


def zero_branch(m, x):
    return 0.0 * m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x)))))) + m.skip(x)


def no_skip(m, x):
    return m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x))))))


def dropped_block(m, x):
    m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x)))))) + m.skip(x)
    return m.act(m.bn2(m.conv1(x))) + m.skip(x)


def one_activation(m, x):
    return m.conv2(m.bn2(m.conv1(m.act(m.bn1(x))))) + m.skip(x)


def one_norm(m, x):
    return m.conv2(m.act(m.conv1(m.act(m.bn1(x))))) + m.skip(x)


def activation_before_norm(m, x):
    return m.conv2(m.bn2(m.act(m.conv1(m.bn1(m.act(x)))))) + m.skip(x)


def unused_activation(m, x):
    F.silu(m.bn1(x))
    return m.conv2(F.relu(m.bn2(m.conv1(F.relu(m.bn1(x)))))) + m.skip(x)


def mixed(m, x):
    return m.conv2(F.relu(m.bn2(m.conv1(F.silu(m.bn1(x)))))) + m.skip(x)


def concatenated(m, x):
    h = m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x))))))
    return m.mix(torch.cat([h, m.skip(x)], dim=1))


def with_mix(m, into, out, stride):
    m.mix = conv(2 * out, out, 1)


def vector_by_hand(m, x):
    return m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x))) + m.vector))) + m.skip(x)


def normalised_skip(m, x):
    short = x if m.short is None else m.bn4(m.short(x))
    return m.conv2(m.act(m.bn2(m.conv1(m.act(m.bn1(x)))))) + short


WRONG = {
    "post-activation": (written(post_activation, with_second_norm), "structure"),
    "convolution first": (written(conv_first, with_second_norm), "structure"),
    "one activation": (written(one_activation), "structure"),
    "one normalisation": (written(one_norm), "structure"),
    "activation before norm": (written(activation_before_norm), "structure"),
    "wide kernel": (written(None, wide_kernel), "structure"),
    "bottleneck": (written(None, bottleneck), "structure"),
    "branch times 0": (written(zero_branch), "structure"),
    "block dropped": (written(dropped_block), "structure"),
    "concatenation": (written(concatenated, with_mix), "structure"),
    "no skip": (written(no_skip), "structure"),
    "a bias": (written(None, with_bias), "biases"),
    "a frozen bias of zeros": (written(None, with_zero_bias), "biases"),
    "a vector by hand": (written(vector_by_hand, with_vector), "biases"),
    "first convolution with bias": (lambda: network(first=conv(3, 16, bias=True)), "biases"),
    "ReLU": (written(body(F.relu)), "activations"),
    "ReLU once": (written(mixed), "activations"),
    "ReLU at the end": (lambda: network(act=nn.ReLU), "activations"),
    "GELU": (written(body(F.gelu)), "activations"),
    "hard swish": (written(body(F.hardswish)), "activations"),
    "beta 1.7": (written(body(lambda x: x * torch.sigmoid(1.702 * x))), "activations"),
    "SiLU for show": (written(unused_activation), "activations"),
    "projection everywhere": (written(None, projection_everywhere), "skips"),
    "skip times 0": (written(zero_skip), "skips"),
    "normalised skip": (written(normalised_skip, with_second_norm), "skips"),
    "padded and pooled": (written(channel_pad, no_projection), "skips"),
    "padded and sliced": (written(sliced, no_projection), "skips"),
    "tiled": (written(tiled, no_projection), "skips"),
    "zeros beside": (written(zeros_beside, no_projection), "skips"),
    "stride twice": (written(None, both_strided), "reductions"),
    "max pooling": (written(pooled), "reductions"),
    "interpolation": (written(interpolated), "reductions"),
    "sliced before the projection": (written(sliced_projection), "reductions"),
    "skip pooled": (written(channel_pad, no_projection), "reductions"),
    "skip sliced": (written(sliced, no_projection), "reductions"),
    "pooling before the average": (
        lambda: nn.Sequential(*list(network())[:-3], nn.MaxPool2d(2), *list(network())[-3:]),
        "reductions",
    ),
    "never smaller": (lambda: network(widths=((16, 64, 1), (64, 64, 1))), "reductions"),
}
ALSO = {
    # what else may or must be said: a fault that is several faults
    "no skip": {"skips": None, "reductions": False},
    "concatenation": {"skips": None, "reductions": False},
    "padded and pooled": {"reductions": False},
    "padded and sliced": {"reductions": False},
    "tiled": {"reductions": False},
    "zeros beside": {"reductions": False},
    "skip pooled": {"skips": False},
    "skip sliced": {"skips": False},
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_blocks(fault: str, sheet: Sheet) -> None:
    build, question = WRONG[fault]
    sheet.call(build(), torch.randn(2, 3, 16, 16))
    reading = sheet.reading()
    answers = {name: ask(reading) for name, ask in QUESTIONS.items()}
    assert answers[question] is not None
    assert answers[question].holds is False, answers[question].words
    for name, answer in answers.items():
        if name != question and fault in ALSO and name in ALSO[fault]:
            expected = ALSO[fault][name]
            assert (answer.holds if answer is not None else None) is expected, (name, answer)
        elif name != question:
            assert answer.holds is True, (name, answer.words)


# -- blocks alone, and little to see --------------------------------------------------------
def test_blocks_tried_alone_are_judged_when_there_is_no_network(sheet: Sheet) -> None:
    sheet.call(Residual(8, 16, 2), torch.randn(2, 8, 8, 8))
    reading = sheet.reading()
    assert structure(reading).holds is True
    assert skips(reading).holds is None  # only one of the two cases
    sheet.call(Residual(16, 16, 1), torch.randn(2, 16, 8, 8))
    reading = sheet.reading()
    assert [ask(reading).holds for ask in QUESTIONS.values()] == [True] * 5


def test_the_networks_blocks_count_before_those_tried_alone(sheet: Sheet) -> None:
    sheet.call(Residual(8, 16, 2, body(F.relu)), torch.randn(2, 8, 8, 8))
    sheet.call(network())
    assert activations(sheet.reading(), "SiLU").holds is True


def test_a_sum_that_is_not_known_as_one_is_undecided(sheet: Sheet) -> None:
    sheet.call(written(stacked)())
    assert structure(sheet.reading()).holds is None
    sheet.call(written(lambda m, x: stacked(m, x) if m.short else body(F.silu)(m, x))())
    reading = sheet.reading()
    assert structure(reading).holds is None
    assert skips(reading).holds is None


def test_nothing_seen_is_undecided(sheet: Sheet) -> None:
    for ask in QUESTIONS.values():
        assert ask(sheet.reading()).holds is None


def test_a_network_without_blocks(sheet: Sheet) -> None:
    sheet.call(
        nn.Sequential(conv(3, 8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 100))
    )
    reading = sheet.reading()
    assert structure(reading).holds is False
    assert skips(reading) is None


def test_words_name_the_fault(sheet: Sheet) -> None:
    sheet.call(written(post_activation, with_second_norm)(), torch.randn(2, 3, 16, 16))
    assert "Conv 3x3 64→128 /2, BatchNorm, SiLU" in structure(sheet.reading()).words
    assert math.isfinite(len(structure(sheet.reading()).words))
