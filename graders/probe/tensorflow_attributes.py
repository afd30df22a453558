"""How was an operation of TensorFlow set up? Its attributes, and which inputs are settings."""

from __future__ import annotations

import functools
from typing import Any

# Names of inputs that say how something is done, rather than what it is done to.
SETTINGS = frozenset(
    "axis axes reduction_indices perm shape begin end strides size multiples paddings dim "
    "split_dim concat_dim depth on_value off_value dims start limit delta size_splits k "
    "num_segments dimension output_shape input_sizes filter_sizes block_shape crops shift".split()
)
LEFT_OUT = frozenset(
    "T Tidx Tshape Tperm Tpaddings Tmultiples Tparams Tindices Taxis Index N _XlaMustCompile "
    "_class _output_shapes use_cudnn_on_gpu config_proto executor_type container shared_name "
    "debug_name allowed_devices".split()
)


@functools.cache
def _signature(op: str) -> tuple[tuple[bool, bool], ...]:
    """(is a setting, is a list) for each input of an operation."""
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(op)
    if definition is None:
        return ()
    return tuple(
        (arg.name in SETTINGS, bool(arg.number_attr or arg.type_list_attr))
        for arg in definition.input_arg
    )


def settings_of(op: str, count: int) -> list[bool]:
    """For each of so many inputs, whether it is a setting."""
    signature = _signature(op)
    spare = count - sum(not several for _setting, several in signature)
    found: list[bool] = []
    for setting, several in signature:
        found.extend([setting] * (spare if several else 1))
        spare = 0 if several else spare
    return found if len(found) == count else [False] * count


def plain_attributes(attrs: Any) -> dict[str, Any]:
    """Alternating names and values, as plain Python: types by name, shapes as lists."""
    pairs = zip(attrs[::2], attrs[1::2], strict=False)
    return {name: _plain(name, value) for name, value in pairs if name not in LEFT_OUT}


def _plain(name: str, value: Any) -> Any:
    if hasattr(value, "WhichOneof"):  # a message, while a function is traced
        kind = value.WhichOneof("value")
        if kind == "list":
            held = (getattr(value.list, k) for k in ("i", "f", "b", "s", "type"))
            return [_plain(name, part) for part in next(filter(len, held), ())]
        if kind == "shape":
            return [dim.size for dim in value.shape.dim]
        if kind not in ("i", "f", "b", "s", "type"):
            return {"opaque": str(kind)}
        value = getattr(value, kind)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if name.endswith(("type", "DstT", "SrcT")) and isinstance(value, int):
        return _type_name(value)
    if hasattr(value, "as_list"):  # a shape
        return value.as_list() if value.rank is not None else None
    if hasattr(value, "as_datatype_enum"):
        return value.name
    return value


def _type_name(number: int) -> str:
    from tensorflow.python.framework import dtypes

    return str(dtypes.as_dtype(number).name)
