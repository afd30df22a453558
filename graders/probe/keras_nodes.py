"""Which calls of Keras's layers are one node of a tape, and what does such a node say?

A layer of Keras's own that holds no other layer is one node, `K.Conv2D`: what it was given, its
weights by name and how it was made. Everything else (a student's layer, a model, a layer with a
function of the student's as activation) is entered, and its parts are recorded.
"""

from __future__ import annotations

from typing import Any

from .frameworks.keras_layers import LIBRARY, backing, last_name
from .tape import Tape

ENTERED = ("keras.src.layers.core.lambda_layer", "keras.src.layers.core.wrapper")
ACTIVATIONS = "keras.src.activations"


def is_leaf(layer: Any) -> bool:
    """One node of a tape."""
    home = type(layer).__module__
    if not home.startswith(LIBRARY) or home in ENTERED or layer._layers:
        return False
    if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
        return False
    return all(
        function is None or getattr(function, "__module__", "").startswith(ACTIVATIONS)
        for function in (getattr(layer, "activation", None),)
    )


def record(tape: Tape, layer: Any, args: Any, kwargs: dict[str, Any], run: Any) -> Any:
    """Make the call (`run()`) with the tape closed for what happens inside, and add its node."""
    given = [*args, *(v for v in kwargs.values() if tape.tensors_in(v))]
    encoded = [_encoded(tape, x) for x in given]
    training = in_training(layer, kwargs)
    paused, tape.paused = tape.paused, True
    try:
        out = run()
    finally:
        tape.paused = paused
    named = {
        "weights": {"dict": _weights(tape, layer)},
        "config": tape.encode(settings(layer)),
        "training": training and (layer.trainable or not _is_normalisation(layer)),
        "trainable": bool(layer.trainable),
    }
    outs = [tape.new_value(t) for t in tape.tensors_in(out)]
    # What softmax or sigmoid was applied to: losses of Keras on TensorFlow go on from there.
    logits = getattr(out, "_keras_logits", None)
    if logits is not None and tape.is_tensor(logits):
        outs.append(tape.new_value(logits))
    tape.add("K." + type(layer).__name__, encoded, named, outs)
    return out


def _is_normalisation(layer: Any) -> bool:
    """A layer that, being frozen, is in inference mode whatever the call says."""
    return type(layer).__name__ == "BatchNormalization"


def _encoded(tape: Tape, thing: Any) -> Any:
    """An input; lists of tensors stay lists."""
    encoded = tape.encode(thing)
    if isinstance(encoded, dict) and "tuple" in encoded:
        return {"list": encoded["tuple"]}
    return encoded


def _weights(tape: Tape, layer: Any) -> dict[str, Any]:
    """kernel, gamma, ... of the layer itself, as values of the tape.

    TensorFlow's own variable goes on saying that it is trained when Keras's was frozen.
    """
    found = {}
    for variable in (*layer._trainable_variables, *layer._non_trainable_variables):
        tensor = backing(variable)
        if tensor is not None:
            value = tape.value(tensor)
            learns = bool(variable.trainable and tape.values[value]["requires_grad"])
            tape.values[value]["requires_grad"] = learns
            found[last_name(variable)] = {"t": value}
    return found


def settings(layer: Any) -> dict[str, Any]:
    """Plain values of how the layer was made."""
    config = layer.get_config()
    plain = {key: value for key, value in config.items() if _is_plain(value)}
    plain["dtype"] = layer.dtype_policy.name
    return plain


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


def in_training(layer: Any, kwargs: dict[str, Any]) -> bool:
    """The mode of a call that is about to be made, as Keras settles it: what the call says, then
    what the call around it says, then the layer's own default."""
    from keras.src.backend.common import global_state

    said = kwargs.get("training")
    if said is None:
        around = global_state.get_global_attribute("current_call_ctx")
        said = around.get_value("training") if around is not None else None
    if said is None:
        parameter = layer._call_signature.parameters.get("training")
        said = parameter.default if parameter is not None else None
        said = None if parameter is not None and said is parameter.empty else said
    try:
        return bool(said)
    except Exception:  # a tensor of a graph
        return False
