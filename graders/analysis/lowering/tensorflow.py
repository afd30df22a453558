"""Operations of TensorFlow that do what a layer does: products, convolutions, norms, losses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from graders.analysis.lowering import tf_arithmetic, tf_axes
from graders.analysis.lowering.call import OpCall, op_call
from graders.analysis.lowering.convolutions import (
    Pads,
    convolve,
    padding_of,
    turned,
    turned_depthwise,
)
from graders.analysis.lowering.plain import NotSaid, tuple_of
from graders.analysis.lowering.pooling import pool, resized
from graders.analysis.lowering.tf_constants import fold
from graders.analysis.lowering.writing import First, Writer, ref
from graders.evidence.model import Node

Result = int | First | None


def say(w: Writer, node: Node) -> None:
    """Write one `tf.` node in torch's words. Raises NotSaid, or whatever a form that is not known
    brings about."""
    call = op_call(node)
    if fold(w, call):
        return
    result = _OPERATIONS[call.name](w, call)
    if result is not None:
        w.deliver(result, call.out)


# -- products -------------------------------------------------------------------------------
def matmul(w: Writer, call: OpCall) -> Result:
    left, right = call.value(0), call.value(1)
    if call.flag("transpose_a") or call.flag("adj_x"):
        left = _swapped(w, left)
    if call.flag("transpose_b") or call.flag("adj_y"):
        right = _swapped(w, right)
    return w.emit("torch.matmul", [ref(left), ref(right)], w.shape(call.out))


def _swapped(w: Writer, value: int) -> int:
    *rest, rows, columns = w.shape(value)
    return w.emit("T.transpose", [ref(value), -2, -1], (*rest, columns, rows))


def einsum(w: Writer, call: OpCall) -> Result:
    equation = call.attrs.get("equation")
    if not isinstance(equation, str):
        raise NotSaid("no equation")
    values = [ref(call.value(i)) for i in range(len(call.operands))]
    return w.emit("torch.einsum", [equation, *values], w.shape(call.out))


# -- images ---------------------------------------------------------------------------------
def _places(call: OpCall, key: str, last: bool) -> list[int]:
    """The settings of the axes of an image, without rows and channels."""
    given = call.attrs.get(key) or [1, 1, 1, 1]
    return [int(x) for x in (given[1:-1] if last else given[2:])]


def _last(call: OpCall) -> bool:
    return not str(call.attrs.get("data_format", "NHWC")).startswith("NC")


def _pads(
    call: OpCall, size: tuple[int, ...], window: list[int], strides: list[int],
    dilation: list[int], last: bool,
) -> Pads:  # fmt: skip
    if call.attrs.get("padding") == "EXPLICIT":
        flat = [int(x) for x in call.attrs["explicit_paddings"]]
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        return pairs[1:-1] if last else pairs[2:]
    return padding_of(str(call.attrs.get("padding")), size, window, strides, dilation)


def convolution(w: Writer, call: OpCall) -> Result:
    """Conv2D, Conv3D, DepthwiseConv2dNative."""
    last, kernel = _last(call), call.value(1)
    image = w.first(call.value(0)) if last else call.value(0)
    strides, dilation = _places(call, "strides", last), _places(call, "dilations", last)
    size, window = w.shape(image)[2:], list(w.shape(kernel)[:-2])
    pads = _pads(call, size, window, strides, dilation, last)
    channels = w.shape(image)[1]
    if call.name == "DepthwiseConv2dNative":
        weight, groups = turned_depthwise(w, kernel), channels
    else:
        weight, groups = turned(w, kernel), channels // w.shape(kernel)[-2]
    made = convolve(w, image, weight, None, strides, pads, dilation, groups)
    return First(made) if last else made


def pooling(w: Writer, call: OpCall, kind: str) -> Result:
    last = _last(call)
    image = w.first(call.value(0)) if last else call.value(0)
    window, strides = _places(call, "ksize", last), _places(call, "strides", last)
    pads = _pads(call, w.shape(image)[2:], window, strides, [1] * len(window), last)
    made = pool(w, image, kind, window, strides, pads)
    return First(made) if last else made


def resize(w: Writer, call: OpCall, how: str) -> Result:
    if not call.flag("half_pixel_centers"):
        raise NotSaid("resized in another way")
    return First(resized(w, w.first(call.value(0)), list(w.shape(call.out)[1:3]), how))


def batch_norm(w: Writer, call: OpCall) -> Result:
    last = _last(call)
    image = w.first(call.value(0)) if last else call.value(0)
    scale, offset, mean, variance = (
        ref(call.value(i)) if w.shape(call.value(i)) != (0,) else None for i in (1, 2, 3, 4)
    )
    fresh = 1.0 - float(call.attrs.get("exponential_avg_factor", 1.0))
    epsilon = float(call.attrs.get("epsilon", 1e-4))
    training = bool(call.attrs.get("is_training", True))
    arguments = [ref(image), mean, variance, scale, offset, training, fresh, epsilon]
    made = w.emit("F.batch_norm", arguments, w.shape(image))
    return First(made) if last else made


# -- losses ---------------------------------------------------------------------------------
def cross_entropy(w: Writer, call: OpCall) -> Result:
    """Of classes by number or by share, one for each row."""
    logits, labels = call.value(0), call.value(1)
    if call.name.startswith("Sparse"):
        labels = w.emit("T.to", [ref(labels), {"dtype": "int64"}], w.shape(labels), dtype="int64")
    named = {"reduction": "none"}
    return w.emit("F.cross_entropy", [ref(logits), ref(labels)], w.shape(call.out), named)


def half_square(w: Writer, call: OpCall) -> Result:
    """L2Loss."""
    data = call.value(0)
    squared = w.emit("torch.square", [ref(data)], w.shape(data))
    total = w.emit("T.sum", [ref(squared)], ())
    return w.emit("torch.div", [ref(total), 2], ())


def lot(w: Writer, call: OpCall, op: str) -> Result:
    """Numbers drawn by lot: said, and not computed again."""
    return w.emit(op, [tuple_of(w.shape(call.out))], w.shape(call.out))


_UNIFORM = "RandomUniform StatelessRandomUniform StatelessRandomUniformV2"
_NORMAL = (
    "RandomStandardNormal StatelessRandomNormal StatelessRandomNormalV2 TruncatedNormal "
    "StatelessTruncatedNormal StatelessTruncatedNormalV2"
)
_OPERATIONS: dict[str, Callable[[Writer, OpCall], Any]] = {
    **tf_arithmetic.OPERATIONS, **tf_axes.OPERATIONS,
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), matmul),
    "Einsum": einsum,
    **dict.fromkeys(("Conv2D", "Conv3D", "DepthwiseConv2dNative"), convolution),
    "MaxPool": partial(pooling, kind="max"), "MaxPool3D": partial(pooling, kind="max"),
    "AvgPool": partial(pooling, kind="avg"), "AvgPool3D": partial(pooling, kind="avg"),
    "ResizeBilinear": partial(resize, how="bilinear"),
    "ResizeNearestNeighbor": partial(resize, how="nearest-exact"),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), batch_norm),
    "SparseSoftmaxCrossEntropyWithLogits": cross_entropy,
    "SoftmaxCrossEntropyWithLogits": cross_entropy, "L2Loss": half_square,
    **dict.fromkeys(_UNIFORM.split(), partial(lot, op="torch.rand")),
    **dict.fromkeys(_NORMAL.split(), partial(lot, op="torch.randn")),
}  # fmt: skip
