"""Which function of torch is an activation of Keras?"""

from __future__ import annotations

from typing import Any

from graders.analysis.lowering.call import LayerCall
from graders.analysis.lowering.plain import NotSaid
from graders.analysis.lowering.writing import First, Writer, ref

# Those that Keras computes as torch does by default.
_SAME = {
    "relu": "F.relu", "relu6": "F.relu6", "selu": "F.selu", "silu": "F.silu", "swish": "F.silu",
    "mish": "F.mish", "sigmoid": "F.sigmoid", "tanh": "F.tanh", "softplus": "F.softplus",
    "softsign": "F.softsign", "exponential": "torch.exp", "hard_sigmoid": "F.hardsigmoid",
    "hard_silu": "F.hardswish", "hard_swish": "F.hardswish", "hard_tanh": "F.hardtanh",
    "log_sigmoid": "F.logsigmoid", "tanh_shrink": "F.tanhshrink", "elu": "F.elu", "celu": "F.celu",
    "hard_shrink": "F.hardshrink", "soft_shrink": "F.softshrink",
}  # fmt: skip
_ALONG = {"softmax": "F.softmax", "log_softmax": "F.log_softmax"}
LEAK = 0.2  # of keras.activations.leaky_relu, in which torch and the layer differ


def activate(w: Writer, name: Any, value: int, *, along: int = -1) -> int:
    """The activation by the name that Keras gives it, of a value; `along` is the axis of the
    channels. Raises NotSaid for one that is not known."""
    if name is None or name == "linear":
        return value
    if isinstance(name, dict):  # as Keras writes an object: a function that it registers
        name = name.get("config") if name.get("module") == "builtins" else None
    if not isinstance(name, str):
        raise NotSaid("an activation of another form")
    shape = w.shape(value)
    if name in _SAME:
        return w.emit(_SAME[name], [ref(value)], shape)
    if name in _ALONG:
        return w.emit(_ALONG[name], [ref(value), along], shape)
    if name == "leaky_relu":
        return w.emit("F.leaky_relu", [ref(value), LEAK], shape)
    if name == "gelu":  # Keras' own default is the exact one
        return w.emit("F.gelu", [ref(value)], shape)
    if name == "glu":
        halved = list(shape)
        halved[along] //= 2
        return w.emit("F.glu", [ref(value), along], halved)
    raise NotSaid(f"the activation {name}")


def _on_twin(w: Writer, call: LayerCall, name: Any) -> int | First:
    """Element by element, on the channels-first form where that is known."""
    data = w.floating(call.data)
    if w.has_twin(data) and name not in (*_ALONG, "glu"):
        return First(activate(w, name, w.first(data)))
    return activate(w, name, data)


def activation(w: Writer, call: LayerCall) -> int | First:
    return _on_twin(w, call, call.config["activation"])


def relu(w: Writer, call: LayerCall) -> int | First:
    """Layer ReLU: a slope below zero, a threshold and a largest value."""
    top = call.config.get("max_value")
    slope = call.config.get("negative_slope") or 0.0
    if call.config.get("threshold"):
        raise NotSaid("a ReLU with a threshold")
    if top is None and not slope:
        return _on_twin(w, call, "relu")
    if top == 6 and not slope:
        return _on_twin(w, call, "relu6")
    if top is None:
        return _with(w, call, "F.leaky_relu", float(slope))
    if not slope:
        return _with(w, call, "F.hardtanh", 0.0, float(top))
    raise NotSaid("a ReLU with a slope and a largest value")


def leaky_relu(w: Writer, call: LayerCall) -> int | First:
    slope = call.config.get("negative_slope", call.config.get("alpha", 0.3))
    return _with(w, call, "F.leaky_relu", float(slope))


def elu(w: Writer, call: LayerCall) -> int | First:
    return _with(w, call, "F.elu", float(call.config.get("alpha", 1.0)))


def softmax(w: Writer, call: LayerCall) -> int | First:
    axis = call.config.get("axis", -1)
    if not isinstance(axis, int):
        raise NotSaid("a softmax over several axes")
    data = w.floating(call.data)
    return w.emit("F.softmax", [ref(data), axis], w.shape(data))


def prelu(w: Writer, call: LayerCall) -> int | First:
    """One slope for each channel is torch's; others are written out."""
    data, alpha = w.floating(call.data), call.weights["alpha"]
    rank, shape = w.rank(data), w.shape(alpha)
    channels = w.shape(data)[-1]
    if rank > 2 and shape[-1] == channels and set(shape[:-1]) <= {1}:
        flat = w.emit("T.view", [ref(alpha), channels], (channels,))
        twin = w.first(data)
        return First(w.emit("F.prelu", [ref(twin), ref(flat)], w.shape(twin)))
    if rank == 2:
        return w.emit("F.prelu", [ref(data), ref(alpha)], w.shape(data))
    positive = w.emit("F.relu", [ref(data)], w.shape(data))
    rest = w.emit("torch.sub", [ref(data), ref(positive)], w.shape(data))
    scaled = w.emit("torch.mul", [ref(rest), ref(alpha)], w.shape(data))
    return w.emit("torch.add", [ref(positive), ref(scaled)], w.shape(data))


def _with(w: Writer, call: LayerCall, op: str, *settings: float) -> int | First:
    data = w.floating(call.data)
    if w.has_twin(data):
        twin = w.first(data)
        return First(w.emit(op, [ref(twin), *settings], w.shape(twin)))
    return w.emit(op, [ref(data), *settings], w.shape(data))


LAYERS = {
    "Activation": activation, "ReLU": relu, "LeakyReLU": leaky_relu, "ELU": elu,
    "Softmax": softmax, "PReLU": prelu,
}  # fmt: skip
