"""Matrices: dense layers, with Keras' own low-rank adapters, sums over indices, embeddings."""

from __future__ import annotations

from graders.analysis.lowering.activations import activate
from graders.analysis.lowering.call import LayerCall
from graders.analysis.lowering.plain import NotSaid, tuple_of
from graders.analysis.lowering.writing import First, Writer, ref


def dense(w: Writer, call: LayerCall) -> int | First:
    """x W + b, W stored in x out."""
    data = w.floating(call.data)
    kernel = adapted(w, call, call.weights["kernel"])
    inputs, units = w.shape(kernel)
    turned = w.emit("T.t", [ref(kernel)], (units, inputs))
    bias = call.weights.get("bias")
    out = w.emit(
        "F.linear",
        [ref(data), ref(turned), None if bias is None else ref(bias)],
        (*w.shape(data)[:-1], units),
    )
    return activate(w, call.config["activation"], out)


def adapted(w: Writer, call: LayerCall, kernel: int) -> int:
    """The kernel with what `enable_lora` adds: alpha / rank times A B."""
    a, b = call.weights.get("lora_kernel_a"), call.weights.get("lora_kernel_b")
    if a is None or b is None:
        return kernel
    rank = call.config.get("lora_rank")
    if not rank:
        raise NotSaid("an adapter of unknown rank")
    alpha = call.config.get("lora_alpha") or rank
    shape = w.shape(kernel)
    product = w.emit("torch.matmul", [ref(a), ref(b)], shape)
    scaled = w.emit("torch.mul", [ref(product), float(alpha) / float(rank)], shape)
    return w.emit("torch.add", [ref(kernel), ref(scaled)], shape)


def einsum_dense(w: Writer, call: LayerCall) -> int | First:
    equation, data = call.config.get("equation"), w.floating(call.data)
    if not isinstance(equation, str):
        raise NotSaid("no equation")
    shape = w.shape(call.out)
    kernel = ref(call.weights["kernel"])
    out = w.emit("torch.einsum", [equation, ref(data), kernel], shape)
    if "bias" in call.weights:
        out = w.emit("torch.add", [ref(out), ref(call.weights["bias"])], shape)
    return activate(w, call.config["activation"], out)


def embedding(w: Writer, call: LayerCall) -> int | First:
    whole = w.emit("T.to", [ref(call.data), {"dtype": "int64"}], w.shape(call.data), dtype="int64")
    table = adapted(w, call, call.weights["embeddings"])
    return w.emit("F.embedding", [ref(whole), ref(table)], w.shape(call.out))


def dot(w: Writer, call: LayerCall) -> int | First:
    """Products along one axis of each, row by row."""
    if len(call.inputs) != 2:
        raise NotSaid("a product of other than two")
    given = call.config.get("axes")
    axes = [given, given] if isinstance(given, int) else given
    if not isinstance(axes, list) or not all(isinstance(a, int) for a in axes):
        raise NotSaid("a product over several axes")
    left, right = (w.floating(v) for v in call.inputs)
    if call.config.get("normalize"):
        left, right = (
            w.emit("F.normalize", [ref(v), 2.0, axis], w.shape(v))
            for v, axis in zip((left, right), axes, strict=True)
        )
    first = [f"b{'cdefg'[: w.rank(left) - 1]}"[i] for i in range(w.rank(left))]
    second = [f"b{'hijkl'[: w.rank(right) - 1]}"[i] for i in range(w.rank(right))]
    second[axes[1]] = first[axes[0]]
    rest = [x for x in first[1:] + second[1:] if x != first[axes[0]]]
    equation = f"{''.join(first)},{''.join(second)}->b{''.join(rest)}"
    shape = w.shape(call.out)
    out = w.emit("torch.einsum", [equation, ref(left), ref(right)], shape if rest else shape[:1])
    return out if rest else w.emit("T.unsqueeze", [ref(out), 1], shape)


def _reshaped(w: Writer, call: LayerCall, value: int) -> int:
    """The rows of the layer's result, however many there are."""
    shape = w.shape(call.out)
    return w.emit("T.reshape", [ref(value), tuple_of([-1, *shape[1:]])], shape)


def reshape(w: Writer, call: LayerCall) -> int | First:
    return _reshaped(w, call, call.data)


def flatten(w: Writer, call: LayerCall) -> int | First:
    """Channels come last in each row, whatever the layout was."""
    data, rank = call.data, w.rank(call.data)
    if rank < 2:
        return _reshaped(w, call, data)
    if call.channels_first and rank > 2:
        data = w.permuted(data, [0, *range(2, rank), 1])
    return w.emit("T.flatten", [ref(data), 1], w.shape(call.out))


LAYERS = {
    "Dense": dense, "EinsumDense": einsum_dense, "Embedding": embedding, "Dot": dot,
    "Reshape": reshape, "Flatten": flatten,
}  # fmt: skip
