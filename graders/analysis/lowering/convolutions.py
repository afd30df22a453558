"""Convolutions: kernels and images turned to torch's order, TensorFlow's padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graders.analysis.lowering.activations import activate
from graders.analysis.lowering.call import LayerCall
from graders.analysis.lowering.dense import adapted
from graders.analysis.lowering.plain import NotSaid, tuple_of
from graders.analysis.lowering.writing import First, Writer, ref

Pads = list[tuple[int, int]]


def same_padding(
    size: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int]
) -> Pads:
    """TensorFlow's "same": before and after each axis; one more after when it is uneven."""
    found = []
    for n, k, s, d in zip(size, kernel, strides, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        found.append((total // 2, total - total // 2))
    return found


def padding_of(
    kind: str, size: Sequence[int], kernel: Sequence[int], strides: Sequence[int],
    dilation: Sequence[int],
) -> Pads:  # fmt: skip
    """Before and after each axis. Raises NotSaid."""
    kind = kind.lower()
    if kind == "same":
        return same_padding(size, kernel, strides, dilation)
    if kind == "causal" and len(size) == 1:
        return [((kernel[0] - 1) * dilation[0], 0)]
    if kind == "valid":
        return [(0, 0)] * len(size)
    raise NotSaid(f"the padding {kind}")


def pad(w: Writer, image: int, pads: Pads, value: Any = None) -> int:
    """The channels-first image with a frame of zeros, or of another value."""
    shape = w.shape(image)
    grown = [n + a + b for n, (a, b) in zip(shape[2:], pads, strict=True)]
    flat = [x for a, b in reversed(pads) for x in (a, b)]
    more = [] if value is None else ["constant", value]
    return w.emit("F.pad", [ref(image), tuple_of(flat), *more], (*shape[:2], *grown))


def convolve(
    w: Writer, image: int, kernel: int, bias: int | None, strides: Sequence[int], pads: Pads,
    dilation: Sequence[int], groups: int,
) -> int:  # fmt: skip
    """A convolution of a channels-first image with a kernel of torch's order."""
    count = len(strides)
    if any(a != b for a, b in pads):
        image = pad(w, image, pads)
        pads = [(0, 0)] * count
    size, window = w.shape(image)[2:], w.shape(kernel)[2:]
    places = [
        (n + 2 * p - (k - 1) * d - 1) // s + 1
        for n, (p, _), k, d, s in zip(size, pads, window, dilation, strides, strict=True)
    ]
    arguments = [
        ref(image), ref(kernel), None if bias is None else ref(bias), tuple_of(strides),
        tuple_of(a for a, _ in pads), tuple_of(dilation), groups,
    ]  # fmt: skip
    shape = (w.shape(image)[0], w.shape(kernel)[0], *places)
    return w.emit(f"F.conv{count}d", arguments, shape)


def turned(w: Writer, kernel: int) -> int:
    """A kernel (..., in, out) as (out, in, ...)."""
    rank = w.rank(kernel)
    return w.permuted(kernel, [rank - 1, rank - 2, *range(rank - 2)])


def turned_depthwise(w: Writer, kernel: int) -> int:
    """A depthwise kernel (..., in, times) as (in * times, 1, ...)."""
    rank = w.rank(kernel)
    channels, times = w.shape(kernel)[-2:]
    apart = w.permuted(kernel, [rank - 2, rank - 1, *range(rank - 2)])
    shape = (channels * times, 1, *w.shape(kernel)[:-2])
    return w.emit("T.reshape", [ref(apart), tuple_of(shape)], shape)


def entering(w: Writer, call: LayerCall) -> int:
    """The layer's image, channels first."""
    data = w.floating(call.data)
    return data if call.channels_first else w.first(data)


def leaving(w: Writer, call: LayerCall, image: int) -> int | First:
    """The layer's result, after its activation."""
    image = activate(w, call.config["activation"], image, along=1)
    return image if call.channels_first else First(image)


def convolution(w: Writer, call: LayerCall) -> int | First:
    """Conv1D, Conv2D, Conv3D."""
    image, kernel = entering(w, call), adapted(w, call, call.weights["kernel"])
    count = w.rank(kernel) - 2
    strides, dilation = call.sizes("strides", count), call.sizes("dilation_rate", count)
    kind = str(call.config.get("padding", "valid"))
    pads = padding_of(kind, w.shape(image)[2:], w.shape(kernel)[:-2], strides, dilation)
    groups = int(call.config.get("groups") or 1)
    made = convolve(
        w, image, turned(w, kernel), call.weights.get("bias"), strides, pads, dilation, groups
    )
    return leaving(w, call, made)


def _depthwise(w: Writer, call: LayerCall, kernel: int, bias: int | None) -> int:
    image, count = entering(w, call), w.rank(kernel) - 2
    strides, dilation = call.sizes("strides", count), call.sizes("dilation_rate", count)
    kind = str(call.config.get("padding", "valid"))
    pads = padding_of(kind, w.shape(image)[2:], w.shape(kernel)[:-2], strides, dilation)
    channels = w.shape(image)[1]
    return convolve(w, image, turned_depthwise(w, kernel), bias, strides, pads, dilation, channels)


def depthwise(w: Writer, call: LayerCall) -> int | First:
    weights = call.weights
    kernel = weights["kernel"] if "kernel" in weights else weights["depthwise_kernel"]
    return leaving(w, call, _depthwise(w, call, kernel, weights.get("bias")))


def separable(w: Writer, call: LayerCall) -> int | First:
    """Each channel by itself, then across channels."""
    apart = _depthwise(w, call, call.weights["depthwise_kernel"], None)
    kernel = turned(w, call.weights["pointwise_kernel"])
    ones = [1] * (w.rank(kernel) - 2)
    pads = [(0, 0)] * len(ones)
    made = convolve(w, apart, kernel, call.weights.get("bias"), ones, pads, ones, 1)
    return leaving(w, call, made)


def transposed(w: Writer, call: LayerCall) -> int | First:
    """The gradient of a convolution; what is too much is cut off, as TensorFlow does."""
    image, kernel = entering(w, call), call.weights["kernel"]
    count = w.rank(kernel) - 2
    strides, dilation = call.sizes("strides", count), call.sizes("dilation_rate", count)
    target = w.shape(call.out)[2:] if call.channels_first else w.shape(call.out)[1:-1]
    same = call.config.get("padding") == "same"
    before, missing, full = [], [], []
    for n, k, s, d, wanted in zip(
        w.shape(image)[2:], w.shape(kernel)[:-2], strides, dilation, target, strict=True
    ):
        whole = (n - 1) * s + (k - 1) * d + 1
        before.append(max(whole - wanted, 0) // 2 if same else 0)
        missing.append(max(wanted - whole, 0))
        full.append(whole + missing[-1] - 2 * before[-1])
    rank = w.rank(kernel)  # (..., out, in) as (in, out, ...)
    weight = w.permuted(kernel, [rank - 1, rank - 2, *range(rank - 2)])
    bias = call.weights.get("bias")
    channels = w.shape(kernel)[-2]
    arguments = [
        ref(image), ref(weight), None if bias is None else ref(bias), tuple_of(strides),
        tuple_of(before), tuple_of(missing), 1, tuple_of(dilation),
    ]  # fmt: skip
    made = w.emit(f"F.conv_transpose{count}d", arguments, (w.shape(image)[0], channels, *full))
    if tuple(full) != tuple(target):
        made = cut(w, made, [(0, n - wanted) for n, wanted in zip(full, target, strict=True)])
    return leaving(w, call, made)


def cut(w: Writer, image: int, pads: Pads) -> int:
    """The channels-first image without these margins."""
    shape = w.shape(image)
    every: list[dict[str, Any]] = [{"slice": [None, None, None]}] * 2
    slices = [{"slice": [a, n - b, None]} for n, (a, b) in zip(shape[2:], pads, strict=True)]
    left = [n - a - b for n, (a, b) in zip(shape[2:], pads, strict=True)]
    return w.emit("T.__getitem__", [ref(image), tuple_of([*every, *slices])], (*shape[:2], *left))


LAYERS = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), convolution),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), separable),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), transposed),
}
